//! The programs that people install from this server: those in `AGNES_CLI_DIST_DIR`, and the one that is running.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use crate::base::hash::sha256_file;
use crate::base::{if_exists, locked};
use crate::protocol::client_program::{ClientBinary, this_arch, this_os, version};

const OSES: [&str; 3] = ["linux", "darwin", "windows"];
const ARCHS: [&str; 2] = ["x86_64", "aarch64"];

pub struct ClientPrograms {
    folder: Option<PathBuf>,
    /// The running program, unless it is not to be handed out.
    own: Option<PathBuf>,
    hashes: Mutex<Hashes>,
}

/// SHA-256 of files, as they were when they were hashed.
#[derive(Default)]
struct Hashes(BTreeMap<PathBuf, (Stamp, String)>);

/// What changes when a file is replaced.
type Stamp = (u64, Option<SystemTime>);

/// What can be installed now.
#[derive(Default)]
pub struct Offer {
    /// The newest program for each platform.
    pub binaries: Vec<Program>,
    /// The newest wheel, for clients of v0.35.
    pub wheel: Option<Artifact>,
}

pub struct Program {
    pub about: ClientBinary,
    pub file: Artifact,
}

#[derive(Clone)]
pub struct Artifact {
    pub path: PathBuf,
    pub name: String,
    pub size: u64,
    pub sha256: String,
}

impl ClientPrograms {
    pub fn new(folder: Option<PathBuf>, own: Option<PathBuf>) -> Self {
        Self { folder, own, hashes: Mutex::default() }
    }

    /// What there is now. Files are hashed once, and again when they change. Blocks.
    pub fn offer(&self) -> io::Result<Offer> {
        let mut hashes = locked(&self.hashes);
        let mut newest: BTreeMap<(String, String), Program> = BTreeMap::new();
        let mut wheel: Option<(String, Artifact)> = None;
        for (path, file) in self.files()? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte)) {
                continue;
            }
            if let Some(wheel_version) = wheel_version(&name) {
                if wheel.as_ref().is_none_or(|(best, _)| is_newer(wheel_version, best)) {
                    wheel = Some((wheel_version.to_owned(), hashes.artifact(&path, name.clone(), &file)?));
                }
            } else if let Some((version, os, arch)) = parse(&name) {
                let key = (os.to_owned(), arch.to_owned());
                if newest.get(&key).is_none_or(|best| is_newer(version, &best.about.version)) {
                    newest.insert(key, hashes.program(&path, &name, version, os, arch, &file)?);
                }
            }
        }
        if let Some(own) = &self.own {
            let (os, arch) = (this_os(), this_arch());
            let key = (os.to_owned(), arch.to_owned());
            let suffix = std::env::consts::EXE_SUFFIX;
            let name = format!("agnes-{}-{os}-{arch}{suffix}", env!("CARGO_PKG_VERSION"));
            // A file that was replaced while it runs, as by an update, is not this program any more.
            let file = if_exists(fs::metadata(own))?.filter(|_| !newest.contains_key(&key));
            if let Some(file) = file {
                newest.insert(key, hashes.program(own, &name, env!("CARGO_PKG_VERSION"), os, arch, &file)?);
            }
        }
        let binaries = newest.into_values().collect();
        Ok(Offer { binaries, wheel: wheel.map(|(_, artifact)| artifact) })
    }

    fn files(&self) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let Some(entries) = if_exists(fs::read_dir(folder))? else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let file = if_exists(fs::metadata(&path))?.filter(Metadata::is_file);
            files.extend(file.map(|file| (path, file)));
        }
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(files)
    }
}

impl Hashes {
    fn artifact(&mut self, path: &Path, name: String, file: &Metadata) -> io::Result<Artifact> {
        let stamp = (file.len(), file.modified().ok());
        let sha256 = match self.0.get(path) {
            Some((known, hash)) if *known == stamp => hash.clone(),
            _ => {
                let hash = sha256_file(path)?;
                self.0.insert(path.to_owned(), (stamp, hash.clone()));
                hash
            }
        };
        Ok(Artifact { path: path.to_owned(), name, size: file.len(), sha256 })
    }

    fn program(
        &mut self,
        path: &Path,
        name: &str,
        version: &str,
        os: &str,
        arch: &str,
        file: &Metadata,
    ) -> io::Result<Program> {
        let file = self.artifact(path, name.to_owned(), file)?;
        let about = ClientBinary {
            os: os.to_owned(),
            arch: arch.to_owned(),
            version: version.to_owned(),
            download_url_path: format!("/cli/bin/{name}"),
            filename: name.to_owned(),
            size: file.size,
            sha256: file.sha256.clone(),
        };
        Ok(Program { about, file })
    }
}

impl Offer {
    pub fn program(&self, os: &str, arch: &str) -> Option<&Program> {
        self.binaries.iter().find(|program| (program.about.os.as_str(), program.about.arch.as_str()) == (os, arch))
    }

    /// `linux-x86_64, …`
    pub fn platforms(&self) -> Vec<String> {
        self.binaries.iter().map(|program| format!("{}-{}", program.about.os, program.about.arch)).collect()
    }
}

/// `agnes-<version>-<os>-<arch>[.exe]`
fn parse(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, arch) = name.strip_suffix(".exe").unwrap_or(name).strip_prefix("agnes-")?.rsplit_once('-')?;
    let (version, os) = rest.rsplit_once('-')?;
    (OSES.contains(&os) && ARCHS.contains(&arch) && !version.is_empty()).then_some((version, os, arch))
}

/// `<distribution>-<version>-….whl`
fn wheel_version(name: &str) -> Option<&str> {
    name.strip_suffix(".whl")?.split('-').nth(1)
}

/// By version, and by text where that cannot be compared.
fn is_newer(one: &str, other: &str) -> bool {
    match (version(one), version(other)) {
        (Some(one), Some(other)) => one > other,
        (one, other) if one.is_some() != other.is_some() => one.is_some(),
        _ => one > other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_platform_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "agnes-0.9.0-linux-x86_64",
            "agnes-0.10.0-linux-x86_64",
            "agnes-0.10.0-rc.1-darwin-aarch64",
            "agnes-0.9.0-windows-x86_64.exe",
            "agnes-0.10.0-plan9-x86_64",
            "agnes-0.11.0-linux-x86_64\"$(x)",
            "agnes_the_ai_analyst-0.35.0-py3-none-any.whl",
            "agnes_the_ai_analyst-0.4.0-py3-none-any.whl",
            "README",
        ] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let programs = ClientPrograms::new(Some(folder.path().to_owned()), None);
        let offer = programs.offer().unwrap();
        let found: Vec<_> = offer.binaries.iter().map(|program| program.about.filename.as_str()).collect();
        let expected =
            ["agnes-0.10.0-rc.1-darwin-aarch64", "agnes-0.10.0-linux-x86_64", "agnes-0.9.0-windows-x86_64.exe"];
        assert_eq!(found, expected);
        assert_eq!(offer.program("darwin", "aarch64").unwrap().about.version, "0.10.0-rc.1");
        assert_eq!(offer.wheel.unwrap().name, "agnes_the_ai_analyst-0.35.0-py3-none-any.whl");

        let replaced = folder.path().join("agnes-0.10.0-linux-x86_64");
        fs::write(&replaced, "a longer text than before, which is another program").unwrap();
        let again = programs.offer().unwrap();
        assert_eq!(again.program("linux", "x86_64").unwrap().about.sha256, sha256_file(&replaced).unwrap());
    }

    #[test]
    fn without_a_folder_the_server_offers_itself() {
        let own = std::env::current_exe().unwrap();
        let offer = ClientPrograms::new(None, Some(own)).offer().unwrap();
        assert_eq!(offer.platforms(), [format!("{}-{}", this_os(), this_arch())]);
        assert!(ClientPrograms::new(Some("/nowhere".into()), None).offer().unwrap().binaries.is_empty());
    }
}
