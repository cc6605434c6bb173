//! Every way in which a value from outside can be refused.

use thiserror::Error;
use trustid_lanes::PointError;

/// Why something was refused. Each case has one stable code in Python.
///
/// Messages name sizes and rules, never a key, a message or a signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The bytes are not the canonical encoding of a point.
    #[error("expected {expected} bytes with canonical flags and coordinates, found {found} bytes that are not")]
    PointEncoding {
        /// The length that the encoding has.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// No point of the curve has the coordinate that was given.
    #[error("expected a coordinate of a point on the curve, found one that has no point")]
    PointNotOnCurve,
    /// The point lies on the curve, but outside the subgroup of prime order.
    #[error("expected a point of the subgroup of prime order, found one outside it")]
    PointNotInSubgroup,
    /// The point at infinity was offered as a public key.
    #[error("expected a public key, found the point at infinity")]
    KeyIsIdentity,
    /// The point at infinity was offered as a signature or proof.
    #[error("expected a signature, found the point at infinity")]
    SignatureIsIdentity,
    /// A secret key has another length than 32 bytes.
    #[error("expected a secret key of 32 bytes, found {found}")]
    SecretKeyLength {
        /// The length that was found.
        found: usize,
    },
    /// A secret key is zero or not below the group order.
    #[error("expected a secret key above zero and below the group order")]
    SecretKeyRange,
    /// A number that points are multiplied with is not 32 bytes below the group order.
    #[error("expected numbers of 32 bytes below the group order")]
    ScalarInvalid,
    /// Key material for `KeyGen` is shorter than 32 bytes.
    #[error("expected key material of at least 32 bytes, found {found}")]
    KeyMaterialShort {
        /// The length that was found.
        found: usize,
    },
    /// The signature does not fit the key and the message.
    #[error("expected a signature that fits the key and the message")]
    SignatureInvalid,
    /// The aggregate signature does not fit the keys and the messages.
    #[error("expected an aggregate signature that fits the keys and the messages")]
    AggregateInvalid,
    /// An aggregate of nothing was asked for, or offered.
    #[error("expected at least one part of the aggregate, found none")]
    AggregateEmpty,
    /// Two lists that belong together differ in length.
    #[error("expected as many as there are keys ({keys}), found {found}")]
    AggregateCount {
        /// The number of keys.
        keys: usize,
        /// The number of messages or signatures.
        found: usize,
    },
    /// The basic scheme was given the same message twice.
    #[error("expected distinct messages, found the message at {index} again")]
    MessagesNotDistinct {
        /// The place of the second occurrence.
        index: usize,
    },
    /// One signer stands twice in a list.
    #[error("expected each signer once, found the key at {index} again")]
    DuplicateSigner {
        /// The place of the second occurrence.
        index: usize,
    },
    /// A key was used where its possession must have been proved.
    #[error("expected a key with a proof of possession, found one without")]
    PossessionNotProved,
    /// The proof of possession does not fit the key.
    #[error("expected a proof of possession that fits the key")]
    PossessionInvalid,
    /// Possession was to be proved in a suite that has no such proofs.
    #[error("expected a suite with proofs of possession, found {suite}")]
    SuiteWithoutPossession {
        /// The suite that was found.
        suite: &'static str,
    },
    /// Two values of different ciphersuites were used together.
    #[error("expected values of the suite {expected}, found {found}")]
    SuiteMismatch {
        /// The suite of the first value.
        expected: &'static str,
        /// The suite of the other.
        found: &'static str,
    },
    /// More was given than a named limit allows.
    #[error("expected at most {limit} {what}, found {found}")]
    LimitExceeded {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// The number that was found.
        found: usize,
    },
    /// A file of keys or rows cannot be read or written.
    #[error("expected to {doing} a file, found: {found}")]
    StoreUnavailable {
        /// What was attempted.
        doing: &'static str,
        /// The kind of failure that the operating system named.
        found: std::io::ErrorKind,
    },
    /// A file is not a key store of this suite and version.
    #[error("expected a key store of the suite {suite}, found {found}")]
    StoreFormat {
        /// The suite that was asked for.
        suite: &'static str,
        /// What was found instead.
        found: &'static str,
    },
    /// A key store is shorter or longer than it says, or its digest does not fit.
    #[error("expected an intact key store, found {found}")]
    StoreDamaged {
        /// What is wrong.
        found: &'static str,
    },
    /// Somebody else can write where a key store lies, and no digest was expected of it.
    #[error("expected a file and folder that only their owner writes, found that {found}")]
    StoreUnsafe {
        /// What was found.
        found: &'static str,
    },
    /// A selection of keys names none, or one that is not there.
    #[error("expected a selection among {count} keys, found {found}")]
    SelectionInvalid {
        /// The number of keys.
        count: u64,
        /// What was found.
        found: &'static str,
    },
    /// The point at infinity was offered where a point of the group is needed.
    #[error("expected a point other than the point at infinity")]
    PointIsIdentity,
    /// A handle, or what opens a commitment to it, is no scalar above zero.
    #[error("expected handles and blindings of 32 bytes, above zero and below the group order, that belong together")]
    HandleInvalid,
    /// A slot that is taken was to be taken again.
    #[error("expected a free slot, found one that is taken")]
    HandleDuplicate,
    /// A slot that was revoked was to be taken again.
    #[error("expected a free slot, found one that was revoked, which is final")]
    HandleRevokedFinal,
    /// A slot lies outside the capacity of its registry.
    #[error("expected slots within the capacity of the registry")]
    SlotRange,
    /// A slot is not a member: never taken, revoked before, or named twice.
    #[error("expected a slot that is taken and not revoked, named once")]
    NotMember,
    /// The parameters of a registry are not what they must be.
    #[error("expected parameters of a registry, found {found}")]
    ParamsInvalid {
        /// What was found.
        found: &'static str,
    },
    /// A manager's secret has another form.
    #[error("expected a manager's secret of 64 bytes")]
    ManagerSecretInvalid,
    /// Stored state of a manager does not fit its secret.
    #[error("expected state that fits the manager's secret and parameters")]
    ManagerStateInvalid,
    /// No such block of rows, or another number of rows than it has.
    #[error("expected a block of the registry, with all of its rows")]
    BlockInvalid,
    /// Slots in one buffer that are cut somewhere in the middle.
    #[error("expected 4 bytes a slot, found {found} bytes")]
    SlotsEncoding {
        /// The bytes that were found.
        found: usize,
    },
    /// A block of rows does not belong to the root of its epoch.
    #[error("expected a block of rows that belongs to the root of the epoch")]
    UpdateInvalid,
    /// A file is not the rows of this registry, or was changed.
    #[error("expected the rows of this registry as they were written, found {found}")]
    RowsDamaged {
        /// What is wrong.
        found: &'static str,
    },
    /// A row does not answer the handle at this epoch.
    #[error("expected a row that answers the handle at this epoch")]
    WitnessInvalid,
    /// A proof of membership does not hold.
    #[error("expected a proof that fits the registry, the epoch, the commitment and the request")]
    ProofInvalid,
    /// What a proof is to be tied to is missing or too long.
    #[error("expected a verifier and a nonce of 16 bytes or more, found {found}")]
    ContextInvalid {
        /// What was found.
        found: &'static str,
    },
    /// One of many was refused.
    #[error("at index {index}: {error}")]
    At {
        /// The place of the first one that was refused.
        index: usize,
        /// Why.
        error: Box<Self>,
    },
    /// The operating system gave no random bytes.
    #[error("expected random bytes from the operating system, found none")]
    RandomnessUnavailable,
}

impl Error {
    /// The same refusal, with the place where it happened.
    #[must_use]
    pub(crate) fn at(self, index: usize) -> Self {
        Self::At {
            index,
            error: Box::new(self),
        }
    }

    /// The same refusal, its place moved on: for work that was done in pieces.
    #[must_use]
    pub fn moved(self, by: usize) -> Self {
        match self {
            Self::At { index, error } => Self::At {
                index: index + by,
                error,
            },
            other => other,
        }
    }

    /// Translates the refusal of a point of `expected` bytes.
    pub(crate) const fn from_point(error: PointError, expected: usize, found: usize) -> Self {
        match error {
            PointError::Encoding => Self::PointEncoding { expected, found },
            PointError::NotOnCurve => Self::PointNotOnCurve,
            PointError::NotInSubgroup => Self::PointNotInSubgroup,
        }
    }
}
