//! The verifier's side: one proof.

use core::fmt;

use trustid_lanes::{
    Affine, FixedBase, G1Jacobian, G2Affine, Jacobian, MillerLoop, OddMultiples, PreparedG2,
};

use super::opening::Commitment;
use super::proof::MembershipProof;
use super::transcript::{Challenge, Context, Points};
use crate::accumulator::{Accumulator, Params};
use crate::Error;

/// Bits of a window of the verifier's tables: 0.4 MB each, made in 3 ms.
const WINDOW: usize = 8;

/// Checks proofs of one epoch of one registry; made once, used many times.
pub struct Verifier {
    pub(super) params: Params,
    pub(super) accumulator: Accumulator,
    value: FixedBase,
    g: FixedBase,
    h: FixedBase,
    public_key: PreparedG2,
    generator: PreparedG2,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verifier(epoch {})", self.accumulator.epoch())
    }
}

impl Verifier {
    /// Prepares the tables of one epoch.
    ///
    /// # Cost
    /// 9 ms and 1.2 MB.
    #[must_use]
    pub fn new(params: &Params, accumulator: &Accumulator) -> Self {
        Self {
            value: FixedBase::new(&accumulator.value, WINDOW),
            g: FixedBase::new(&params.g, WINDOW),
            h: FixedBase::new(&params.h, WINDOW),
            public_key: PreparedG2::new(&params.public_key),
            generator: PreparedG2::new(&G2Affine::generator()),
            params: params.clone(),
            accumulator: *accumulator,
        }
    }

    /// The number of the epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.accumulator.epoch()
    }

    /// Checks one proof.
    ///
    /// `e(A, alpha*Q) = e(B, Q)`, and `T1`, `T2` must be what the responses give:
    /// `T1 = r^*V - y^*A - c*B` and `T2 = y^*G + rho^*H - c*K`. What they must be is
    /// compared with what was sent byte by byte: only one encoding of one point
    /// of the subgroup passes, and no square root is taken.
    ///
    /// # Errors
    /// [`Error::ProofInvalid`].
    ///
    /// # Cost
    /// Two Miller loops that share their squarings, and two times 128 doublings: 0.9 ms.
    pub fn verify(
        &self,
        proof: &MembershipProof,
        commitment: &Commitment,
        context: &Context<'_>,
    ) -> Result<(), Error> {
        let challenge = self.challenge(proof, commitment, context).scalar();
        let [a, b, k] = OddMultiples::of([&proof.a, &proof.b, &commitment.point]);
        let from_t1 = OddMultiples::sum(&[(&a, &proof.handle), (&b, &challenge)]);
        let from_t2 = OddMultiples::sum(&[(&k, &challenge)]);
        let t1 = self
            .value
            .multiply(&proof.randomizer)
            .add(&from_t1.negate());
        let t2 = self
            .g
            .multiply(&proof.handle)
            .add(&self.h.multiply(&proof.blinding))
            .add(&from_t2.negate());
        let expected = G1Jacobian::to_affine_all(&[t1, t2]);
        let same = expected[0].compress() == proof.t1 && expected[1].compress() == proof.t2;
        if same && self.pairs(proof) {
            Ok(())
        } else {
            Err(Error::ProofInvalid)
        }
    }

    /// Whether `e(A, alpha*Q) = e(B, Q)`.
    fn pairs(&self, proof: &MembershipProof) -> bool {
        let mut product = MillerLoop::new();
        product.add_prepared(&[
            (proof.a, &self.public_key),
            (proof.b.negate(), &self.generator),
        ]);
        product.is_one()
    }

    pub(super) fn challenge(
        &self,
        proof: &MembershipProof,
        commitment: &Commitment,
        context: &Context<'_>,
    ) -> Challenge {
        Challenge::new(
            &self.params,
            &self.accumulator,
            commitment,
            &Points::from(proof),
            context,
        )
    }
}
