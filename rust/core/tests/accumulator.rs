//! The laws of the manager, each refusal beside its twin.

use trustid_core::accumulator::{block_hash, Manager, Member, Params, BLOCK_ROWS};
use trustid_core::membership::Witness;
use trustid_core::Error;

const REGISTRY: &[u8] = b"https://example.org/registry";

fn not_member(index: usize) -> Error {
    Error::At {
        index,
        error: Box::new(Error::NotMember),
    }
}

fn manager(taken: u64) -> Manager {
    let mut manager = Manager::create(REGISTRY, 5_000).expect("a registry");
    for slot in 0..taken {
        manager.take(slot).expect("a free slot");
    }
    manager
}

/// A second manager with the same secret and state.
fn twin(manager: &Manager) -> Manager {
    let secret = manager.secret_bytes();
    Manager::restore(secret.as_slice(), manager.params(), &manager.state_bytes()).expect("a twin")
}

#[test]
fn b181_all_at_once_is_one_by_one() {
    let mut together = manager(40);
    let mut singly = twin(&together);
    let slots: Vec<u64> = (0..40).step_by(3).collect();
    together.revoke_with(&slots, 2).expect("members");
    for slot in &slots {
        singly.revoke(&[*slot]).expect("a member");
    }
    assert_eq!(together.accumulator().value(), singly.accumulator().value());
    assert_eq!(
        (1, 14),
        (together.accumulator().epoch(), singly.accumulator().epoch())
    );
    assert_eq!(together.rows(0..41, 1), singly.rows(0..41, 1));
    let (before, value) = (together.state_bytes(), *together.accumulator());
    assert_eq!(value, together.revoke(&[]).expect("nothing"));
    assert_eq!(before, together.state_bytes());
}

#[test]
fn b163_b164_b165_slots_are_taken_once_and_revoked_once() {
    let mut manager = manager(3);
    assert_eq!(Some(Error::HandleDuplicate), manager.take(1).err());
    let before = manager.state_bytes();
    for slots in [&[3][..], &[0, 0], &[0, 9_999], &[u64::MAX]] {
        let error = manager.revoke(slots).err();
        assert!(matches!(&error, Some(Error::At { error, .. }) if **error == Error::NotMember));
        assert_eq!(before, manager.state_bytes());
    }
    manager.revoke(&[1]).expect("a member");
    assert_eq!(Some(not_member(0)), manager.revoke(&[1]).err());
    assert_eq!(Some(Error::HandleRevokedFinal), manager.take(1).err());
    assert_eq!(Some(Error::NotMember), manager.member(1).err());
    assert_eq!(Some(Error::NotMember), manager.row(1).err());
    assert_eq!(Some(Error::SlotRange), manager.take(5_000).err());
    assert_eq!(2, manager.members());
    manager.take(4_999).expect("the last slot");
}

#[test]
fn joining_changes_nothing_that_is_public() {
    let mut manager = manager(0);
    let (value, rows) = (*manager.accumulator(), manager.rows(0..8, 1));
    manager.take(5).expect("a free slot");
    assert_eq!(
        (value, rows),
        (*manager.accumulator(), manager.rows(0..8, 1))
    );
}

#[test]
fn b160_only_scalars_above_zero_are_handles() {
    let manager = manager(1);
    let handle = manager.member(0).expect("in").to_bytes();
    assert_eq!(
        handle,
        Member::from_bytes(handle.as_slice())
            .expect("a handle")
            .to_bytes()
    );
    let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let mut order: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&order[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    assert_eq!(Some(Error::HandleInvalid), Member::from_bytes(&order).err());
    order[31] += 7;
    assert_eq!(Some(Error::HandleInvalid), Member::from_bytes(&order).err());
    assert_eq!(
        Some(Error::HandleInvalid),
        Member::from_bytes(&[0; 32]).err()
    );
    assert_eq!(
        Some(Error::HandleInvalid),
        Member::from_bytes(&[1; 33]).err()
    );
}

#[test]
fn b179_altered_parameters_are_refused() {
    let manager = manager(1);
    let bytes = manager.params().to_bytes();
    assert_eq!(Ok(manager.params()), Params::from_bytes(&bytes).as_ref());
    let alter = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut copy = bytes.clone();
        change(&mut copy);
        assert!(matches!(
            Params::from_bytes(&copy),
            Err(Error::ParamsInvalid { .. })
        ));
    };
    // Another generator: the two exchanged, or a multiple of one of them.
    alter(&|copy| copy[16..112].rotate_left(48));
    alter(&|copy| copy.copy_within(16..64, 64));
    // alpha = 0 and alpha = 1.
    alter(&|copy| {
        copy[112..208].fill(0);
        copy[112] = 0xc0;
    });
    let mut secret = [7; 64];
    secret[..32].fill(0);
    secret[31] = 1;
    assert!(Manager::create_derand(&secret, REGISTRY, 8).is_err());
    secret[31] = 2;
    let two = Manager::create_derand(&secret, REGISTRY, 8).expect("a poor secret, no known one");
    assert!(Params::from_bytes(&two.params().to_bytes()).is_ok());
    alter(&|copy| copy[0] ^= 1);
    alter(&|copy| copy[208..216].fill(0));
    alter(&|copy| copy[208] = 1);
    alter(&|copy| copy.truncate(216));
    alter(&|copy| copy.truncate(100));
}

#[test]
fn state_is_held_against_the_secret() {
    let mut manager = manager(9);
    manager.revoke(&[2, 4]).expect("members");
    let state = manager.state_bytes();
    let secret = manager.secret_bytes();
    let restore = |state: &[u8]| {
        Manager::restore(secret.as_slice(), manager.params(), state)
            .map(|other| other.state_bytes())
    };
    assert_eq!(Ok(state.clone()), restore(&state));
    for place in [8, 20, 57, state.len() - 1] {
        let mut other = state.clone();
        other[place] ^= 1;
        assert_eq!(
            Err(Error::ManagerStateInvalid),
            restore(&other),
            "byte {place}"
        );
    }
    for length in [0, 55, 60, state.len() - 1] {
        assert_eq!(Err(Error::ManagerStateInvalid), restore(&state[..length]));
    }
    let stranger = Manager::create(REGISTRY, 5_000).expect("a registry");
    let other = Manager::restore(stranger.secret_bytes().as_slice(), manager.params(), &state);
    assert_eq!(Some(Error::ManagerStateInvalid), other.err());
    assert_eq!(
        Some(Error::ManagerSecretInvalid),
        Manager::restore(&[1; 63], manager.params(), &state).err()
    );
}

#[test]
fn a_block_belongs_to_its_place() {
    let mut manager = manager(3);
    let rows = manager.block(0, 2).expect("a block");
    assert_eq!(rows, manager.rows(0..BLOCK_ROWS, 1).expect("rows"));
    assert_eq!(
        48 * (5_000 - 4_096),
        manager.block(1, 1).expect("the last block").len()
    );
    assert_eq!(Some(Error::BlockInvalid), manager.block(2, 1).err());
    let (params, before) = (manager.params().clone(), *manager.accumulator());
    let hash = block_hash(&params, &before, 0, &rows).expect("a hash");
    let after = manager.revoke(&[1]).expect("a member");
    assert_ne!(Ok(hash), block_hash(&params, &after, 0, &rows));
    assert!(block_hash(&params, &before, 1, &rows).is_err());
    assert!(block_hash(&params, &before, 0, &rows[48..]).is_err());
    let mut altered = rows.clone();
    altered[100] ^= 1;
    assert_ne!(Ok(hash), block_hash(&params, &before, 0, &altered));
    // A row of another slot answers another handle.
    let member = manager.member(0).expect("in");
    assert!(Witness::check(&params, &before, &member, &rows[..48]).is_ok());
    let other = Witness::check(&params, &before, &member, &rows[48..96]);
    assert_eq!(Some(Error::WitnessInvalid), other.err());
}

#[test]
fn nothing_secret_is_shown() {
    let manager = manager(1);
    let member = manager.member(0).expect("in");
    let shown = format!("{manager:?} {member:?}");
    assert_eq!("Manager(epoch 0, redacted) Member(redacted)", shown);
}
