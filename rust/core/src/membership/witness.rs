//! The holder's side: checking a row, and proving with it.

use core::fmt;

use trustid_lanes::{Affine, G1Affine, G1Jacobian, G2Affine, Jacobian, MillerLoop, Scalar};

use super::opening::{combine, times, Opening};
use super::proof::MembershipProof;
use super::transcript::{Challenge, Context, Points};
use crate::accumulator::{read_member_of_group, Accumulator, Member, Params};
use crate::random::random_scalar;
use crate::Error;

/// A row that answers a handle at one epoch, and everything needed to prove so.
///
/// In hand it was checked. It holds the handle: not shown by `Debug`, wiped when dropped.
pub struct Witness {
    params: Params,
    accumulator: Accumulator,
    handle: Scalar,
    /// `C`, the row.
    row: G1Affine,
    /// `V - y*C`, which is `alpha*C`.
    shifted: G1Affine,
}

impl fmt::Debug for Witness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Witness(epoch {}, redacted)",
            self.accumulator.epoch()
        )
    }
}

/// The four random numbers of a proof: never used twice, never known to anybody.
struct Randomness {
    randomizer: Scalar,
    masks: [Scalar; 3],
}

impl Witness {
    /// Checks that a row answers a handle: `e(C, y*Q + alpha*Q) = e(V, Q)`.
    ///
    /// The equation is computed as `e(C, alpha*Q) = e(V - y*C, Q)`, which is the
    /// same and needs no multiplication in G2.
    ///
    /// # Errors
    /// [`Error::WitnessInvalid`]: the member was revoked, or the row is of another
    /// slot, epoch or registry. [`Error::PointEncoding`] and the like for bytes that
    /// are no row.
    ///
    /// # Cost
    /// Two Miller loops, one multiplication: 1 ms.
    pub fn check(
        params: &Params,
        accumulator: &Accumulator,
        member: &Member,
        row: &[u8],
    ) -> Result<Self, Error> {
        let row = read_member_of_group(row)?;
        let shifted = G1Jacobian::from_affine(&accumulator.value)
            .add(&times(&row, &member.handle)?.negate())
            .to_affine();
        if !answers(&row, &shifted, params) {
            return Err(Error::WitnessInvalid);
        }
        Ok(Self {
            params: params.clone(),
            accumulator: *accumulator,
            handle: member.handle.clone(),
            row,
            shifted,
        })
    }

    /// The number of the epoch that this witness is good for.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.accumulator.epoch()
    }

    /// Proves that the handle in a commitment is a member.
    ///
    /// # Arguments
    /// * `opening` - of the commitment in the credential that is shown.
    /// * `context` - to whom, for which nonce, with which credential.
    ///
    /// # Errors
    /// [`Error::HandleInvalid`] if the opening is of another handle;
    /// [`Error::RandomnessUnavailable`].
    ///
    /// # Cost
    /// Six multiplications in constant time, 0.7 ms; no pairing.
    pub fn prove(
        &self,
        opening: &Opening,
        context: &Context<'_>,
    ) -> Result<MembershipProof, Error> {
        let randomness = Randomness {
            randomizer: random_scalar()?,
            masks: [random_scalar()?, random_scalar()?, random_scalar()?],
        };
        self.prove_with(opening, context, &randomness)
    }

    /// Proves with given randomness, 4 times 32 bytes: for test vectors only. Two
    /// proofs with one randomness give the handle away.
    ///
    /// # Errors
    /// As [`Witness::prove`]; [`Error::HandleInvalid`] for bytes that are no scalars.
    pub fn prove_derand(
        &self,
        opening: &Opening,
        context: &Context<'_>,
        randomness: &[u8],
    ) -> Result<MembershipProof, Error> {
        let mut scalars = randomness
            .chunks(32)
            .map(|bytes| Member::from_bytes(bytes).map(|member| member.handle));
        let mut next = || scalars.next().unwrap_or(Err(Error::HandleInvalid));
        let randomness = Randomness {
            randomizer: next()?,
            masks: [next()?, next()?, next()?],
        };
        self.prove_with(opening, context, &randomness)
    }

    fn prove_with(
        &self,
        opening: &Opening,
        context: &Context<'_>,
        randomness: &Randomness,
    ) -> Result<MembershipProof, Error> {
        if opening.handle != self.handle {
            return Err(Error::HandleInvalid);
        }
        let Randomness { randomizer, masks } = randomness;
        let [mask_randomizer, mask_handle, mask_blinding] = masks;
        // A = r*C, B = r*V - y*A = r*(V - y*C).
        let a = times(&self.row, randomizer)?;
        let b = times(&self.shifted, randomizer)?;
        // T1 = r~*V - y~*A, with A = r*C; T2 = y~*G + rho~*H.
        let t1 = times(&self.accumulator.value, mask_randomizer)?
            .add(&times(&self.row, &mask_handle.multiply(randomizer))?.negate());
        let t2 = combine(&self.params.g, mask_handle, &self.params.h, mask_blinding)?;
        let affine = G1Jacobian::to_affine_all(&[a, b, t1, t2]);
        let [a, b, t1, t2] = affine[..] else {
            return Err(Error::ProofInvalid);
        };
        let points = Points {
            a: a.compress(),
            b: b.compress(),
            t1: t1.compress(),
            t2: t2.compress(),
        };
        let challenge = Challenge::new(
            &self.params,
            &self.accumulator,
            &opening.commitment(),
            &points,
            context,
        )
        .scalar();
        let respond = |mask: &Scalar, secret: &Scalar| mask.add(&challenge.multiply(secret));
        Ok(MembershipProof {
            a,
            b,
            t1: points.t1,
            t2: points.t2,
            randomizer: respond(mask_randomizer, randomizer),
            handle: respond(mask_handle, &self.handle),
            blinding: respond(mask_blinding, &opening.blinding),
        })
    }

    /// A witness that was not checked, to see what a cheat can do with it.
    #[cfg(test)]
    pub(super) fn unchecked(
        params: &Params,
        accumulator: &Accumulator,
        member: &Member,
        row: G1Affine,
    ) -> Self {
        let shifted = G1Jacobian::from_affine(&accumulator.value)
            .add(&times(&row, &member.handle).expect("not zero").negate())
            .to_affine();
        Self {
            params: params.clone(),
            accumulator: *accumulator,
            handle: member.handle.clone(),
            row,
            shifted,
        }
    }
}

/// Whether `e(point, alpha*Q) = e(shifted, Q)`: whether `shifted = alpha * point`.
pub(super) fn answers(point: &G1Affine, shifted: &G1Affine, params: &Params) -> bool {
    let mut product = MillerLoop::new();
    product.add(
        &[*point, shifted.negate()],
        &[params.public_key, G2Affine::generator()],
    );
    product.is_one()
}
