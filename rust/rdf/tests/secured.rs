//! What a secured document may not have: two names for one thing.

use trustid_rdf::{canonicalize, ContextSet, Error, Hash, Limits, Options};

const CONTEXT: &str = r#"{"@context": {
    "id": "@id", "type": "@type", "@vocab": "urn:v:",
    "name": "urn:v:fullName", "Person": "urn:t:Person", "v": "urn:v:"
}}"#;

fn read(members: &str) -> Result<String, Error> {
    let contexts = ContextSet::new([("urn:context", CONTEXT)])?;
    let options = Options::secured(b"[]", Limits::default())?;
    let document = format!(r#"{{"@context": "urn:context", {members}}}"#);
    let made = canonicalize(document.as_bytes(), &contexts, &options, Hash::Sha256)?;
    Ok(String::from_utf8(made).unwrap())
}

#[test]
fn each_thing_has_one_name() {
    let good = r#""type": "Person", "name": "Ada", "age": 36"#;
    assert_eq!(3, read(good).unwrap().lines().count());
    for (name, other) in [
        ("\"name\"", "\"fullName\""),
        ("\"name\"", "\"urn:v:fullName\""),
        ("\"name\"", "\"v:fullName\""),
        ("\"age\"", "\"urn:v:age\""),
        ("\"age\"", "\"v:age\""),
        ("\"Person\"", "\"urn:t:Person\""),
        ("\"type\"", "\"@type\""),
    ] {
        let refused = read(&good.replace(name, other));
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{other}");
    }
}

#[test]
fn definitions_in_a_row_end() {
    let limits = Limits::default();
    for (length, ends) in [(limits.definitions / 2, false), (10_000, true)] {
        let terms: Vec<String> = (0..length)
            .map(|place| format!(r#""t{place:05}": {{"@id": "t{:05}:x"}}"#, place + 1))
            .collect();
        let context = format!(
            r#"{{"@context": {{{}, "t{length:05}": "urn:x:"}}}}"#,
            terms.join(",")
        );
        let contexts = ContextSet::new([("urn:context", context)]).unwrap();
        let options = Options::secured(b"[]", limits).unwrap();
        let document = br#"{"@context": "urn:context", "t00000": "x"}"#;
        let made = canonicalize(document, &contexts, &options, Hash::Sha256);
        assert_eq!(ends, matches!(made, Err(Error::Limit { .. })), "{made:?}");
    }
}
