//! Files of rows, finished and unfinished, and proofs that a block belongs to a root: no
//! panic, nothing but the manager's own rows, and whatever lay there the file comes out right.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustid_core::accumulator::{check_block, Manager, RowsFile};

/// A small registry, where its files lie, its rows, and the file as it must be.
struct Registry {
    manager: Manager,
    path: PathBuf,
    part: PathBuf,
    rows: Vec<u8>,
    good: Vec<u8>,
    root: [u8; 32],
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let manager = Manager::create_derand(&[7; 64], b"registry", 8).expect("a registry");
        let folder = std::env::temp_dir().join(format!("fuzz-rows-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (path, part) = (folder.join("rows"), folder.join("rows.part"));
        let written = manager.refresh().write(&path, 1, &mut |_, _| true);
        let root = written.expect("a file").expect("all of it").root;
        let good = fs::read(&path).expect("the file");
        let rows = manager.block(0, 1).expect("a block");
        Registry {
            manager,
            path,
            part,
            rows,
            good,
            root,
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let known = registry();
    let (params, value) = (known.manager.params(), known.manager.accumulator());
    fs::write(&known.path, data).expect("a file");
    if let Ok(file) = RowsFile::open(&known.path, params) {
        let _ = file.check(1);
        if let Ok(rows) = file.block(0) {
            let proof = file.proof(0).expect("a proof");
            assert!(check_block(params, file.accumulator(), &file.root(), 0, &rows, &proof).is_ok());
            assert!(*file.accumulator() != *value || file.root() != known.root || rows == known.rows);
        }
    }
    let (proof, rows) = data.split_at(data.len().min(32));
    assert!(check_block(params, value, &known.root, 0, &known.rows, &[]).is_ok());
    assert!(proof.is_empty() || check_block(params, value, &known.root, 0, &known.rows, proof).is_err());
    assert!(rows == known.rows || check_block(params, value, &known.root, 0, rows, &[]).is_err());
    fs::write(&known.part, data).expect("a file");
    let written = known.manager.refresh().write(&known.path, 1, &mut |_, _| true);
    assert!(written.expect("a file").is_some());
    assert_eq!(known.good, fs::read(&known.path).expect("the file"));
});
