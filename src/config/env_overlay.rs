//! Writing `state/.env_overlay`, which [`Environment::with_overlay`](super::Environment::with_overlay) reads.

use std::io;
use std::path::Path;

use crate::base::if_exists;
use crate::base::secret::Secret;

/// Why a value cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("the value of {0} has a line break or another control character, or a blank at its start or end")]
pub struct Unwritable(String);

/// The content of the file at `path` with these variables; what else it says stays as it is.
pub fn with_variables(path: &Path, variables: &[(&str, Secret)]) -> io::Result<Result<String, Unwritable>> {
    let text = if_exists(std::fs::read_to_string(path))?.unwrap_or_default();
    Ok(replaced(&text, variables))
}

fn replaced(text: &str, variables: &[(&str, Secret)]) -> Result<String, Unwritable> {
    let is_replaced = |line: &str| {
        let name = line.split_once('=').map(|(name, _)| name.trim());
        name.is_some_and(|name| variables.iter().any(|(variable, _)| *variable == name))
    };
    let mut written = String::new();
    for line in text.lines().filter(|line| !is_replaced(line)) {
        written.push_str(line);
        written.push('\n');
    }
    for (name, value) in variables {
        let value = value.expose();
        // A second line would be another variable, and blanks around the value are not read.
        if value.chars().any(char::is_control) || value.trim() != value {
            return Err(Unwritable((*name).to_owned()));
        }
        written.push_str(&format!("{name}={value}\n"));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_stay_and_no_value_adds_one() {
        let text = "# KEY=comment\n\nKEY = old\nKEY=older\nOTHER=a=b";
        let set = |value: &str| replaced(text, &[("KEY", Secret::new(value))]);
        assert_eq!(set("new=#1").unwrap(), "# KEY=comment\n\nOTHER=a=b\nKEY=new=#1\n");
        for wrong in ["a\nADMIN=1", "a\rb", "a\u{85}b", " a", "a\0"] {
            let error = set(wrong).unwrap_err().to_string();
            assert!(error.contains("KEY") && !error.contains("ADMIN"), "{error}");
        }
    }
}
