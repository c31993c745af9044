//! Embeds every `datasets/<name>/codebook.yaml`, so that the program knows its datasets by itself.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // Asked when it runs: checkouts that share a target folder share this program too.
    let room = std::env::var("CARGO_MANIFEST_DIR")?;
    let datasets = Path::new(&room).join("../../datasets").canonicalize()?;
    println!("cargo::rerun-if-changed={}", datasets.display());
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&datasets)? {
        folders.push(entry?.file_name());
    }
    folders.sort();

    let mut source = String::from("&[\n");
    for folder in folders {
        let codebook = datasets.join(&folder).join("codebook.yaml");
        if codebook.is_file() {
            let name = folder.to_str().ok_or("a folder of datasets/ has a name that is no text")?;
            writeln!(source, "    ({name:?}, include_str!({codebook:?})),")?;
        }
    }
    source.push_str("]\n");

    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo gives no OUT_DIR")?);
    std::fs::write(out.join("codebooks.rs"), source)?;
    Ok(())
}
