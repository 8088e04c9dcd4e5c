//! `random-bases inspect`.

use std::io::Write;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

use crate::failure::{Failure, printed};
use crate::records::{RecordFile, view};

/// Prints a readable view of a journal, a fixture or a weights file.
///
/// # Errors
/// [`Failure::Data`].
pub fn run(path: &Path, all: bool, out: &mut impl Write) -> Result<(), Failure> {
    let file = RecordFile::open(path)?;
    let text = match view::view(&file, all) {
        Ok(text) => text,
        // By content, whatever the file is called.
        Err(failure) => match SafeTensors::read_metadata(file.bytes()) {
            Ok((_, header)) => weights(path, file.bytes(), &header)?,
            Err(_) => return Err(failure),
        },
    };
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn weights(path: &Path, bytes: &[u8], header: &Metadata) -> Result<String, Failure> {
    let broken = |error| Failure::data(path, format_args!("is no safetensors file: {error}"));
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut text = String::new();
    let mut about: Vec<_> = header.metadata().iter().flatten().collect();
    about.sort();
    for (key, value) in about {
        text += &format!("{key:<18} {value}\n");
    }
    let mut list = tensors.tensors();
    list.sort_by_key(|(_, tensor)| tensor.data().as_ptr());
    for (name, tensor) in list {
        let first: Vec<String> = tensor
            .data()
            .chunks_exact(4)
            .take(4)
            .map(|bytes| format!("{:08x}", u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])))
            .collect();
        text += &format!("{name:<18} {:?} {:?} {} ...\n", tensor.dtype(), tensor.shape(), first.join(" "));
    }
    Ok(text)
}
