//! What every file that this crate writes has in common.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::Error;

/// The refusal that stands for an error of the operating system.
pub(crate) fn unavailable(doing: &'static str, error: &io::Error) -> Error {
    Error::StoreUnavailable {
        doing,
        found: error.kind(),
    }
}

/// Makes the new name of a file itself survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
