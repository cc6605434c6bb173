//! Names for blank nodes: where they go, and what has none.

use trustid_rdf::{
    canonicalize, canonicalize_nquads, deskolemized_nquads, skolemize, ContextSet, Error, Hash,
    Limits, Options,
};

const CONTEXT: &str = r#"{"@context": {
    "id": "@id", "type": "@type", "@vocab": "urn:v:",
    "json": {"@id": "urn:v:json", "@type": "@json"},
    "list": {"@id": "urn:v:list", "@container": "@list"},
    "graph": {"@id": "urn:v:graph", "@container": "@graph"},
    "byId": {"@id": "urn:v:byId", "@container": "@id"},
    "byType": {"@id": "urn:v:byType", "@container": "@type"},
    "in": {"@id": "urn:v:in", "@container": "@language"},
    "of": {"@reverse": "urn:v:has"},
    "to": {"@id": "urn:v:to", "@type": "@id"}
}}"#;

struct World {
    contexts: ContextSet,
    options: Options,
}

impl World {
    fn new() -> Self {
        Self {
            contexts: ContextSet::new([("urn:context", CONTEXT)]).unwrap(),
            options: Options::secured(b"[]", Limits::default()).unwrap(),
        }
    }

    fn skolemize(&self, members: &str) -> Result<String, Error> {
        let named = skolemize(document(members).as_bytes(), &self.contexts, &self.options)?;
        Ok(String::from_utf8(named).unwrap())
    }
}

fn document(members: &str) -> String {
    format!(r#"{{"@context": "urn:context", "type": "T", {members}}}"#)
}

#[test]
fn every_node_gets_a_name_and_says_the_same() {
    let world = World::new();
    for (members, names) in [
        (r#""a": "x""#, 1),
        (r#""id": "urn:x", "a": "x""#, 0),
        (r#""a": {"b": {"c": "x"}}"#, 3),
        (r#""a": [{"b": "x"}, {"b": "y"}, "z"]"#, 3),
        (r#""a": {"id": "urn:y", "b": {"c": "x"}}"#, 2),
        (r#""a": {"@value": "x", "@language": "en"}"#, 1),
        (r#""in": {"en": "x", "de": "y"}"#, 1),
        (r#""json": {"b": {"c": []}}"#, 1),
        (r#""to": "urn:z", "a": {"@set": [{"b": "x"}]}"#, 2),
        (r#""byType": {"U": {"b": "x"}}"#, 2),
    ] {
        let named = world.skolemize(members).unwrap();
        assert_eq!(names, named.matches("urn:bnid:").count(), "{named}");
        let lines = deskolemized_nquads(named.as_bytes(), &world.contexts, &world.options).unwrap();
        let limits = Limits::default();
        assert_eq!(
            canonicalize(
                document(members).as_bytes(),
                &world.contexts,
                &world.options,
                Hash::Sha256
            )
            .unwrap(),
            canonicalize_nquads(&lines, Hash::Sha256, &limits).unwrap(),
        );
    }
}

#[test]
fn what_no_name_reaches_is_refused() {
    let world = World::new();
    for members in [
        r#""list": ["x"]"#,
        r#""a": {"@list": ["x"]}"#,
        r#""graph": {"b": "x"}"#,
        r#""byId": {"urn:y": {"b": "x"}}"#,
        r#""of": {"b": "x"}"#,
        r#""id": "_:b0", "a": "x""#,
        r#""to": "_:b0""#,
        r#""to": "urn:bnid:0""#,
    ] {
        let refused = world.skolemize(members);
        let expected = matches!(refused, Err(Error::KeywordNotAllowed { .. }));
        assert!(expected, "{members}: {refused:?}");
    }
}

#[test]
fn a_node_that_lost_its_name_is_refused() {
    let world = World::new();
    let named = world.skolemize(r#""a": {"b": "x"}"#).unwrap();
    let read = |text: &str| deskolemized_nquads(text.as_bytes(), &world.contexts, &world.options);
    read(&named).unwrap();
    let lost = named.replace(r#","id":"urn:bnid:1""#, "");
    assert_ne!(named, lost);
    assert!(matches!(read(&lost), Err(Error::KeywordNotAllowed { .. })));
}
