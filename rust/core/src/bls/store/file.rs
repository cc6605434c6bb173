//! What is looked at before a store is believed: its header, and who can write it.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use trustid_lanes::Digest;

use super::{header, key_bytes, Kind, DIGEST_AT, HEADER};
use crate::bls::suite::Suite;
use crate::files::unavailable;
use crate::Error;

/// The bits of a file's mode that let others than the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// What the header of a store says, and that the file is as long as it says.
pub(super) fn read_header<S: Suite>(
    file: &File,
    metadata: &Metadata,
) -> Result<(Kind, u64, Digest), Error> {
    let format = |found| Error::StoreFormat {
        suite: S::ID,
        found,
    };
    let mut bytes = [0; HEADER];
    if !metadata.is_file() || metadata.size() < HEADER as u64 {
        return Err(format("a file without a header"));
    }
    file.read_exact_at(&mut bytes, 0)
        .map_err(|error| unavailable("read", &error))?;
    let (start, digest) = bytes.split_at(DIGEST_AT);
    let mut count = [0; 8];
    count.copy_from_slice(&start[24..]);
    let count = u64::from_le_bytes(count);
    let kind = match start[17] {
        1 => Kind::Validated,
        2 => Kind::Proven,
        _ => return Err(format("a file of another format")),
    };
    if start != header::<S>(kind, count) {
        return Err(format("a file of another suite or format"));
    }
    let expected = count
        .checked_mul(key_bytes::<S>() as u64)
        .and_then(|keys| keys.checked_add(HEADER as u64));
    if expected != Some(metadata.size()) {
        return Err(Error::StoreDamaged {
            found: "a file of another length",
        });
    }
    let mut whole = [0; DIGEST_AT];
    whole.copy_from_slice(digest);
    Ok((kind, count, whole))
}

/// Checks that only the caller or root can write a file and its folder.
pub(super) fn check_owner(metadata: &Metadata, path: &Path) -> Result<(), Error> {
    let caller = rustix::process::geteuid().as_raw();
    let folder = path.parent().unwrap_or(path);
    let folder = fs::metadata(folder).map_err(|error| unavailable("open", &error))?;
    for part in [metadata, &folder] {
        if part.uid() != caller && part.uid() != 0 {
            return Err(Error::StoreUnsafe {
                found: "they belong to somebody else",
            });
        }
        if part.mode() & OTHERS_WRITE != 0 {
            return Err(Error::StoreUnsafe {
                found: "others can write them",
            });
        }
    }
    Ok(())
}
