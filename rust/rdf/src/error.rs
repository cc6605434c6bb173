//! Why a document has no canonical form.

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// How many characters of a term's name an error keeps.
const NAME_MAX: usize = 64;

/// Why a document has no canonical form. Never carries a value of the document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not N-Quads.
    #[error("expected {expected}")]
    Malformed {
        /// What was wanted in its place.
        expected: &'static str,
    },
    /// An object that names a member twice: two readers could differ.
    #[error("expected every member name once in an object")]
    DuplicateKey,
    /// A rule of JSON-LD; the code is the specification's.
    #[error("JSON-LD: {code}")]
    JsonLd {
        /// An error code of JSON-LD 1.1 API, section 9.
        code: &'static str,
    },
    /// A context that is not among those that were loaded.
    #[error("expected a context that is known here")]
    ContextUnknown,
    /// A context inside the document that the caller did not allow.
    #[error("expected contexts by address only, or those that were allowed")]
    ContextNotAllowed,
    /// A context that redefines a term another one protects.
    #[error("expected a protected term to keep its meaning")]
    ContextProtected,
    /// A keyword whose content no proof would cover as it stands.
    #[error("expected no {keyword} here")]
    KeywordNotAllowed {
        /// The keyword.
        keyword: &'static str,
    },
    /// Something that makes no statement, so that a proof would not cover it.
    #[error("expected every {what} to mean something in its context")]
    Dropped {
        /// What would have been lost.
        what: &'static str,
    },
    /// A term that no context defines, so that a proof would not cover it.
    #[error("expected a context that defines the term {name:?}")]
    TermUndefined {
        /// The beginning of its name.
        name: String,
    },
    /// Larger, deeper or more than a limit.
    #[error("expected at most {limit} {what}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// A graph built so that its canonical form costs too much.
    #[error("expected blank nodes that {limit} steps can tell apart")]
    Work {
        /// How many steps are allowed.
        limit: usize,
    },
}

impl Error {
    /// The refusal of a term by its name.
    pub(crate) fn undefined(name: &str) -> Self {
        Self::TermUndefined {
            name: name.chars().take(NAME_MAX).collect(),
        }
    }
}

/// An error of JSON-LD by its code.
pub(crate) fn json_ld<T>(code: &'static str) -> Result<T> {
    Err(Error::JsonLd { code })
}
