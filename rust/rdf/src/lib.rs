//! JSON-LD to canonical RDF, for the documents that credentials are.
//!
//! ```text
//! json       strict JSON in, RFC 8785 out
//! context    what the terms of a document mean
//! expand     the document with every term replaced by what it means
//! quads      the statements that it makes
//! nquads     statements as text
//! canonical  RDFC-1.0: the same text for the same statements
//! skolem     names for blank nodes, so that parts of a document can be selected
//! ```
//!
//! Nothing here reaches the network: a context is one of those that the caller
//! loaded, or it is unknown. Every amount is bounded by [`Limits`].
//!
//! # Reference
//! W3C JSON-LD 1.1 Processing Algorithms and API; W3C RDF Dataset
//! Canonicalization 1.0.

#![forbid(unsafe_code)]

mod canonical;
mod context;
mod error;
mod expand;
mod iri;
mod json;
mod nquads;
mod options;
mod quads;
mod skolem;

pub use canonical::{canonical_labels, Hash};
pub use context::ContextSet;
pub use error::{Error, Result};
pub use options::{Direction, Limits, Options};

use expand::Processor;
use quads::Dataset;

/// The canonical N-Quads of a JSON-LD document.
///
/// # Arguments
/// * `document` - JSON, UTF-8.
/// * `contexts` - every context that the document may name.
///
/// # Errors
/// [`Error`] says which rule was broken.
///
/// # Reference
/// JSON-LD 1.1 API, sections 5.1.2 and 8.1.2; RDFC-1.0, section 4.4.
pub fn canonicalize(
    document: &[u8],
    contexts: &ContextSet,
    options: &Options,
    hash: Hash,
) -> Result<Vec<u8>> {
    let dataset = dataset(document, contexts, options)?;
    let (lines, _) = canonical::canonicalize(&dataset, hash, &options.limits)?;
    Ok(lines.concat().into_bytes())
}

/// The hash of what [`canonicalize`] makes, which is never written as a whole.
///
/// # Errors
/// As [`canonicalize`].
///
/// # Reference
/// Data Integrity `EdDSA` Cryptosuites 1.0, sections 3.2.3 and 3.2.4.
pub fn digest(
    document: &[u8],
    contexts: &ContextSet,
    options: &Options,
    hash: Hash,
) -> Result<Vec<u8>> {
    let dataset = dataset(document, contexts, options)?;
    let (lines, _) = canonical::canonicalize(&dataset, hash, &options.limits)?;
    Ok(hash.bytes(lines.iter()))
}

/// The canonical form of N-Quads.
///
/// # Errors
/// [`Error::Malformed`] if they cannot be read, or a limit was met.
///
/// # Reference
/// RDFC-1.0, section 4.4.
pub fn canonicalize_nquads(text: &[u8], hash: Hash, limits: &Limits) -> Result<Vec<u8>> {
    let dataset = nquads::parse(text, limits)?;
    let (lines, _) = canonical::canonicalize(&dataset, hash, limits)?;
    Ok(lines.concat().into_bytes())
}

/// The N-Quads of a JSON-LD document, in the order of the document.
///
/// # Errors
/// [`Error`] says which rule was broken.
///
/// # Reference
/// JSON-LD 1.1 API, section 8.1.2.
pub fn to_nquads(document: &[u8], contexts: &ContextSet, options: &Options) -> Result<Vec<u8>> {
    Ok(nquads::write(&dataset(document, contexts, options)?).into_bytes())
}

/// A JSON-LD document with an identifier (`urn:bnid:` and a number) in every node
/// that has none, as JSON.
///
/// # Errors
/// [`Error::KeywordNotAllowed`] for lists, graphs, reversed properties and blank
/// nodes with names: no part of the document could speak of the same nodes.
/// Otherwise [`Error`] says which rule was broken.
///
/// # Reference
/// Data Integrity ECDSA Cryptosuites 1.0, section 3.4.
pub fn skolemize(document: &[u8], contexts: &ContextSet, options: &Options) -> Result<Vec<u8>> {
    let document = json::parse(document, &options.limits)?;
    let named = skolem::skolemize(Processor::new(contexts, options), &document)?;
    Ok(named.to_string().into_bytes())
}

/// The N-Quads of a skolemized document, or of a part of it: the identifiers
/// that [`skolemize`] gave are labels of blank nodes again.
///
/// # Errors
/// [`Error::KeywordNotAllowed`] for a node without an identifier; otherwise
/// [`Error`] says which rule was broken.
///
/// # Reference
/// Data Integrity ECDSA Cryptosuites 1.0, section 3.4.
pub fn deskolemized_nquads(
    document: &[u8],
    contexts: &ContextSet,
    options: &Options,
) -> Result<Vec<u8>> {
    Ok(skolem::write(&dataset(document, contexts, options)?)?.into_bytes())
}

/// The expanded form of a JSON-LD document, as JSON.
///
/// # Errors
/// [`Error`] says which rule was broken.
///
/// # Reference
/// JSON-LD 1.1 API, section 5.1.2.
pub fn expand(document: &[u8], contexts: &ContextSet, options: &Options) -> Result<Vec<u8>> {
    let document = json::parse(document, &options.limits)?;
    let expanded = Processor::new(contexts, options).expand_document(&document)?;
    Ok(serde_json::Value::Array(expanded).to_string().into_bytes())
}

fn dataset(document: &[u8], contexts: &ContextSet, options: &Options) -> Result<Dataset> {
    let document = json::parse(document, &options.limits)?;
    let expanded = Processor::new(contexts, options).expand_document(&document)?;
    quads::dataset(&expanded, options)
}
