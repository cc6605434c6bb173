//! Why a text was refused.

/// A refusal. Messages hold sizes and forms, never what was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not what its grammar asks for.
    #[error("expected {expected}")]
    Malformed {
        /// The form that was expected.
        expected: &'static str,
    },
    /// A JSON object names a member twice.
    #[error("expected unique member names in a JSON object")]
    DuplicateKey,
    /// Larger, deeper or more than a limit.
    #[error("expected at most {limit} {what}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// A disclosure that is none.
    #[error("expected {expected}")]
    Disclosure {
        /// The form that was expected.
        expected: &'static str,
    },
    /// A hash function that no issuer may choose, or its name at another place.
    #[error("expected {expected}")]
    HashNotAllowed {
        /// What may be chosen, and where.
        expected: &'static str,
    },
    /// A disclosure that was sent twice.
    #[error("expected each disclosure once")]
    DisclosureDuplicate,
    /// A disclosure whose digest the issuer did not sign.
    #[error("expected every disclosure to be signed by the issuer")]
    DisclosureUnreferenced,
    /// A name that no claim may have.
    #[error("expected no claim named _sd, ... or _sd_alg")]
    NameForbidden,
    /// A disclosure whose claim is there already.
    #[error("expected a claim that is not there yet")]
    NameCollision,
    /// A digest that stands at two places.
    #[error("expected each digest once")]
    DigestDuplicate,
    /// A path to what must not be hidden.
    #[error("expected a path without reserved names")]
    NotDisclosable,
    /// A claim of another type than its use asks for.
    #[error("expected {expected}")]
    ClaimType {
        /// The type that was expected.
        expected: &'static str,
    },
    /// Bytes that are no key of their kind.
    #[error("expected {expected}")]
    Key {
        /// The form that was expected.
        expected: &'static str,
    },
    /// A signature that is shorter or longer than those of its kind.
    #[error("expected 64 bytes, found {found}")]
    SignatureLength {
        /// Its bytes.
        found: usize,
    },
    /// A signature that is not this key's over this message.
    #[error("expected an Ed25519 signature of this key")]
    SignatureInvalid,
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    RandomnessUnavailable,
}

/// The result of reading.
pub type Result<T> = std::result::Result<T, Error>;

/// The refusal of a text.
pub(crate) fn malformed<T>(expected: &'static str) -> Result<T> {
    Err(Error::Malformed { expected })
}
