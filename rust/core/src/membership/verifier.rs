//! The verifier's side: one proof.

use core::fmt;
use std::sync::OnceLock;

use trustid_lanes::{
    Affine, FixedBase, G1Jacobian, G2Affine, Jacobian, MillerLoop, OddMultiples, PreparedG2,
};

use super::opening::Commitment;
use super::proof::MembershipProof;
use super::transcript::{Challenge, Context, Points};
use crate::accumulator::{generator_g, generator_h, Accumulator, Params};
use crate::Error;

/// Bits of a window of the verifier's tables: 1.3 MB each, made in 5 ms.
const WINDOW: usize = 10;

/// Checks proofs of one epoch of one registry; made once, used many times.
pub struct Verifier {
    pub(super) params: Params,
    pub(super) accumulator: Accumulator,
    value: FixedBase,
    public_key: PreparedG2,
    generator: PreparedG2,
}

/// Multiples of the generators of commitments, the same for every registry.
fn generators() -> &'static [FixedBase; 2] {
    static TABLES: OnceLock<[FixedBase; 2]> = OnceLock::new();
    TABLES.get_or_init(|| [generator_g(), generator_h()].map(|base| FixedBase::new(&base, WINDOW)))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verifier(epoch {})", self.accumulator.epoch())
    }
}

impl Verifier {
    /// Prepares the table of one epoch.
    ///
    /// # Cost
    /// 5 ms and 1.3 MB; the first proof of a process costs twice that more.
    #[must_use]
    pub fn new(params: &Params, accumulator: &Accumulator) -> Self {
        Self {
            value: FixedBase::new(&accumulator.value, WINDOW),
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
        let [for_handle, for_blinding] = generators();
        let t2 = for_handle
            .multiply(&proof.handle)
            .add(&for_blinding.multiply(&proof.blinding))
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
