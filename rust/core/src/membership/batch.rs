//! Many proofs checked together by a random linear combination.
//!
//! Each proof stands for three equations: `e(A, alpha*Q) = e(B, Q)`,
//! `T1 = r^*V - y^*A - c*B` and `T2 = y^*G + rho^*H - c*K`. With random numbers
//! `d1`, `d2`, `d3` of 128 bits for each proof, all of them hold, but for one case in
//! 2^128, if and only if `e(sum d1*A, alpha*Q) = e(S, Q)` with `S` the sum of
//! `d1*B` and of `d2` and `d3` times what the second and third leave over. The
//! numbers are drawn from the operating system after the proofs are fixed.

use core::ops::Range;

use trustid_lanes::{Affine, G1Affine, G1Jacobian, Jacobian, Scalar};
use zeroize::Zeroizing;

use super::opening::Commitment;
use super::proof::MembershipProof;
use super::transcript::{scalar_of, Context, CHALLENGE_BYTES};
use super::verifier::Verifier;
use super::witness::answers;
use crate::bls::read_compressed;
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// The most proofs of one batch.
pub const MAX_BATCH: usize = 1 << 16;

/// Bytes of a coefficient: 128 bits.
const COEFFICIENT: usize = CHALLENGE_BYTES;

/// One proof with what it is checked against.
#[derive(Clone, Debug)]
pub struct Presentation<'a> {
    /// The proof.
    pub proof: MembershipProof,
    /// The commitment in the credential.
    pub commitment: Commitment,
    /// To whom, for which nonce, with which credential.
    pub context: Context<'a>,
}

/// A presentation in numbers: both commitments as points, the challenge, three coefficients.
struct Part<'a> {
    proof: &'a MembershipProof,
    commitment: &'a Commitment,
    t1: G1Affine,
    t2: G1Affine,
    challenge: Scalar,
    coefficients: [[u8; COEFFICIENT]; 3],
}

impl Verifier {
    /// Checks many proofs together.
    ///
    /// # Errors
    /// [`Error::At`] with the first place whose proof is [`Error::ProofInvalid`];
    /// [`Error::LimitExceeded`] above [`MAX_BATCH`] or for the threads.
    ///
    /// # Cost
    /// Two Miller loops in all; for each proof two square roots, two subgroup
    /// checks and five terms of a sum.
    pub fn verify_batch(
        &self,
        presentations: &[Presentation<'_>],
        threads: usize,
    ) -> Result<(), Error> {
        match self.find_invalid(presentations, threads)?.first() {
            Some(first) => Err(Error::ProofInvalid.at(*first)),
            None => Ok(()),
        }
    }

    /// Finds the places whose proofs do not hold, in order; none if all do.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`], [`Error::RandomnessUnavailable`].
    ///
    /// # Cost
    /// That of [`Verifier::verify_batch`], and for each bad proof about as many
    /// checks of ever smaller parts as the number of proofs has bits.
    pub fn find_invalid(
        &self,
        presentations: &[Presentation<'_>],
        threads: usize,
    ) -> Result<Vec<usize>, Error> {
        check_batch(presentations.len(), threads)?;
        let mut random = Zeroizing::new(vec![0; 3 * COEFFICIENT * presentations.len()]);
        getrandom::fill(&mut random).map_err(|_| Error::RandomnessUnavailable)?;
        let prepared: Vec<Option<Part<'_>>> = by_ranges(presentations.len(), threads, |range| {
            let points = read_commitments(&presentations[range.clone()]);
            range
                .zip(points)
                .map(|(index, points)| {
                    let bytes = &random[3 * COEFFICIENT * index..3 * COEFFICIENT * (index + 1)];
                    Some(self.prepare(&presentations[index], points?, bytes))
                })
                .collect::<Vec<_>>()
        })
        .into_iter()
        .flatten()
        .collect();
        let mut bad: Vec<usize> = Vec::new();
        let mut parts = Vec::with_capacity(prepared.len());
        for (index, part) in prepared.into_iter().enumerate() {
            match part {
                Some(part) => parts.push((index, part)),
                None => bad.push(index),
            }
        }
        self.search(&parts, threads, &mut bad);
        bad.sort_unstable();
        Ok(bad)
    }

    fn prepare<'a>(
        &self,
        presentation: &'a Presentation<'_>,
        [t1, t2]: [G1Affine; 2],
        random: &[u8],
    ) -> Part<'a> {
        let Presentation {
            proof,
            commitment,
            context,
        } = presentation;
        let mut coefficients = [[0; COEFFICIENT]; 3];
        for (slot, bytes) in coefficients
            .iter_mut()
            .zip(random.chunks_exact(COEFFICIENT))
        {
            slot.copy_from_slice(bytes);
            // A coefficient of zero would leave its equation out.
            slot[COEFFICIENT - 1] |= u8::from(*slot == [0; COEFFICIENT]);
        }
        Part {
            proof,
            commitment,
            t1,
            t2,
            challenge: self.challenge(proof, commitment, context).scalar(),
            coefficients,
        }
    }

    /// Halves what does not hold until single proofs are left.
    fn search(&self, parts: &[(usize, Part<'_>)], threads: usize, bad: &mut Vec<usize>) {
        if parts.is_empty() || self.holds(parts, threads) {
            return;
        }
        if let [(index, _)] = parts {
            bad.push(*index);
            return;
        }
        let (first, second) = parts.split_at(parts.len() / 2);
        self.search(first, threads, bad);
        self.search(second, threads, bad);
    }

    /// Whether the combination of all equations holds.
    fn holds(&self, parts: &[(usize, Part<'_>)], threads: usize) -> bool {
        let sums = by_ranges(parts.len(), threads, |range| self.sums(parts, range));
        let mut total = [G1Jacobian::default(); 2];
        for sum in sums {
            total[0] = total[0].add(&sum[0]);
            total[1] = total[1].add(&sum[1]);
        }
        answers(&total[0].to_affine(), &total[1].to_affine(), &self.params)
    }

    /// `sum d1*A`, and `S`.
    fn sums(&self, parts: &[(usize, Part<'_>)], range: Range<usize>) -> [G1Jacobian; 2] {
        let count = range.len();
        let mut sum = Terms::new(3 * count + 3);
        let (mut points_a, mut firsts) = (Vec::with_capacity(count), Vec::new());
        let (mut commitments, mut halves) = (Vec::with_capacity(2 * count), Vec::new());
        let mut fixed = [Scalar::zero(), Scalar::zero(), Scalar::zero()];
        for (_, part) in &parts[range] {
            let [first, second, third] = &part.coefficients;
            let [d1, d2, d3] = part.coefficients.each_ref().map(scalar_of);
            let proof = part.proof;
            points_a.push(proof.a);
            firsts.extend(first.iter().rev());
            // S = sum of d1*B + d2*(r^*V - y^*A - c*B - T1) + d3*(y^*G + rho^*H - c*K - T2).
            sum.add(&proof.a, &d2.multiply(&proof.handle).negate());
            sum.add(&proof.b, &d1.subtract(&d2.multiply(&part.challenge)));
            sum.add(
                &part.commitment.point,
                &d3.multiply(&part.challenge).negate(),
            );
            commitments.extend([part.t1.negate(), part.t2.negate()]);
            halves.extend(second.iter().rev());
            halves.extend(third.iter().rev());
            fixed[0] = fixed[0].add(&d2.multiply(&proof.randomizer));
            fixed[1] = fixed[1].add(&d3.multiply(&proof.handle));
            fixed[2] = fixed[2].add(&d3.multiply(&proof.blinding));
        }
        sum.add(&self.accumulator.value, &fixed[0]);
        sum.add(&self.params.g, &fixed[1]);
        sum.add(&self.params.h, &fixed[2]);
        [
            G1Affine::multiply_sum(&points_a, &firsts, COEFFICIENT),
            G1Affine::multiply_sum(&sum.points, &sum.scalars, 32).add(&G1Affine::multiply_sum(
                &commitments,
                &halves,
                COEFFICIENT,
            )),
        ]
    }
}

/// Refuses too many at once, and a number of threads that makes no sense.
pub(super) fn check_batch(count: usize, threads: usize) -> Result<(), Error> {
    check_threads(threads)?;
    if count > MAX_BATCH {
        return Err(Error::LimitExceeded {
            what: "proofs of one batch",
            limit: MAX_BATCH,
            found: count,
        });
    }
    Ok(())
}

/// Reads encoded items, each thread many of them; the first error by place wins.
pub(super) fn in_parts<E: Sync, T: Send>(
    encodings: &[E],
    threads: usize,
    read: impl Fn(&[E]) -> Vec<Result<T, Error>> + Sync,
) -> Result<Vec<T>, Error> {
    by_ranges(encodings.len(), threads, |range| read(&encodings[range]))
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, found)| found.map_err(|error| error.at(index)))
        .collect()
}

/// `T1` and `T2` of each proof, read many at once; `None` where one is no point of the subgroup.
fn read_commitments(presentations: &[Presentation<'_>]) -> Vec<Option<[G1Affine; 2]>> {
    let bytes: Vec<u8> = presentations
        .iter()
        .flat_map(|one| one.proof.t1.into_iter().chain(one.proof.t2))
        .collect();
    // What is read at once leaves infinity out, which a single check takes if it is what must be there.
    let again =
        |bytes: &[u8], found: Option<G1Affine>| found.or_else(|| read_compressed(bytes).ok());
    let all = G1Affine::read_all(&bytes);
    presentations
        .iter()
        .zip(all.chunks_exact(2))
        .map(|(one, found)| {
            Some([
                again(&one.proof.t1, found[0])?,
                again(&one.proof.t2, found[1])?,
            ])
        })
        .collect()
}

/// Points with full scalars, waiting to be summed.
struct Terms {
    points: Vec<G1Affine>,
    scalars: Vec<u8>,
}

impl Terms {
    fn new(count: usize) -> Self {
        Self {
            points: Vec::with_capacity(count),
            scalars: Vec::with_capacity(32 * count),
        }
    }

    fn add(&mut self, point: &G1Affine, scalar: &Scalar) {
        self.points.push(*point);
        self.scalars
            .extend_from_slice(scalar.to_le_bytes().as_slice());
    }
}
