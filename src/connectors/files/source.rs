//! The folder of data files as an entry of the list of sources.

use std::path::PathBuf;
use std::sync::Arc;

use crate::connectors::{Extraction, Provided, Source};
use crate::protocol::vocabulary::{QueryMode, SourceType};

pub const SOURCE: Provided = Provided {
    kind: SourceType::LOCAL,
    // `agnes extract files` takes any folder.
    command: None,
    configure: |settings| Arc::new(FilesSource { folder: settings.instance.files_folder(&settings.data_dir) }),
};

#[derive(Debug)]
struct FilesSource {
    folder: PathBuf,
}

impl Source for FilesSource {
    fn kind(&self) -> SourceType {
        SourceType::LOCAL
    }

    fn query_modes(&self) -> &[QueryMode] {
        &[QueryMode::Local]
    }

    fn extraction(&self) -> Extraction {
        let source = SourceType::LOCAL.as_str();
        Extraction::new(["files".into(), self.folder.clone().into(), "--source".into(), source.into()])
    }
}
