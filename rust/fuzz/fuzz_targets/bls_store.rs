//! Whatever bytes are offered as a key store: refused, or summed; never a crash, never trusted with a digest.
#![no_main]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustid_core::bls::{KeyStore, MinPkPossession, MinSigBasic, Selection, Suite, Trust};

fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("trustid-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
        folder
    })
}

fn open<S: Suite>(bytes: &[u8]) {
    let path = folder().join("keys.store");
    fs::write(&path, bytes).expect("a file");
    if let Ok(store) = KeyStore::<S>::open(&path, Trust::Owner, 1) {
        let _ = store.sum(Selection::All, 1);
        let _ = store.sum(Selection::Bitmap(bytes), 1);
        let _ = store.key(store.count());
        if store.check_digest(1).is_ok() {
            let digest = *store.digest();
            assert!(KeyStore::<S>::open(&path, Trust::Digest(&digest), 1).is_ok());
        }
    }
    assert!(KeyStore::<S>::open(&path, Trust::Digest(&[7; 32]), 1).is_err());
}

fuzz_target!(|bytes: &[u8]| {
    open::<MinPkPossession>(bytes);
    open::<MinSigBasic>(bytes);
    // The fuzzer seldom finds the header by itself: with it, the keys are what is tried.
    let mut whole = b"TrustID keys v1\n\x03\x02\0\0\0\0\0\0".to_vec();
    whole.extend_from_slice(&((bytes.len() / 96) as u64).to_le_bytes());
    whole.extend_from_slice(&[0; 32]);
    whole.extend_from_slice(&bytes[..bytes.len() / 96 * 96]);
    open::<MinPkPossession>(&whole);
});
