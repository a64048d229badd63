use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Puts the state database of v0.35 into `target`: `clean` after a clean stop, or `killed` as a kill left it.
pub fn unpack(state: &str, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v0.35").join(state))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_suffix(".gz") {
            Some(name) => {
                let mut packed = flate2::read::GzDecoder::new(File::open(&path)?);
                io::copy(&mut packed, &mut File::create(target.join(name))?)?;
            }
            None => drop(fs::copy(&path, target.join(name.as_ref()))?),
        }
    }
    Ok(())
}
