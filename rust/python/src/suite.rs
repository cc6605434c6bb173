//! The suite of a handle: a type in Rust, a value in Python.
//!
//! Each handle is an enum over the suites; the macros here walk such enums, so
//! that the classes read as if there were one suite.

use pyo3::prelude::*;
use trustid_core::bls::{
    MinPkAugmented, MinPkBasic, MinPkPossession, MinSigAugmented, MinSigBasic, MinSigPossession,
    Suite as CoreSuite,
};
use trustid_core::Error;

/// A ciphersuite of draft-irtf-cfrg-bls-signature-06.
///
/// `MIN_PK_…`: public keys of 48 bytes in G1, signatures of 96 bytes in G2.
/// `MIN_SIG_…`: public keys of 96 bytes in G2, signatures of 48 bytes in G1.
///
/// `…_POSSESSION` (the default): every key in an aggregate has proved that its
/// holder knows the secret; many can sign one message, and checking that costs
/// one verification. `…_BASIC`: the messages of an aggregate must differ.
/// `…_AUGMENTED`: each signer signs its own key together with the message.
#[pyclass(frozen, eq, hash, from_py_object, module = "trustid.keys.bls")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(non_camel_case_types)]
pub(crate) enum Suite {
    /// Keys of 48 bytes, distinct messages.
    MIN_PK_BASIC,
    /// Keys of 48 bytes, message augmentation.
    MIN_PK_AUGMENTED,
    /// Keys of 48 bytes, proof of possession.
    MIN_PK_POSSESSION,
    /// Signatures of 48 bytes, distinct messages.
    MIN_SIG_BASIC,
    /// Signatures of 48 bytes, message augmentation.
    MIN_SIG_AUGMENTED,
    /// Signatures of 48 bytes, proof of possession.
    MIN_SIG_POSSESSION,
}

#[pymethods]
impl Suite {
    /// The identifier of the draft, for example `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`.
    #[getter]
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "Python shares its objects"
    )]
    pub(crate) const fn id(&self) -> &'static str {
        match self {
            Self::MIN_PK_BASIC => MinPkBasic::ID,
            Self::MIN_PK_AUGMENTED => MinPkAugmented::ID,
            Self::MIN_PK_POSSESSION => MinPkPossession::ID,
            Self::MIN_SIG_BASIC => MinSigBasic::ID,
            Self::MIN_SIG_AUGMENTED => MinSigAugmented::ID,
            Self::MIN_SIG_POSSESSION => MinSigPossession::ID,
        }
    }
}

/// Takes a value `T` of one suite out of a handle of any suite.
pub(crate) trait Narrow<T> {
    fn narrow(&self) -> Result<T, Error>;
}

/// Declares the enum over the six suites that a handle holds.
macro_rules! any_suite {
    ($name:ident, $inner:ident) => {
        any_suite!(
            @of $name, $inner: MinPkBasic MIN_PK_BASIC, MinPkAugmented MIN_PK_AUGMENTED,
            MinPkPossession MIN_PK_POSSESSION, MinSigBasic MIN_SIG_BASIC,
            MinSigAugmented MIN_SIG_AUGMENTED, MinSigPossession MIN_SIG_POSSESSION
        );
    };
    (possession $name:ident, $inner:ident) => {
        any_suite!(
            @of $name, $inner: MinPkPossession MIN_PK_POSSESSION, MinSigPossession MIN_SIG_POSSESSION
        );
    };
    (@of $name:ident, $inner:ident: $($suite:ident $python:ident),+) => {
        #[allow(clippy::enum_variant_names, reason = "the names of the suites")]
        pub(crate) enum $name {
            $($suite(trustid_core::bls::$inner<trustid_core::bls::$suite>),)+
        }

        impl $name {
            pub(crate) const fn suite(&self) -> Suite {
                match self {
                    $(Self::$suite(_) => Suite::$python,)+
                }
            }
        }
    };
}

/// Gives a handle with copyable values the way back from "any suite" to one.
macro_rules! narrow {
    ($name:ident, $inner:ident: $($suite:ident),+) => {
        $(impl Narrow<trustid_core::bls::$inner<trustid_core::bls::$suite>> for $name {
            fn narrow(
                &self,
            ) -> Result<trustid_core::bls::$inner<trustid_core::bls::$suite>, Error> {
                match self {
                    Self::$suite(value) => Ok(*value),
                    other => Err(Error::SuiteMismatch {
                        expected: <trustid_core::bls::$suite as trustid_core::bls::Suite>::ID,
                        found: other.suite().id(),
                    }),
                }
            }
        })+
    };
    ($name:ident, $inner:ident) => {
        narrow!($name, $inner: MinPkBasic, MinPkAugmented, MinPkPossession, MinSigBasic,
            MinSigAugmented, MinSigPossession);
    };
    (possession $name:ident, $inner:ident) => {
        narrow!($name, $inner: MinPkPossession, MinSigPossession);
    };
}

/// Runs one expression for whichever suite a handle has.
macro_rules! each {
    ($any:ident, $value:expr, $inner:pat => $body:expr) => {
        match $value {
            $any::MinPkBasic($inner) => $body,
            $any::MinPkAugmented($inner) => $body,
            $any::MinPkPossession($inner) => $body,
            $any::MinSigBasic($inner) => $body,
            $any::MinSigAugmented($inner) => $body,
            $any::MinSigPossession($inner) => $body,
        }
    };
    (possession $any:ident, $value:expr, $inner:pat => $body:expr) => {
        match $value {
            $any::MinPkPossession($inner) => $body,
            $any::MinSigPossession($inner) => $body,
        }
    };
}

/// Makes a handle of `$to` from a handle of `$from`, in the same suite.
macro_rules! lift {
    ($from:ident => $to:ident, $value:expr, $inner:pat => $body:expr) => {
        match $value {
            $from::MinPkBasic($inner) => $to::MinPkBasic($body),
            $from::MinPkAugmented($inner) => $to::MinPkAugmented($body),
            $from::MinPkPossession($inner) => $to::MinPkPossession($body),
            $from::MinSigBasic($inner) => $to::MinSigBasic($body),
            $from::MinSigAugmented($inner) => $to::MinSigAugmented($body),
            $from::MinSigPossession($inner) => $to::MinSigPossession($body),
        }
    };
}

/// Makes a handle of `$to` for the suite that the caller named.
macro_rules! make {
    ($to:ident, $suite:expr, $body:expr) => {
        match $suite {
            Suite::MIN_PK_BASIC => $to::MinPkBasic($body),
            Suite::MIN_PK_AUGMENTED => $to::MinPkAugmented($body),
            Suite::MIN_PK_POSSESSION => $to::MinPkPossession($body),
            Suite::MIN_SIG_BASIC => $to::MinSigBasic($body),
            Suite::MIN_SIG_AUGMENTED => $to::MinSigAugmented($body),
            Suite::MIN_SIG_POSSESSION => $to::MinSigPossession($body),
        }
    };
}

/// Makes a list of handles for the suite that the caller named.
macro_rules! make_many {
    ($to:ident, $suite:expr, $list:expr, $wrap:expr) => {
        match $suite {
            Suite::MIN_PK_BASIC => make_many!(@wrap $list, $to::MinPkBasic, $wrap),
            Suite::MIN_PK_AUGMENTED => make_many!(@wrap $list, $to::MinPkAugmented, $wrap),
            Suite::MIN_PK_POSSESSION => make_many!(@wrap $list, $to::MinPkPossession, $wrap),
            Suite::MIN_SIG_BASIC => make_many!(@wrap $list, $to::MinSigBasic, $wrap),
            Suite::MIN_SIG_AUGMENTED => make_many!(@wrap $list, $to::MinSigAugmented, $wrap),
            Suite::MIN_SIG_POSSESSION => make_many!(@wrap $list, $to::MinSigPossession, $wrap),
        }
    };
    (@wrap $list:expr, $variant:expr, $wrap:expr) => {
        $list.into_iter().map(|value| $wrap($variant(value))).collect()
    };
}

pub(crate) use {any_suite, each, lift, make, make_many, narrow};
