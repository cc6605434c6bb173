//! The test suites of JSON-LD 1.1 (expand, toRdf) and of RDFC-1.0.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trustid_rdf::{
    canonical_labels, canonicalize_nquads, expand, to_nquads, ContextSet, Direction, Error, Hash,
    Limits, Options,
};

const BASE: &str = "https://w3c.github.io/json-ld-api/tests/";

fn folder(topic: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(topic)
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every document of the suite, at the address where the cases expect it.
fn contexts() -> ContextSet {
    let mut documents = Vec::new();
    collect(&folder("json-ld"), BASE, &mut documents);
    // Some documents of the suite are no JSON on purpose: they are no contexts.
    documents.retain(|(_, text)| serde_json::from_slice::<Value>(text).is_ok());
    ContextSet::new(documents).unwrap()
}

fn collect(folder: &Path, address: &str, documents: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, &format!("{address}{name}/"), documents);
        } else if name.ends_with(".jsonld") {
            documents.push((format!("{address}{name}"), fs::read(&path).unwrap()));
        }
    }
}

fn options(case: &Value) -> Options {
    let option = |name: &str| case["option"][name].as_str();
    let own = format!("{BASE}{}", case["input"].as_str().unwrap());
    Options {
        base: Some(option("base").map_or(own, str::to_owned)),
        version_1_0: option("processingMode") == Some("json-ld-1.0"),
        direction: match option("rdfDirection") {
            Some("i18n-datatype") => Some(Direction::I18nDatatype),
            Some("compound-literal") => Some(Direction::CompoundLiteral),
            _ => None,
        },
        ..Options::default()
    }
}

/// Arrays are compared without order, unless they are lists.
fn same(one: &Value, other: &Value, ordered: bool) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if ordered => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b, false))
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut left: Vec<&Value> = other.iter().collect();
            one.len() == other.len()
                && one.iter().all(|item| {
                    let place = left.iter().position(|found| same(item, found, false));
                    place.map(|place| left.swap_remove(place)).is_some()
                })
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| {
                    let ordered = name == "@list";
                    other
                        .get(name)
                        .is_some_and(|found| same(value, found, ordered))
                })
        }
        _ => one == other,
    }
}

fn code(error: &Error) -> &str {
    match error {
        Error::JsonLd { code } => code,
        Error::ContextProtected => "protected term redefinition",
        Error::ContextUnknown => "loading remote context failed",
        _ => "another",
    }
}

fn check(case: &Value, part: &str, contexts: &ContextSet) -> Result<(), String> {
    let input = fs::read(folder("json-ld").join(case["input"].as_str().unwrap())).unwrap();
    let options = options(case);
    let made = if part == "expand" {
        expand(&input, contexts, &options)
    } else {
        to_nquads(&input, contexts, &options)
    };
    if let Some(wanted) = case["expectErrorCode"].as_str() {
        return match made {
            Ok(_) => Err(format!("accepted, wanted {wanted}")),
            Err(error) if code(&error) == wanted => Ok(()),
            Err(error) => Err(format!("{error}, wanted {wanted}")),
        };
    }
    let made = made.map_err(|error| error.to_string())?;
    let Some(path) = case["expect"].as_str() else {
        return Ok(());
    };
    let path = folder("json-ld").join(path);
    let matches = if part == "expand" {
        same(
            &serde_json::from_slice(&made).unwrap(),
            &read_json(&path),
            false,
        )
    } else {
        let canonical = |text: &[u8]| canonicalize_nquads(text, Hash::Sha256, &Limits::default());
        canonical(&made).map_err(|error| error.to_string())?
            == canonical(&fs::read(&path).unwrap()).map_err(|error| error.to_string())?
    };
    if matches {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&made).into_owned())
    }
}

fn run(part: &str, cases: usize) {
    let contexts = contexts();
    let manifest = read_json(&folder("json-ld").join(format!("{part}-manifest.jsonld")));
    let sequence = manifest["sequence"].as_array().unwrap();
    assert_eq!(cases, sequence.len());
    let mut failed = Vec::new();
    for case in sequence {
        let id = format!("{part}{}", case["@id"].as_str().unwrap());
        if let Err(why) = check(case, part, &contexts) {
            failed.push(format!("{id} {}: {why}", case["name"]));
        }
    }
    println!("vectors: json-ld {cases} {}", cases - failed.len());
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn json_ld_expand() {
    run("expand", 189);
}

#[test]
fn json_ld_to_rdf() {
    run("toRdf", 229);
}

#[test]
fn rdfc10() {
    let limits = Limits::default();
    let manifest = read_json(&folder("rdfc10").join("manifest.json"));
    let cases = manifest.as_array().unwrap();
    assert_eq!(34, cases.len());
    let mut passed = 0;
    for case in cases {
        let name = case["test"].as_str().unwrap();
        let input = fs::read(folder("rdfc10").join(case["input"].as_str().unwrap())).unwrap();
        let hash = match case["hashAlgorithm"].as_str() {
            Some("SHA384") => Hash::Sha384,
            _ => Hash::Sha256,
        };
        let made = canonicalize_nquads(&input, hash, &limits);
        if case["negative"] == true {
            assert_eq!(Err(Error::Work { limit: limits.work }), made, "{name}");
            passed += 1;
            continue;
        }
        if let Some(path) = case["expect"].as_str() {
            let expected = fs::read_to_string(folder("rdfc10").join(path)).unwrap();
            assert_eq!(
                expected,
                String::from_utf8(made.unwrap()).unwrap(),
                "{name}"
            );
        }
        if let Some(path) = case["expectMap"].as_str() {
            let labels = canonical_labels(&input, hash, &limits).unwrap();
            let expected = read_json(&folder("rdfc10").join(path));
            assert_eq!(expected, serde_json::to_value(labels).unwrap(), "{name}");
        }
        passed += 1;
    }
    println!("vectors: rdfc10 {} {passed}", cases.len());
}
