//! What cheats try who do not keep to the interface, each beside its honest twin.

use trustid_lanes::{Affine, FixedBase, G1Affine, G1Jacobian, Jacobian, Scalar};

use super::opening::times;
use super::transcript::{Challenge, Points};
use super::{Commitment, Context, MembershipProof, Opening, Presentation, Verifier, Witness};
use crate::accumulator::{Accumulator, Manager, Member};
use crate::bls::read_compressed;
use crate::random::random_scalar;
use crate::Error;

const DIGEST: [u8; 32] = [9; 32];

fn context() -> Context<'static> {
    Context::new(b"https://verifier.example", b"a nonce of bytes", &DIGEST).expect("a context")
}

fn manager(taken: u64) -> Manager {
    let mut manager = Manager::create(b"https://example.org/registry", 4096).expect("a registry");
    for slot in 0..taken {
        manager.take(slot).expect("a free slot");
    }
    manager
}

fn point(bytes: &[u8]) -> G1Affine {
    read_compressed(bytes).expect("a point")
}

/// Proves with a point that no check admitted, and shows it to a verifier.
fn cheat(manager: &Manager, member: &Member, row: G1Affine) -> Result<(), Error> {
    let opening = Opening::generate(member).expect("randomness");
    let witness = Witness::unchecked(manager.params(), manager.accumulator(), member, row);
    let proof = witness.prove(&opening, &context()).expect("a proof");
    let verifier = Verifier::new(manager.params(), manager.accumulator());
    let alone = verifier.verify(&proof, &opening.commitment(), &context());
    let together = verifier.verify_batch(&[shown(proof, &opening)], 1);
    assert_eq!(alone.is_ok(), together.is_ok());
    alone
}

fn shown(proof: MembershipProof, opening: &Opening) -> Presentation<'static> {
    Presentation {
        proof,
        commitment: opening.commitment(),
        context: context(),
    }
}

#[test]
fn b166_a_row_from_before_the_revocation_proves_nothing() {
    let mut manager = manager(2);
    let rows = [
        manager.row(0).expect("a row"),
        manager.row(1).expect("a row"),
    ];
    let members = [
        manager.member(0).expect("in"),
        manager.member(1).expect("in"),
    ];
    assert_eq!(Ok(()), cheat(&manager, &members[0], point(&rows[0])));
    manager.revoke(&[0]).expect("a member");
    assert_eq!(
        Err(Error::ProofInvalid),
        cheat(&manager, &members[0], point(&rows[0]))
    );
    assert_eq!(
        Err(Error::ProofInvalid),
        cheat(&manager, &members[1], point(&rows[1]))
    );
    let fresh = manager.row(1).expect("a row");
    assert_eq!(Ok(()), cheat(&manager, &members[1], point(&fresh)));
    // The row that now stands in the revoked slot answers nothing.
    let replaced = manager.rows(0..1, 1).expect("a row");
    assert_eq!(
        Err(Error::ProofInvalid),
        cheat(&manager, &members[0], point(&replaced))
    );
}

/// A revoked holder with the rows of a thousand others, of both epochs, adds up
/// whatever it likes: no sum is a row for its handle.
#[test]
fn b168_colluders_rows_combined_prove_nothing() {
    let colluders = 1_000;
    let mut manager = manager(colluders + 1);
    let revoked = manager.member(0).expect("in");
    let before = manager.rows(0..colluders + 1, 1).expect("rows");
    manager.revoke(&[0]).expect("a member");
    let after = manager.rows(0..colluders + 1, 1).expect("rows");
    let mut points: Vec<G1Affine> = before
        .chunks_exact(48)
        .chain(after.chunks_exact(48))
        .map(point)
        .collect();
    points.extend([manager.accumulator().value, G1Affine::generator()]);
    // How many points take part, and how many sums are tried.
    for (taking_part, tries) in [(2, 200), (5, 200), (30, 100), (points.len(), 8)] {
        for attempt in 0..tries {
            let chosen: Vec<G1Affine> = (0..taking_part)
                .map(|index| points[(attempt * 31 + index * 7) % points.len()])
                .collect();
            let scalars: Vec<u8> = chosen
                .iter()
                .flat_map(|_| *random_scalar().expect("randomness").to_le_bytes())
                .collect();
            let sum = G1Affine::multiply_sum(&chosen, &scalars, 32).to_affine();
            let (params, value) = (manager.params(), manager.accumulator());
            let checked = Witness::check(params, value, &revoked, &sum.compress());
            assert_eq!(Some(Error::WitnessInvalid), checked.err());
            if attempt < 4 {
                assert_eq!(Err(Error::ProofInvalid), cheat(&manager, &revoked, sum));
            }
        }
    }
    let twin = manager.member(1).expect("in");
    assert_eq!(Ok(()), cheat(&manager, &twin, point(&after[48..96])));
}

/// `A = B = 0` and a randomizer of zero satisfy every equation: only the reader refuses it.
#[test]
fn the_forgery_with_the_identity_is_refused_where_it_is_read() {
    let manager = manager(1);
    let (value, params) = (manager.accumulator(), manager.params());
    let stranger = Opening::from_bytes(&[5; 64]).expect("an opening");
    let masks = [0; 3].map(|_| random_scalar().expect("randomness"));
    let points = Points {
        a: G1Affine::default().compress(),
        b: G1Affine::default().compress(),
        t1: times(&value.value, &masks[0])
            .expect("not zero")
            .to_affine()
            .compress(),
        t2: times(&params.g, &masks[1])
            .expect("not zero")
            .add(&times(&params.h, &masks[2]).expect("not zero"))
            .to_affine()
            .compress(),
    };
    let challenge =
        Challenge::new(params, value, &stranger.commitment(), &points, &context()).scalar();
    let forged = MembershipProof {
        a: G1Affine::default(),
        b: G1Affine::default(),
        t1: points.t1,
        t2: points.t2,
        randomizer: masks[0].clone(),
        handle: masks[1].add(&challenge.multiply(&stranger.handle)),
        blinding: masks[2].add(&challenge.multiply(&stranger.blinding)),
    };
    // It really is a forgery: without the reader's check it would hold.
    let verifier = Verifier::new(params, value);
    assert_eq!(
        Ok(()),
        verifier.verify(&forged, &stranger.commitment(), &context())
    );
    let mut bytes = forged.to_bytes();
    assert_eq!(
        Some(Error::ProofInvalid),
        MembershipProof::from_bytes(&bytes).err()
    );
    // With only one of the two replaced it is refused or does not hold.
    let generator = G1Affine::generator().compress();
    bytes[..48].copy_from_slice(&generator);
    assert_eq!(
        Some(Error::ProofInvalid),
        MembershipProof::from_bytes(&bytes).err()
    );
    bytes[48..96].copy_from_slice(&generator);
    let other = MembershipProof::from_bytes(&bytes).expect("two points");
    assert_eq!(
        Err(Error::ProofInvalid),
        verifier.verify(&other, &stranger.commitment(), &context())
    );
}

/// Wrong parts that cancel each other in a plain sum do not cancel in the batch.
#[test]
fn errors_that_cancel_are_found_in_a_batch() {
    let manager = manager(6);
    let verifier = Verifier::new(manager.params(), manager.accumulator());
    let mut all: Vec<Presentation<'_>> = (0..6)
        .map(|slot| {
            let member = manager.member(slot).expect("in");
            let opening = Opening::generate(&member).expect("randomness");
            let row = manager.row(slot).expect("a row");
            let witness =
                Witness::check(manager.params(), manager.accumulator(), &member, &row).expect("ok");
            shown(
                witness.prove(&opening, &context()).expect("a proof"),
                &opening,
            )
        })
        .collect();
    assert_eq!(Ok(vec![]), verifier.find_invalid(&all, 2));
    let one = Scalar::one();
    all[1].proof.randomizer = all[1].proof.randomizer.add(&one);
    all[4].proof.randomizer = all[4].proof.randomizer.subtract(&one);
    assert_eq!(Ok(vec![1, 4]), verifier.find_invalid(&all, 1));
    assert_eq!(
        Err(Error::ProofInvalid.at(1)),
        verifier.verify_batch(&all, 2)
    );
    // A point outside the subgroup as T1 is refused before anything is combined.
    all[3].proof.t1 = outside_the_subgroup();
    assert_eq!(Ok(vec![1, 3, 4]), verifier.find_invalid(&all, 2));
    for (index, one) in all.iter().enumerate() {
        let alone = verifier.verify(&one.proof, &one.commitment, &one.context);
        assert_eq!([1, 3, 4].contains(&index), alone.is_err());
    }
}

fn outside_the_subgroup() -> [u8; 48] {
    (1_u8..)
        .find_map(|x| {
            let mut bytes = [0; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            let point = G1Affine::uncompress(&bytes).ok()?;
            (!point.in_subgroup()).then_some(bytes)
        })
        .expect("most points of the curve lie outside")
}

#[test]
fn b174_points_that_are_none_are_refused_with_their_own_error() {
    let manager = manager(1);
    let outside = outside_the_subgroup();
    let infinity = G1Affine::default().compress();
    let commitment = |bytes: &[u8]| Commitment::from_bytes(bytes).err();
    let value = |bytes: &[u8]| Accumulator::from_bytes(&[&[0; 8], bytes].concat()).err();
    let both = |bytes: &[u8]| {
        let found = commitment(bytes);
        assert_eq!(found, value(bytes));
        found
    };
    assert_eq!(None, both(&manager.accumulator().value()));
    assert_eq!(Some(Error::PointNotInSubgroup), both(&outside));
    assert_eq!(Some(Error::PointIsIdentity), both(&infinity));
    assert!(matches!(both(&[0; 48]), Some(Error::PointEncoding { .. })));
    assert!(matches!(
        both(&outside[..47]),
        Some(Error::PointEncoding { .. })
    ));
}

/// Rows by table are those by one multiplication, for every kind of slot.
#[test]
fn a_row_is_the_witness_made_anew() {
    let mut manager = manager(70);
    manager.revoke(&[3, 5]).expect("members");
    let rows = manager.rows(0..70, 2).expect("rows");
    assert_eq!(rows, manager.rows(0..70, 1).expect("rows"));
    for slot in [0, 1, 2, 4, 63, 64, 69] {
        let at = 48 * usize::try_from(slot).expect("small");
        let row = manager.row(slot).expect("in");
        assert_eq!(row, rows[at..at + 48]);
        let member = manager.member(slot).expect("in");
        Witness::check(manager.params(), manager.accumulator(), &member, &row).expect("a witness");
    }
    let base = FixedBase::new(&manager.accumulator().value, 5);
    let one = base.multiply(&Scalar::one()).to_affine();
    assert_eq!(manager.accumulator().value, one);
    assert!(!G1Jacobian::from_affine(&one).is_identity());
}
