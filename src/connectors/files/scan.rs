//! Finds what DuckDB's reader accepts silently: NUL bytes, and gzip data that ends early or fails its checksum.

use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::fault::Fault;
use super::folder::DataFile;

/// The text of the file, decompressed.
pub fn open(file: &DataFile) -> io::Result<Box<dyn Read + Send>> {
    let raw = File::open(&file.path)?;
    Ok(if file.gzip {
        Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(128 * 1024, raw)))
    } else {
        Box::new(raw)
    })
}

/// Reads the whole file once.
pub fn scan(file: &DataFile) -> Result<(), Fault> {
    let mut text = open(file).map_err(Fault::Read)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match text.read(&mut buffer).map_err(|error| unreadable(file, error))? {
            0 => return Ok(()),
            read if buffer[..read].contains(&0) => return Err(nul(file)),
            _ => {}
        }
    }
}

/// Finds the line of the first NUL byte. Lines are only counted here, so that good files cost less.
fn nul(file: &DataFile) -> Fault {
    let lines = |reader: &mut dyn Read| -> io::Result<usize> {
        let mut count = 0;
        for byte in io::BufReader::new(reader).bytes() {
            match byte? {
                0 => break,
                b'\n' => count += 1,
                _ => {}
            }
        }
        Ok(count)
    };
    match open(file).and_then(|mut text| lines(&mut text)) {
        Ok(count) => Fault::Nul { line: count + 1 },
        Err(_) => Fault::Changed,
    }
}

/// A read error of a gzip stream is mostly about its content.
pub fn unreadable(file: &DataFile, error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if file.gzip => {
            Fault::Gzip(if error.kind() == io::ErrorKind::UnexpectedEof {
                "it ends early".into()
            } else {
                error.to_string()
            })
        }
        _ => Fault::Read(error),
    }
}
