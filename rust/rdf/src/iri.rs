//! Addresses and keywords, as text.

use oxiri::{Iri, IriRef};

/// The keywords of JSON-LD 1.1 (section 1.7 of the syntax).
const KEYWORDS: [&str; 23] = [
    "@base",
    "@container",
    "@context",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
    "@vocab",
];

/// Whether this is a keyword.
pub(crate) fn is_keyword(text: &str) -> bool {
    text.starts_with('@') && KEYWORDS.contains(&text)
}

/// Whether this has the form of a keyword, known or not.
pub(crate) fn like_keyword(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Whether this is an absolute address, well formed.
pub(crate) fn is_absolute(text: &str) -> bool {
    Iri::parse(text).is_ok()
}

/// Whether this begins as an absolute address does: a scheme and a colon.
pub(crate) fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether this is the label of a blank node.
pub(crate) fn is_blank(text: &str) -> bool {
    text.starts_with("_:")
}

/// The address that `reference` stands for, seen from `base`; as it is where it stands for none.
pub(crate) fn resolve(reference: &str, base: Option<&str>) -> String {
    let Some(base) = base.and_then(|base| Iri::parse(base).ok()) else {
        return reference.to_owned();
    };
    base.resolve_unchecked(&IriRef::parse_unchecked(reference))
        .into_inner()
}

/// Whether this is a language tag, well formed (BCP 47, loosely).
pub(crate) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or("");
    !first.is_empty()
        && first.len() <= 8
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            !part.is_empty()
                && part.len() <= 8
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}
