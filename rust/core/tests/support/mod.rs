//! Reading the vectors that the Python tests read as well.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// The folder `tests/vectors` of the project.
pub fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Every JSON file of a folder below `tests/vectors`, by name.
pub fn cases(folder: &str) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = fs::read_dir(vectors().join(folder))
        .expect("the vectors are part of the project")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable vector");
            let name = path.file_stem().expect("a name").to_string_lossy().into();
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect();
    assert!(!found.is_empty(), "no vectors in {folder}");
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

/// Bytes written in hexadecimal, with or without `0x`.
pub fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a string").trim_start_matches("0x");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}
