//! The manager's secret, and the keyed function that gives each slot its scalars.

use core::ops::Range;

use trustid_lanes::{
    Affine, Digest, G2Affine, G2Jacobian, Jacobian, Scalar, ShortMessage, SECRET_BYTES,
};
use zeroize::Zeroizing;

use super::slots::Slots;
use crate::random::random_scalar;
use crate::Error;

/// Bytes of a manager's secret: `alpha` and the key of the function over the slots.
pub const MANAGER_SECRET_BYTES: usize = 2 * SECRET_BYTES;

/// What a derived scalar is for. The byte goes into the function.
#[derive(Clone, Copy)]
enum Purpose {
    /// `u` of the first value `u*P`.
    FirstValue = 0,
    /// The handle of a slot.
    Handle = 1,
    /// What stands in a revoked slot's row for the inverse; it answers no handle.
    Replacement = 2,
}

/// `alpha` and the key of the function over the slots; each copy is wiped on its own.
#[derive(Clone)]
pub(crate) struct Secret {
    alpha: Scalar,
    key: Zeroizing<[u8; SECRET_BYTES]>,
}

/// Where in the hashed bytes stand what they are for, the slot and the counter, after the key.
const PURPOSE_AT: usize = SECRET_BYTES;
const SLOT_AT: usize = PURPOSE_AT + 1;
const COUNTER_AT: usize = SLOT_AT + 8;
const MESSAGE_BYTES: usize = COUNTER_AT + 4;

/// The keyed function, with buffers that are wiped once, not for each slot: that would take
/// a fifth of the time.
///
/// SHA-256 over key, purpose, slot and a counter: one block of the hash, of one
/// length always, so that nothing can be appended (the construction of the PRF
/// of FIPS 205, section 11.2). The lower 255 bits are taken if they are a number
/// above zero and below the order (nine in ten are), otherwise the next counter
/// is tried: no bias at all. A handle of `-alpha` is passed over as well: no row
/// could answer it.
pub(crate) struct Derivation<'a> {
    alpha: &'a Scalar,
    messages: [ShortMessage; 2],
    digests: Zeroizing<[Digest; 2]>,
}

impl Derivation<'_> {
    /// Gives `y + alpha` of each slot, as [`Secret::divisor`], in their order.
    pub(crate) fn divisors(
        &mut self,
        mut slots: impl Iterator<Item = u64>,
        mut take: impl FnMut(Scalar),
    ) {
        while let Some(first) = slots.next() {
            let second = slots.next();
            let pair = [first, second.unwrap_or(first)];
            let found = self.attempt(Purpose::Handle, pair, [0; 2]);
            for ((slot, found), _) in pair
                .iter()
                .zip(found)
                .zip([Some(first), second].iter().flatten())
            {
                let (_, divisor) =
                    found.unwrap_or_else(|| self.derive_from(Purpose::Handle, *slot, 1));
                take(divisor);
            }
        }
    }

    /// A scalar that nobody without the key can tell from a random one, and its sum with
    /// `alpha`: of the first counter from `counter` on that gives one.
    fn derive_from(&mut self, purpose: Purpose, slot: u64, mut counter: u32) -> (Scalar, Scalar) {
        loop {
            let [first, second] = self.attempt(purpose, [slot; 2], [counter, counter + 1]);
            if let Some(found) = first.or(second) {
                return found;
            }
            counter += 2;
        }
    }

    /// What two hashes give, if it can be taken.
    fn attempt(
        &mut self,
        purpose: Purpose,
        slots: [u64; 2],
        counters: [u32; 2],
    ) -> [Option<(Scalar, Scalar)>; 2] {
        for ((message, slot), counter) in self.messages.iter_mut().zip(slots).zip(counters) {
            message.write(PURPOSE_AT, &[purpose as u8]);
            message.write(SLOT_AT, &slot.to_be_bytes());
            message.write(COUNTER_AT, &counter.to_be_bytes());
        }
        *self.digests = ShortMessage::digest_two(&self.messages);
        let alpha = self.alpha;
        self.digests.each_mut().map(|digest| {
            digest[0] &= 0x7f;
            let scalar = Scalar::from_be_bytes(digest)?;
            let sum = scalar.add(alpha);
            (!scalar.is_zero() && !sum.is_zero()).then_some((scalar, sum))
        })
    }
}

impl Secret {
    /// Draws a new secret.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| Error::RandomnessUnavailable)?;
        Ok(Self {
            alpha: random_scalar()?,
            key,
        })
    }

    /// Reads what [`Secret::to_bytes`] gave.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let array: &[u8; MANAGER_SECRET_BYTES] =
            bytes.try_into().map_err(|_| Error::ManagerSecretInvalid)?;
        let (alpha, key) = array.split_at(SECRET_BYTES);
        let mut secret = Self {
            alpha: super::member::read_nonzero(alpha).map_err(|_| Error::ManagerSecretInvalid)?,
            key: Zeroizing::new([0; SECRET_BYTES]),
        };
        secret.key.copy_from_slice(key);
        Ok(secret)
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<[u8; MANAGER_SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0; MANAGER_SECRET_BYTES]);
        bytes[..SECRET_BYTES].copy_from_slice(self.alpha.to_be_bytes().as_slice());
        bytes[SECRET_BYTES..].copy_from_slice(self.key.as_slice());
        bytes
    }

    /// `alpha*Q`.
    pub(crate) fn public_key(&self) -> Result<G2Affine, Error> {
        let alpha = self.alpha.to_secret().ok_or(Error::ManagerSecretInvalid)?;
        Ok(G2Jacobian::from_affine(&G2Affine::generator())
            .multiply_secret(&alpha)
            .to_affine())
    }

    /// `u` of the first value.
    pub(crate) fn first_value(&self) -> Scalar {
        self.derive(Purpose::FirstValue, 0).0
    }

    /// The handle `y` of a slot.
    pub(crate) fn handle(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Handle, slot).0
    }

    /// `y + alpha` of a slot: what the value is divided by when it goes.
    pub(crate) fn divisor(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Handle, slot).1
    }

    /// The scalar of a revoked slot's row.
    pub(crate) fn replacement(&self, slot: u64) -> Scalar {
        self.derive(Purpose::Replacement, slot).0
    }

    /// `s` of each slot: `1 / (y + alpha)`, or what replaced it when it was revoked.
    pub(crate) fn row_scalars(&self, slots: Range<u64>, revoked: &Slots) -> Option<Vec<Scalar>> {
        let mut derivation = self.derivation();
        let mut divisors = Vec::new();
        derivation.divisors(slots.clone(), |divisor| divisors.push(divisor));
        let mut scalars = Scalar::invert_all(&divisors)?;
        for (slot, scalar) in slots.zip(&mut scalars) {
            if revoked.has(slot) {
                *scalar = self.replacement(slot);
            }
        }
        Some(scalars)
    }

    fn derive(&self, purpose: Purpose, slot: u64) -> (Scalar, Scalar) {
        self.derivation().derive_from(purpose, slot, 0)
    }

    /// The function over the slots, for many of them.
    pub(crate) fn derivation(&self) -> Derivation<'_> {
        let mut message = Zeroizing::new([0; MESSAGE_BYTES]);
        message[..SECRET_BYTES].copy_from_slice(self.key.as_slice());
        let message = ShortMessage::new(message.as_slice());
        Derivation {
            alpha: &self.alpha,
            messages: [message.clone(), message],
            digests: Zeroizing::default(),
        }
    }
}
