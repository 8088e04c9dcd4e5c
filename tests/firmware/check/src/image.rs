//! What a linked program consists of.

use std::path::Path;

use object::Endianness;
use object::elf::{FileHeader32, SHF_ALLOC, SHT_NOBITS};
use object::read::elf::{FileHeader, SectionHeader, Sym};

use crate::{Checked, Trouble};

/// A linked program.
pub struct Image {
    /// Bytes that have to be in flash: code, constants, initial values.
    pub flash: u64,
    /// Bytes of variables.
    pub variables: u64,
    /// Checks that are left: places where an undefined instruction stops the processor.
    pub checks: u64,
}

/// Where RAM begins.
const RAM: u64 = 0x2000_0000;

/// What a failed check is compiled to, `udf #254`.
const TRAP: [u8; 2] = [0xfe, 0xde];

/// Beginnings of the names of functions on f64, in the ARM run-time ABI and in compilers' own.
const F64: [&str; 8] = [
    "__aeabi_d",
    "__aeabi_cd",
    "__aeabi_f2d",
    "__aeabi_i2d",
    "__aeabi_ui2d",
    "__aeabi_l2d",
    "__aeabi_ul2d",
    "__extendsfdf",
];

/// Reads a program, and finds what must not be in it.
pub fn read(path: &Path) -> Checked<Image> {
    let broken = |error: &dyn std::fmt::Display| Trouble::Broken(format!("{}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| broken(&error))?;
    let header = FileHeader32::<Endianness>::parse(&*bytes).map_err(|error| broken(&error))?;
    let endian = header.endian().map_err(|error| broken(&error))?;
    let sections = header.sections(endian, &*bytes).map_err(|error| broken(&error))?;
    let mut image = Image { flash: 0, variables: 0, checks: 0 };
    for section in sections.iter().filter(|section| section.sh_flags(endian) & SHF_ALLOC != 0) {
        let (size, name) = (u64::from(section.sh_size(endian)), sections.section_name(endian, section));
        if section.sh_type(endian) != SHT_NOBITS {
            image.flash += size;
        }
        if u64::from(section.sh_addr(endian)) >= RAM {
            image.variables += size;
        }
        if name.is_ok_and(|name| name == b".text") {
            let code = section.data(endian, &*bytes).map_err(|error| broken(&error))?;
            image.checks += code.as_chunks::<2>().0.iter().filter(|half| **half == TRAP).count() as u64;
        }
    }
    let symbols =
        sections.symbols(endian, &*bytes, object::elf::SHT_SYMTAB).map_err(|error| broken(&error))?;
    for symbol in symbols.iter() {
        let name = symbols.symbol_name(endian, symbol).map_err(|error| broken(&error))?;
        let name = String::from_utf8_lossy(name);
        let is_f64 = F64.iter().any(|start| name.starts_with(start)) || name.ends_with("df3");
        let kind = if name.contains("panicking") || name.contains("begin_unwind") {
            "a panic"
        } else if is_f64 {
            "arithmetic on f64"
        } else if name.contains("__rust_alloc") {
            "an allocator"
        } else {
            continue;
        };
        if symbol.st_size(endian) > 0 || symbol.st_value(endian) > 0 {
            return Err(Trouble::Differs(format!("{}: the image has {kind}: {name}", path.display())));
        }
    }
    Ok(image)
}
