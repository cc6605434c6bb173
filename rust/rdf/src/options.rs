//! What the caller decides: how much is allowed, and how strictly it is read.

use serde_json::Value;

use crate::json;
use crate::Result;

/// How much one document may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Arrays and objects inside each other.
    pub depth: usize,
    /// Contexts that the document names or that its terms bring along, each time.
    pub contexts: usize,
    /// Terms that are defined by each other, in a row.
    pub definitions: usize,
    /// Statements.
    pub quads: usize,
    /// Steps to tell blank nodes apart, one to three microseconds each.
    pub work: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
            contexts: 1024,
            definitions: 64,
            quads: 1 << 15,
            work: 200_000,
        }
    }
}

/// How the direction of a text becomes RDF (JSON-LD 1.1 API, section 8.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// As a datatype.
    I18nDatatype,
    /// As a blank node.
    CompoundLiteral,
}

/// How a document is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What relative addresses are relative to.
    pub base: Option<String>,
    /// Read as JSON-LD 1.0.
    pub version_1_0: bool,
    /// How the direction of a text becomes RDF; without it, it does not.
    pub direction: Option<Direction>,
    /// The amounts allowed.
    pub limits: Limits,
    /// Whether everything in the document must become a statement.
    pub secured: bool,
    /// The contexts that may stand in a secured document itself.
    pub inline: Vec<Value>,
}

impl Options {
    /// For documents that a proof covers: what makes no statement is refused,
    /// and so is a context that stands in the document itself, unless it is
    /// one of `inline`, a JSON array of contexts.
    ///
    /// Whoever may bring a context along can swap the meaning of two terms
    /// together with their values: the statements stay the same, and what an
    /// application reads in the JSON does not.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`] if `inline` is not a JSON array.
    pub fn secured(inline: &[u8], limits: Limits) -> Result<Self> {
        let Value::Array(inline) = json::parse(inline, &limits)? else {
            return Err(crate::Error::Malformed {
                expected: "a JSON array of contexts",
            });
        };
        Ok(Self {
            limits,
            secured: true,
            inline,
            ..Self::default()
        })
    }
}
