//! The six ciphersuites, each a type.

use core::fmt::Debug;

use trustid_lanes::{Affine, G1Affine, G2Affine, MillerLoop};

use super::public::{ProvenKey, PublicKey};

/// A ciphersuite: which group holds what, which tag separates it, which keys it aggregates.
///
/// Sealed: the six suites of the draft are all there are.
///
/// # Reference
/// draft-irtf-cfrg-bls-signature-06, sections 3 and 4.2.
pub trait Suite: sealed::Sealed + Copy + Eq + Debug + Default + Send + Sync + 'static {
    /// The group of public keys.
    type Key: Affine;
    /// The group of signatures and hashed messages.
    type Signature: Affine;
    /// What an aggregate is checked against: [`PublicKey`], or [`ProvenKey`]
    /// where the scheme rests on proofs of possession.
    type Signer: AsRef<PublicKey<Self>> + Clone;

    /// The ciphersuite's identifier, which is also the tag of hashed messages.
    const ID: &'static str;
    /// The suite's number in files.
    const NUMBER: u8;
    /// Whether the messages of an aggregate must differ (basic scheme).
    const DISTINCT_MESSAGES: bool;
    /// Whether the signer's key stands before each message (message augmentation).
    const AUGMENTED: bool;
    /// Bytes of a compressed public key.
    const KEY_BYTES: usize = Self::Key::COMPRESSED;
    /// Bytes of a compressed signature.
    const SIGNATURE_BYTES: usize = Self::Signature::COMPRESSED;
    /// Whether public keys are in G1, where multiplying is cheaper.
    const KEYS_IN_G1: bool;

    /// Multiplies `product` by the pairings of keys with points of the signature group.
    fn pair(product: &mut MillerLoop, keys: &[Self::Key], points: &[Self::Signature]);
}

/// A suite whose keys come with proofs of possession.
pub trait Possession: Suite<Signer = ProvenKey<Self>> {
    /// The tag under which a key is hashed for its proof of possession.
    const PROOF_TAG: &'static str;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! suite {
    ($name:ident, $doc:literal, $key:ty, $signature:ty, $signer:ident, $id:literal, $number:literal,
     distinct: $distinct:literal, augmented: $augmented:literal, $order:ident) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl sealed::Sealed for $name {}

        impl Suite for $name {
            type Key = $key;
            type Signature = $signature;
            type Signer = $signer<Self>;
            const ID: &'static str = $id;
            const NUMBER: u8 = $number;
            const DISTINCT_MESSAGES: bool = $distinct;
            const AUGMENTED: bool = $augmented;
            const KEYS_IN_G1: bool = <$key as Affine>::COMPRESSED == G1Affine::COMPRESSED;

            fn pair(product: &mut MillerLoop, keys: &[$key], points: &[$signature]) {
                $order(product, keys, points);
            }
        }
    };
}

fn keys_left(product: &mut MillerLoop, keys: &[G1Affine], points: &[G2Affine]) {
    product.add(keys, points);
}

fn keys_right(product: &mut MillerLoop, keys: &[G2Affine], points: &[G1Affine]) {
    product.add(points, keys);
}

suite!(
    MinPkBasic,
    "Keys of 48 bytes, basic scheme: the messages of an aggregate must differ.",
    G1Affine,
    G2Affine,
    PublicKey,
    "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_",
    1,
    distinct: true,
    augmented: false,
    keys_left
);
suite!(
    MinPkAugmented,
    "Keys of 48 bytes, message augmentation: each signer signs its own key before the message.",
    G1Affine,
    G2Affine,
    PublicKey,
    "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_",
    2,
    distinct: false,
    augmented: true,
    keys_left
);
suite!(
    MinPkPossession,
    "Keys of 48 bytes, proof of possession: many may sign one message.",
    G1Affine,
    G2Affine,
    ProvenKey,
    "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_",
    3,
    distinct: false,
    augmented: false,
    keys_left
);
suite!(
    MinSigBasic,
    "Signatures of 48 bytes, basic scheme: the messages of an aggregate must differ.",
    G2Affine,
    G1Affine,
    PublicKey,
    "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_",
    4,
    distinct: true,
    augmented: false,
    keys_right
);
suite!(
    MinSigAugmented,
    "Signatures of 48 bytes, message augmentation: each signer signs its own key before the message.",
    G2Affine,
    G1Affine,
    PublicKey,
    "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_",
    5,
    distinct: false,
    augmented: true,
    keys_right
);
suite!(
    MinSigPossession,
    "Signatures of 48 bytes, proof of possession: many may sign one message.",
    G2Affine,
    G1Affine,
    ProvenKey,
    "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_",
    6,
    distinct: false,
    augmented: false,
    keys_right
);

impl Possession for MinPkPossession {
    const PROOF_TAG: &'static str = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
}

impl Possession for MinSigPossession {
    const PROOF_TAG: &'static str = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
}
