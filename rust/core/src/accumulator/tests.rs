//! What holders can try with the rows of everybody, each beside its honest twin.

use trustid_lanes::{
    sha256, Affine, G1Affine, G1Jacobian, G2Affine, G2Jacobian, Jacobian, MillerLoop,
};

use super::secret::Secret;
use super::{Manager, Member, ROW_BYTES};
use crate::bls::read_compressed;
use crate::membership::Witness;
use crate::random::random_scalar;

/// Slots of the registries here; few, since each is tested by pairings.
const SLOTS: u64 = 24;

fn points(rows: &[u8]) -> Vec<G1Affine> {
    rows.chunks_exact(ROW_BYTES)
        .map(|row| read_compressed(row).expect("a point"))
        .collect()
}

fn rows(manager: &Manager) -> Vec<G1Affine> {
    points(&manager.rows(0..SLOTS, 1).expect("rows"))
}

fn registry() -> Manager {
    let mut manager = Manager::create(b"https://example.org/registry", SLOTS).expect("a registry");
    for slot in 0..SLOTS {
        manager.take(slot).expect("free");
    }
    manager
}

/// `y*Q + alpha*Q`, which everybody with the handle can compute.
fn divisor(manager: &Manager, member: &Member) -> G2Affine {
    let handle = member.handle.to_secret().expect("not zero");
    let public_key = G2Jacobian::from_affine(&manager.params().public_key);
    G2Jacobian::from_affine(&G2Affine::generator())
        .multiply_secret(&handle)
        .add(&public_key)
        .to_affine()
}

/// What a holder who was revoked alone can compute: which rows of the next epoch are the
/// old ones divided by `y + alpha`, as the value was.
fn rows_that_went_on(before: &[G1Affine], after: &[G1Affine], divisor: &G2Affine) -> Vec<u64> {
    (0_u64..)
        .zip(before.iter().zip(after))
        .filter(|(_, (before, after))| {
            let mut product = MillerLoop::default();
            let (left, right) = (
                [**after, before.negate()],
                [*divisor, G2Affine::generator()],
            );
            product.add(&left, &right);
            product.is_one()
        })
        .map(|(slot, _)| slot)
        .collect()
}

/// The attack of the design: fresh random points for revoked slots tell the revoked ones
/// to somebody who is revoked alone later. Scalars that are replaced once do not.
#[test]
fn who_is_revoked_alone_learns_of_nobody_else() {
    let mut manager = registry();
    manager.revoke(&[3, 8, 20]).expect("members");
    let attacker = manager.member(5).expect("in");
    let divisor = divisor(&manager, &attacker);
    let before = rows(&manager);
    manager.revoke(&[5]).expect("a member");
    let after = rows(&manager);
    let others: Vec<u64> = (0..SLOTS).filter(|slot| *slot != 5).collect();
    assert_eq!(others, rows_that_went_on(&before, &after, &divisor));
    // The same registry, with a fresh random point in each revoked row of each epoch.
    let fresh = |rows: &[G1Affine], revoked: &[usize]| {
        let mut rows = rows.to_vec();
        for slot in revoked {
            let scalar = random_scalar().expect("randomness");
            rows[*slot] = G1Jacobian::from_affine(&rows[*slot])
                .multiply_public(scalar.to_le_bytes().as_slice())
                .to_affine();
        }
        rows
    };
    let told = rows_that_went_on(
        &fresh(&before, &[3, 8, 20]),
        &fresh(&after, &[3, 5, 8, 20]),
        &divisor,
    );
    let alive: Vec<u64> = (0..SLOTS)
        .filter(|slot| ![3, 5, 8, 20].contains(slot))
        .collect();
    assert_eq!(alive, told);
}

/// Everything that one revoked and some live holders have: both values, all of their rows.
struct Colluders {
    known: Vec<G1Affine>,
    /// The only point that answers the revoked handle at the new epoch: the manager knows it.
    wanted: G1Affine,
}

impl Colluders {
    fn new(live: u64) -> Self {
        let name = b"https://example.org/registry";
        let mut manager = Manager::create(name, live + 1).expect("a registry");
        for slot in 0..=live {
            manager.take(slot).expect("free");
        }
        let member = manager.member(live).expect("in");
        let mut known = points(&manager.rows(0..live + 1, 1).expect("rows"));
        known.push(manager.accumulator().value);
        let after = manager.revoke(&[live]).expect("a member");
        known.extend(points(&manager.rows(0..live, 1).expect("rows")));
        known.extend([after.value, G1Affine::generator()]);
        let secret = Secret::from_bytes(manager.secret_bytes().as_slice()).expect("a secret");
        let inverse = secret.divisor(live).invert().expect("not zero");
        let wanted = G1Jacobian::from_affine(&after.value)
            .multiply_public(inverse.to_le_bytes().as_slice())
            .to_affine();
        // That this is what they need, the check of a row says.
        Witness::check(manager.params(), &after, &member, &wanted.compress()).expect("an answer");
        Self { known, wanted }
    }

    /// Begins with a sum of all points with random coefficients, then changes the
    /// coefficients with each try; tells how often that came to what they want.
    fn hits(&self, tries: usize) -> usize {
        let coefficients: Vec<u8> = self
            .known
            .iter()
            .flat_map(|_| *random_scalar().expect("randomness").to_le_bytes())
            .collect();
        let mut sum = G1Affine::multiply_sum(&self.known, &coefficients, 32);
        let sums: Vec<G1Jacobian> = (0..tries as u64)
            .map(|attempt| {
                let digest = sha256(&attempt.to_le_bytes());
                let place = usize::from(u16::from_le_bytes([digest[0], digest[1]]));
                let point = self.known[place % self.known.len()];
                let doubled = if digest[2] & 1 == 0 {
                    sum
                } else {
                    sum.add(&sum)
                };
                sum = doubled.add_affine(&point);
                sum
            })
            .collect();
        G1Jacobian::to_affine_all(&sums)
            .iter()
            .filter(|sum| **sum == self.wanted)
            .count()
    }
}

/// Ten thousand combinations for each number of colluders. There is one point only that
/// helps them, so that a try is a comparison with it, not a pairing; that a verifier takes
/// nothing else, [`crate::membership`] tests.
#[test]
fn b168_no_combination_of_colluders_rows_is_a_row_of_the_revoked_one() {
    for live in [1, 2, 10, 100, 999] {
        assert_eq!(0, Colluders::new(live).hits(10_000), "{live} live holders");
    }
}
