//! `random-bases inspect`.

use std::io::Write;
use std::path::Path;

use safetensors::SafeTensors;

use crate::failure::{Failure, printed};
use crate::records::{RecordFile, view};

/// Prints a readable view of a journal, a fixture or a weights file.
///
/// # Errors
/// [`Failure::Data`].
pub fn run(path: &Path, all: bool, out: &mut impl Write) -> Result<(), Failure> {
    let text = if path.extension().is_some_and(|extension| extension == "safetensors") {
        weights(path)?
    } else {
        view::view(&RecordFile::open(path)?, all)?
    };
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn weights(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::unreadable(path, &error))?;
    let broken = |error| Failure::data(path, format_args!("is no safetensors file: {error}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
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
