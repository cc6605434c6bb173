//! The one place where a refusal becomes a Python exception.

use pyo3::PyErr;
use trustid_core::Error;
use trustid_rdf::Error as RdfError;
use trustid_text::Error as TextError;

mod python {
    use pyo3::import_exception;

    import_exception!(trustid.errors, AccumulatorStateError);
    import_exception!(trustid.errors, DisclosureError);
    import_exception!(trustid.errors, InternalError);
    import_exception!(trustid.errors, LimitExceededError);
    import_exception!(trustid.errors, MalformedError);
    import_exception!(trustid.errors, ProofError);
    import_exception!(trustid.errors, SignatureError);
    import_exception!(trustid.errors, StoreError);
    import_exception!(trustid.errors, UnsupportedError);
}

/// Where an error of the core appears in the tree of `trustid.errors`.
enum Class {
    Malformed,
    Limit,
    AccumulatorState,
    Disclosure,
    Proof,
    Signature,
    Store,
    Unsupported,
    Internal,
}

/// The exception, with its code, that stands for `error`.
pub(crate) fn to_python(error: &Error) -> PyErr {
    raise(place(error), error.to_string())
}

fn raise((class, code): (Class, &'static str), message: String) -> PyErr {
    let arguments = (code, message);
    match class {
        Class::Malformed => python::MalformedError::new_err(arguments),
        Class::Limit => python::LimitExceededError::new_err(arguments),
        Class::AccumulatorState => python::AccumulatorStateError::new_err(arguments),
        Class::Disclosure => python::DisclosureError::new_err(arguments),
        Class::Proof => python::ProofError::new_err(arguments),
        Class::Signature => python::SignatureError::new_err(arguments),
        Class::Store => python::StoreError::new_err(arguments),
        Class::Unsupported => python::UnsupportedError::new_err(arguments),
        Class::Internal => python::InternalError::new_err(arguments),
    }
}

/// Class and code of each error. No wildcard: a new error must be placed here.
fn place(error: &Error) -> (Class, &'static str) {
    match error {
        Error::PointEncoding { .. } => (Class::Malformed, "point_encoding"),
        Error::PointNotOnCurve => (Class::Malformed, "point_not_on_curve"),
        Error::PointNotInSubgroup => (Class::Malformed, "point_not_in_subgroup"),
        Error::ScalarInvalid => (Class::Malformed, "scalar_invalid"),
        Error::KeyIsIdentity
        | Error::SecretKeyLength { .. }
        | Error::SecretKeyRange
        | Error::KeyMaterialShort { .. }
        | Error::ManagerSecretInvalid => (Class::Malformed, "key_invalid"),
        Error::SignatureIsIdentity | Error::SignatureInvalid => {
            (Class::Signature, "signature_invalid")
        }
        Error::AggregateInvalid | Error::AggregateEmpty | Error::AggregateCount { .. } => {
            (Class::Signature, "aggregate_invalid")
        }
        Error::MessagesNotDistinct { .. } => (Class::Signature, "messages_not_distinct"),
        Error::DuplicateSigner { .. } => (Class::Signature, "duplicate_signer"),
        Error::PossessionNotProved => (Class::Signature, "pop_required"),
        Error::PossessionInvalid => (Class::Signature, "pop_invalid"),
        Error::SuiteWithoutPossession { .. } => (Class::Unsupported, "unsupported"),
        Error::SuiteMismatch { .. } => (Class::Signature, "suite_mismatch"),
        Error::LimitExceeded { .. } | Error::SlotRange => (Class::Limit, "limit_exceeded"),
        Error::StoreUnavailable { .. } => (Class::Store, "store_unavailable"),
        Error::StoreFormat { .. }
        | Error::SelectionInvalid { .. }
        | Error::BlockInvalid
        | Error::SlotsEncoding { .. }
        | Error::ContextInvalid { .. } => (Class::Malformed, "malformed"),
        Error::StoreDamaged { .. } | Error::RowsDamaged { .. } | Error::ManagerStateInvalid => {
            (Class::Store, "store_tampered")
        }
        Error::StoreUnsafe { .. } => (Class::Store, "store_unsafe"),
        Error::PointIsIdentity => (Class::Malformed, "point_identity"),
        Error::HandleInvalid => (Class::Malformed, "handle_invalid"),
        Error::HandleDuplicate => (Class::AccumulatorState, "handle_duplicate"),
        Error::HandleRevokedFinal => (Class::AccumulatorState, "handle_revoked_final"),
        Error::NotMember => (Class::AccumulatorState, "not_member"),
        Error::ParamsInvalid { .. } => (Class::Malformed, "params_invalid"),
        Error::UpdateInvalid => (Class::Proof, "acc_update_invalid"),
        Error::WitnessInvalid => (Class::Proof, "acc_witness_invalid"),
        Error::ProofInvalid => (Class::Proof, "acc_proof_invalid"),
        Error::At { error, .. } => place(error),
        Error::RandomnessUnavailable => (Class::Internal, "internal_error"),
    }
}

/// Class and code of each refusal of a document.
fn place_rdf(error: &RdfError) -> (Class, &'static str) {
    match error {
        RdfError::Malformed { .. } | RdfError::JsonLd { .. } => (Class::Malformed, "malformed"),
        RdfError::DuplicateKey => (Class::Malformed, "duplicate_key"),
        RdfError::ContextUnknown => (Class::Unsupported, "context_unknown"),
        RdfError::ContextNotAllowed => (Class::Malformed, "context_not_allowed"),
        RdfError::ContextProtected => (Class::Malformed, "context_protected"),
        RdfError::KeywordNotAllowed { .. } => (Class::Malformed, "context_keyword_not_allowed"),
        RdfError::Dropped { .. } | RdfError::TermUndefined { .. } => {
            (Class::Malformed, "context_undefined_term")
        }
        RdfError::Limit { .. } => (Class::Limit, "limit_exceeded"),
        RdfError::Work { .. } => (Class::Limit, "canonicalization_limit"),
    }
}

impl<T> IntoPython<T> for Result<T, RdfError> {
    fn into_python(self) -> Result<T, PyErr> {
        self.map_err(|error| raise(place_rdf(&error), error.to_string()))
    }
}

/// Class and code of each refusal of a text.
fn place_text(error: &TextError) -> (Class, &'static str) {
    match error {
        TextError::Malformed { .. } => (Class::Malformed, "malformed"),
        TextError::DuplicateKey => (Class::Malformed, "duplicate_key"),
        TextError::Limit { .. } => (Class::Limit, "limit_exceeded"),
        TextError::Disclosure { .. } => (Class::Disclosure, "disclosure_malformed"),
        TextError::HashNotAllowed { .. } => (Class::Disclosure, "hash_not_allowed"),
        TextError::DisclosureDuplicate => (Class::Disclosure, "disclosure_duplicate"),
        TextError::DisclosureUnreferenced => (Class::Disclosure, "disclosure_unreferenced"),
        TextError::NameForbidden => (Class::Disclosure, "disclosure_name_forbidden"),
        TextError::NameCollision => (Class::Disclosure, "disclosure_name_collision"),
        TextError::DigestDuplicate => (Class::Disclosure, "digest_duplicate"),
        TextError::NotDisclosable => (Class::Disclosure, "claim_not_disclosable"),
        TextError::ClaimType { .. } => (Class::Malformed, "claim_type_invalid"),
        TextError::Key { .. } => (Class::Malformed, "key_invalid"),
        TextError::SignatureLength { .. } | TextError::SignatureInvalid => {
            (Class::Signature, "signature_invalid")
        }
        TextError::RandomnessUnavailable => (Class::Internal, "internal_error"),
    }
}

impl<T> IntoPython<T> for Result<T, TextError> {
    fn into_python(self) -> Result<T, PyErr> {
        self.map_err(|error| raise(place_text(&error), error.to_string()))
    }
}

/// Turns the core's result into Python's.
pub(crate) trait IntoPython<T> {
    fn into_python(self) -> Result<T, PyErr>;
}

impl<T> IntoPython<T> for Result<T, Error> {
    fn into_python(self) -> Result<T, PyErr> {
        self.map_err(|error| to_python(&error))
    }
}
