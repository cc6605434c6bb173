//! JSON-LD and N-Quads: refused, or canonical, and then its own canonical form.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustid_rdf::{canonicalize, canonicalize_nquads, ContextSet, Hash, Limits, Options};

const CONTEXT: &[u8] = include_bytes!(
    "../../../src/trustid/credentials/contexts/www.w3.org_ns_credentials_v2.jsonld"
);

fn limits() -> Limits {
    Limits {
        bytes: 1 << 14,
        depth: 32,
        contexts: 32,
        quads: 256,
        work: 2_000,
        ..Limits::default()
    }
}

fn contexts() -> &'static ContextSet {
    static CONTEXTS: OnceLock<ContextSet> = OnceLock::new();
    CONTEXTS.get_or_init(|| {
        ContextSet::new([("https://www.w3.org/ns/credentials/v2".to_owned(), CONTEXT)])
            .expect("a context")
    })
}

fn check(made: &[u8]) {
    match canonicalize_nquads(made, Hash::Sha256, &limits()) {
        Ok(again) => assert_eq!(made, again),
        // What was just within the limits may be beyond them as text.
        Err(trustid_rdf::Error::Limit { .. } | trustid_rdf::Error::Work { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(made) = canonicalize_nquads(data, Hash::Sha256, &limits()) {
        check(&made);
    }
    let options = Options::secured(b"[]", limits()).expect("options");
    if let Ok(made) = canonicalize(data, contexts(), &options, Hash::Sha256) {
        check(&made);
    }
});
