//! What everybody must know of one registry, and checks before using it.

use trustid_lanes::{Affine, G1Affine, G1Jacobian, G2Affine, Jacobian};

use crate::bls::read_compressed;
use crate::Error;

/// Slots of a registry unless another number is chosen: room for a hundred million.
pub const DEFAULT_CAPACITY: u64 = 1 << 27;

/// The most slots of one registry. The assumption behind the scheme (q-SDH) grows
/// weaker with their number.
pub const MAX_CAPACITY: u64 = 1 << 27;

/// The longest name of a registry.
pub const MAX_REGISTRY_BYTES: usize = 1024;

/// Begins the encoded parameters: what they are, and their version.
const MAGIC: &[u8; 16] = b"TrustID-params-1";

/// Tag of the hash to the curve that gives the two generators of commitments.
const GENERATOR_TAG: &[u8] = b"TRUSTID-ACCUMULATOR-V1_BLS12381G1_XMD:SHA-256_SSWU_RO_";

/// Bytes before the registry's name: magic, `G`, `H`, `alpha*Q`, capacity.
const FIXED_BYTES: usize = 16 + 48 + 48 + 96 + 8;

/// The generator that handles are committed with.
pub(crate) fn generator_g() -> G1Affine {
    G1Jacobian::hash(b"G", GENERATOR_TAG, &[]).to_affine()
}

/// The generator that blinds commitments; nobody knows its logarithm to `G`.
pub(crate) fn generator_h() -> G1Affine {
    G1Jacobian::hash(b"H", GENERATOR_TAG, &[]).to_affine()
}

/// The public parameters of one registry.
///
/// In hand they are valid: the generators are the ones that hashing gives, and the
/// public key is `alpha*Q` with `alpha` neither zero nor plus or minus one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    registry: Vec<u8>,
    capacity: u64,
    pub(crate) public_key: G2Affine,
    pub(crate) g: G1Affine,
    pub(crate) h: G1Affine,
}

impl Params {
    /// Puts the parameters of a registry together.
    pub(crate) fn new(registry: &[u8], capacity: u64, public_key: G2Affine) -> Result<Self, Error> {
        if registry.is_empty() || registry.len() > MAX_REGISTRY_BYTES {
            return Err(invalid("a name of the registry that is empty or too long"));
        }
        if capacity == 0 || capacity > MAX_CAPACITY {
            return Err(invalid("a capacity outside 1 to 134,217,728"));
        }
        let one = G2Affine::generator();
        if public_key.is_identity() || public_key == one || public_key == one.negate() {
            return Err(invalid("a public key that anybody has the secret of"));
        }
        Ok(Self {
            registry: registry.to_vec(),
            capacity,
            public_key,
            g: generator_g(),
            h: generator_h(),
        })
    }

    /// Reads the encoded parameters, and checks everything that can be checked.
    ///
    /// # Errors
    /// [`Error::ParamsInvalid`]: another form, other generators than the ones that
    /// hashing gives, a public key that is no point of the group or has a known
    /// secret (0, 1, -1), a capacity of 0 or above [`MAX_CAPACITY`], no name.
    ///
    /// # Cost
    /// Two hashes to the curve and one subgroup check, 0.3 ms.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() < FIXED_BYTES || &bytes[..16] != MAGIC {
            return Err(invalid("another form"));
        }
        let public_key = read_compressed(&bytes[112..208])
            .map_err(|_| invalid("a public key that is no point of the group"))?;
        let mut capacity = [0; 8];
        capacity.copy_from_slice(&bytes[208..216]);
        let params = Self::new(
            &bytes[FIXED_BYTES..],
            u64::from_be_bytes(capacity),
            public_key,
        )?;
        // The generators, above all: with a known logarithm between them, one
        // commitment could be opened to the handle of another.
        if params.to_bytes() == bytes {
            Ok(params)
        } else {
            Err(invalid("other generators"))
        }
    }

    /// The encoded parameters: 216 bytes and the name of the registry.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED_BYTES + self.registry.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.g.compress());
        bytes.extend_from_slice(&self.h.compress());
        bytes.extend_from_slice(&self.public_key.compress());
        bytes.extend_from_slice(&self.capacity.to_be_bytes());
        bytes.extend_from_slice(&self.registry);
        bytes
    }

    /// The name of the registry.
    #[must_use]
    pub fn registry(&self) -> &[u8] {
        &self.registry
    }

    /// The number of slots.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// `alpha*Q`, compressed.
    #[must_use]
    pub fn public_key(&self) -> [u8; 96] {
        self.public_key.compress()
    }
}

const fn invalid(found: &'static str) -> Error {
    Error::ParamsInvalid { found }
}
