//! Codelets, compiled by the system's C++ compiler and loaded into this process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::codelets::{self, Access, Codelet, Codelets};
use crate::graph::Kind;

/// What a vertex's field is bound to: `count` elements at `data`, or `count` pieces at `list`, or the number `count`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Binding {
    /// The elements.
    pub data: *mut u32,
    /// How many; or the number itself.
    pub count: usize,
    /// The pieces of a list.
    pub list: *const Binding,
}

/// Runs a codelet on a vertex's fields, in the order of their declaration; returns a sum of the flags below.
pub type Run = unsafe extern "C" fn(*const Binding) -> u32;

/// The vertex returned false.
pub const FAILED: u32 = 1;
/// It went beyond the end of a field.
pub const BEYOND: u32 = 2;
/// It read or made a subnormal number, as far as the processor can tell.
pub const SUBNORMAL: u32 = 4;

/// Compiled codelets.
#[derive(Debug)]
pub struct Library {
    // Keeps the functions where they are.
    _library: libloading::Library,
    functions: BTreeMap<String, Run>,
}

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// There is no compiler.
    #[error(
        "the tile machine needs a C++ compiler for the codelets, and cannot start {0:?}: {1}. Install one (Debian: g++), or name it with \
         the environment variable CXX"
    )]
    Compiler(String, std::io::Error),
    /// It does not compile.
    #[error("{0} does not compile the codelets:\n{1}")]
    Compile(String, String),
    /// A file cannot be written or read.
    #[error("the tile machine cannot keep compiled codelets in a temporary folder: {0}")]
    Files(#[from] std::io::Error),
    /// What was compiled cannot be loaded.
    #[error("the compiled codelets cannot be loaded: {0}")]
    Load(#[from] libloading::Error),
}

/// What the tile machine adds to [`codelets::FLAGS`], for speed: no bit depends on it. Lanes side by side fill a vector, and a square root that need
/// not set `errno` is one instruction.
const FOR_SPEED: [&str; 2] = ["-DSIDE_BY_SIDE=4", "-fno-math-errno"];

/// A tile computes with doubles in software, at a hundred times the price: so a float that becomes one is an error in a codelet.
const NO_DOUBLES: &str = "-Werror=double-promotion";

/// The stand-in for the SDK's header.
const VERTEX_HPP: &str = include_str!("../../stand-in/poplar/Vertex.hpp");

impl Library {
    /// Compiles codelets.
    ///
    /// # Errors
    /// If there is no compiler, or it fails.
    pub fn new(codelets: &Codelets) -> Result<Arc<Self>, LibraryError> {
        let folder = tempfile::Builder::new().prefix("random-bases-codelets-").tempdir()?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        fs::create_dir(folder.path().join("poplar"))?;
        write("poplar/Vertex.hpp", VERTEX_HPP)?;
        write("contract.hpp", &codelets::header())?;
        for (name, text) in codelets::HEADERS {
            write(name, text)?;
        }
        for (name, text) in codelets.sources() {
            write(name, text)?;
        }
        write("glue.cpp", &glue(codelets))?;
        compile(folder.path())?;
        // SAFETY: the library is ours; it has no initialisers.
        let library = unsafe { libloading::Library::new(folder.path().join("codelets.so"))? };
        let mut functions = BTreeMap::new();
        for (index, codelet) in codelets.iter().enumerate() {
            // SAFETY: `glue` declares each with this signature.
            let function = unsafe { *library.get::<Run>(format!("codelet_{index}\0").as_bytes())? };
            functions.insert(codelet.name.clone(), function);
        }
        Ok(Arc::new(Self { _library: library, functions }))
    }

    /// A codelet's function. `None` if there is no such codelet.
    #[must_use]
    pub fn get(&self, codelet: &str) -> Option<Run> {
        self.functions.get(codelet).copied()
    }
}

fn compile(folder: &Path) -> Result<(), LibraryError> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let output = Command::new(&compiler)
        .args(codelets::FLAGS)
        .args(FOR_SPEED)
        .arg(NO_DOUBLES)
        .args(["-shared", "-fPIC", "-I.", "glue.cpp", "-o", "codelets.so"])
        .current_dir(folder)
        .output()
        .map_err(|error| LibraryError::Compiler(compiler.clone(), error))?;
    if !output.status.success() {
        return Err(LibraryError::Compile(compiler, String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(())
}

/// Asks the processor's floating-point unit whether subnormal numbers were met: on x86-64 its flags of subnormal operands and of underflow, on others
/// that of underflow alone. Memory is a barrier on both sides, so that no arithmetic whose result is stored moves across.
const SUBNORMALS: &str = r#"
#if defined(__x86_64__)
#include <xmmintrin.h>
constexpr unsigned MET = 0x02u | 0x10u;
inline void forget_subnormals() {
  _mm_setcsr(_mm_getcsr() & ~MET);
  asm volatile("" ::: "memory");
}
inline bool met_subnormals() {
  asm volatile("" ::: "memory");
  return _mm_getcsr() & MET;
}
#else
#include <cfenv>
inline void forget_subnormals() {
  std::feclearexcept(FE_UNDERFLOW);
  asm volatile("" ::: "memory");
}
inline bool met_subnormals() {
  asm volatile("" ::: "memory");
  return std::fetestexcept(FE_UNDERFLOW);
}
#endif
"#;

/// All sources, and a function for each codelet that makes a vertex of its bindings and runs it.
fn glue(codelets: &Codelets) -> String {
    let mut text = String::from("#include <vector>\n");
    text += SUBNORMALS;
    for (name, _) in codelets.sources() {
        writeln!(text, "#include \"{name}\"").expect("a string takes everything");
    }
    text += "\nstruct Binding { void *data; std::size_t count; const Binding *list; };\n";
    for (index, codelet) in codelets.iter().enumerate() {
        function(&mut text, index, codelet).expect("a string takes everything");
    }
    text
}

fn function(text: &mut String, index: usize, codelet: &Codelet) -> std::fmt::Result {
    let element = |kind| if kind == Kind::Float { "float" } else { "unsigned" };
    writeln!(text, "extern \"C\" unsigned codelet_{index}(const Binding *b) {{")?;
    let initial = codelet.fields.iter().enumerate().map(|(i, field)| match field.access {
        Access::Word => format!("unsigned(b[{i}].count)"),
        _ => "{}".into(),
    });
    let initial: Vec<_> = std::iter::once("{}".to_string()).chain(initial).collect();
    writeln!(text, "  {} vertex{{{}}};", codelet.name, initial.join(", "))?;
    for (i, field) in codelet.fields.iter().enumerate() {
        let name = &field.name;
        match field.access {
            Access::Word => {}
            Access::List => {
                let piece = format!("poplar::Input<poplar::Vector<{}>>", element(field.kind));
                writeln!(text, "  std::vector<{piece}> {name}(b[{i}].count);")?;
                writeln!(text, "  for (std::size_t k = 0; k < b[{i}].count; ++k)")?;
                writeln!(text, "    {name}[k].bind(b[{i}].list[k].data, b[{i}].list[k].count);")?;
                writeln!(text, "  vertex.{name}.bind_list({name}.data(), {name}.size());")?;
            }
            _ => writeln!(text, "  vertex.{name}.bind(b[{i}].data, b[{i}].count);")?,
        }
    }
    writeln!(text, "  poplar::went_beyond = false;")?;
    writeln!(text, "  forget_subnormals();")?;
    writeln!(text, "  const bool done = vertex.compute();")?;
    writeln!(text, "  return (done ? 0u : {FAILED}u) | (poplar::went_beyond ? {BEYOND}u : 0u)")?;
    writeln!(text, "       | (met_subnormals() ? {SUBNORMAL}u : 0u);\n}}")
}
