//! Key stores: built, opened, summed, and refused when anything about them is wrong.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

use trustid_core::bls::{
    aggregate, KeyStore, KeyStoreBuilder, Kind, MinPkBasic, MinPkPossession, MinSigPossession,
    Possession, SecretKey, Selection, Signature, Suite, Trust,
};
use trustid_core::Error;

/// A folder of its own for each test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trustid-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("a mode");
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("keys.store")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn secrets<S: Suite>(count: u16) -> Vec<SecretKey<S>> {
    (0..count)
        .map(|number| {
            SecretKey::derive(&[7; 32], None, &number.to_le_bytes()).expect("enough material")
        })
        .collect()
}

fn keys<S: Suite>(secrets: &[SecretKey<S>]) -> Vec<u8> {
    secrets
        .iter()
        .flat_map(|key| key.public_key().to_bytes().as_ref().to_vec())
        .collect()
}

fn proofs<S: Possession>(secrets: &[SecretKey<S>]) -> Vec<u8> {
    secrets
        .iter()
        .flat_map(|key| key.prove_possession().to_bytes().as_ref().to_vec())
        .collect()
}

fn build<S: Possession>(folder: &Folder, secrets: &[SecretKey<S>]) -> [u8; 32] {
    let mut builder = KeyStoreBuilder::<S>::proven(&folder.path()).expect("a builder");
    builder
        .add_proven(&keys(secrets), &proofs(secrets), 2)
        .expect("good keys");
    builder.finish().expect("a store")
}

fn check_suite<S: Possession>(name: &str) {
    let folder = Folder::new(name);
    let secrets = secrets::<S>(40);
    let digest = build(&folder, &secrets);
    let store = KeyStore::<S>::open(&folder.path(), Trust::Digest(&digest), 2).expect("a store");
    assert_eq!((Kind::Proven, 40), (store.kind(), store.count()));
    for (place, secret) in (0..).zip(&secrets) {
        assert_eq!(Ok(secret.proven_key()), store.proven_key(place));
    }
    let places = [3, 39, 0, 17];
    let bitmap = [0b1001, 0, 2, 0, 0x80];
    let parts: Vec<Signature<S>> = places
        .iter()
        .map(|place: &u64| secrets[usize::try_from(*place).expect("small")].sign(b"epoch 7"))
        .collect();
    let total = aggregate(&parts).expect("parts");
    for threads in [1, 3] {
        let chosen = [Selection::Places(&places), Selection::Bitmap(&bitmap)];
        for selection in chosen {
            assert_eq!(
                Ok(4),
                store.fast_aggregate_verify(&total, selection, b"epoch 7", threads)
            );
            let found = store.fast_aggregate_verify(&total, selection, b"epoch 8", threads);
            assert_eq!(Err(Error::AggregateInvalid), found);
        }
        assert_eq!(store.sum(chosen[0], 1), store.sum(chosen[1], threads));
        for selection in [Selection::All, Selection::Range { start: 0, stop: 4 }] {
            let found = store.fast_aggregate_verify(&total, selection, b"epoch 7", threads);
            assert_eq!(Err(Error::AggregateInvalid), found);
        }
    }
}

#[test]
fn stores_of_both_variants() {
    check_suite::<MinPkPossession>("min-pk");
    check_suite::<MinSigPossession>("min-sig");
}

#[test]
fn keys_are_added_by_a_new_store_in_the_old_ones_place() {
    type S = MinPkPossession;
    let folder = Folder::new("append");
    let secrets = secrets::<S>(30);
    let first = build(&folder, &secrets[..20]);
    let old = KeyStore::<S>::open(&folder.path(), Trust::Owner, 1).expect("a store");
    let mut builder = KeyStoreBuilder::continuing(&folder.path(), &old).expect("a builder");
    builder
        .add_proven(&keys(&secrets[20..]), &proofs(&secrets[20..]), 1)
        .expect("good keys");
    let second = builder.finish().expect("a store");

    let new = KeyStore::<S>::open(&folder.path(), Trust::Digest(&second), 1).expect("a store");
    assert_eq!((20, 30), (old.count(), new.count()));
    assert_ne!(first, second);
    let range = Selection::Range { start: 0, stop: 20 };
    assert_eq!(old.sum(Selection::All, 1), new.sum(range, 1));
    let whole = Folder::new("append-whole");
    assert_eq!(second, build(&whole, &secrets));
}

#[test]
fn bad_keys_change_nothing_and_are_named() {
    type S = MinPkPossession;
    let folder = Folder::new("bad-keys");
    let secrets = secrets::<S>(10);
    let digest = build(&folder, &secrets);
    let (good_keys, mut bad_proofs) = (keys(&secrets), proofs(&secrets));
    let (head, tail) = bad_proofs.split_at_mut(96 * 6);
    head[96 * 5..].swap_with_slice(&mut tail[..96]);
    let mut builder = KeyStoreBuilder::<S>::proven(&folder.path()).expect("a builder");
    let found = builder.add_proven(&good_keys, &bad_proofs, 1);
    assert_eq!(
        Err(Error::At {
            index: 5,
            error: Box::new(Error::PossessionInvalid)
        }),
        found
    );
    let mut bad_keys = good_keys.clone();
    bad_keys[48 * 3] &= 0x7f;
    let found = builder.add_proven(&bad_keys, &proofs(&secrets), 1);
    assert!(matches!(found, Err(Error::At { index: 3, .. })));
    let found = builder.add_proven(&good_keys, &proofs(&secrets)[96..], 1);
    assert_eq!(Err(Error::AggregateCount { keys: 10, found: 9 }), found);
    assert_eq!(Err(Error::PossessionNotProved), builder.add(&good_keys, 1));
    assert_eq!(0, builder.count());
    drop(builder);
    let files: Vec<_> = fs::read_dir(&folder.0).expect("a folder").collect();
    assert_eq!(1, files.len(), "an unfinished file was left");
    KeyStore::<S>::open(&folder.path(), Trust::Digest(&digest), 1).expect("the store as it was");
}

#[test]
fn unproven_keys_check_no_signature() {
    type S = MinPkPossession;
    let folder = Folder::new("validated");
    let secrets = secrets::<S>(3);
    let mut builder = KeyStoreBuilder::<S>::validated(&folder.path()).expect("a builder");
    builder.add(&keys(&secrets), 1).expect("good keys");
    builder.finish().expect("a store");
    let store = KeyStore::<S>::open(&folder.path(), Trust::Owner, 1).expect("a store");
    let signature = secrets[0].sign(b"red");
    let selection = Selection::Places(&[0]);
    let found = store.fast_aggregate_verify(&signature, selection, b"red", 1);
    assert_eq!(Err(Error::PossessionNotProved), found);
    assert_eq!(
        Err(Error::PossessionNotProved),
        store.proven_key(0).map(|_| ())
    );
    assert_eq!(Ok(secrets[0].public_key()), store.key(0));
    assert_eq!(
        Ok((secrets[0].public_key().to_bytes(), 1)),
        store.sum(selection, 1)
    );
}

#[test]
fn a_damaged_store_is_refused() {
    type S = MinPkPossession;
    let folder = Folder::new("damaged");
    let path = folder.path();
    let digest = build(&folder, &secrets::<S>(20));
    let good = fs::read(&path).expect("a file");
    let open = |trust| KeyStore::<S>::open(&path, trust, 1).map(|store| store.count());
    assert_eq!(Ok(20), open(Trust::Digest(&digest)));
    let mut other = digest;
    other[0] ^= 1;
    assert_eq!(
        Err(Error::StoreDamaged {
            found: "another digest"
        }),
        open(Trust::Digest(&other))
    );

    for length in [0, 10, 63, 64, 64 + 95, good.len() - 96, good.len() - 1] {
        fs::write(&path, &good[..length]).expect("a file");
        let found = open(Trust::Owner);
        assert!(
            matches!(
                found,
                Err(Error::StoreDamaged { .. } | Error::StoreFormat { .. })
            ),
            "{length}: {found:?}"
        );
    }
    fs::write(&path, [good.as_slice(), &[0; 96]].concat()).expect("a file");
    assert_eq!(
        Err(Error::StoreDamaged {
            found: "a file of another length"
        }),
        open(Trust::Owner)
    );

    for at in [0, 16, 17, 20, 24, 31, 32, 64, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&path, &bad).expect("a file");
        assert!(open(Trust::Digest(&digest)).is_err(), "byte {at}");
    }
    let found = KeyStore::<MinPkBasic>::open(&path, Trust::Owner, 1).map(|store| store.count());
    assert!(matches!(found, Err(Error::StoreFormat { .. })));

    let mut bad = good.clone();
    bad[64..64 + 48].fill(0xff);
    fs::write(&path, &bad).expect("a file");
    let store = KeyStore::<S>::open(&path, Trust::Owner, 1).expect("the owner is trusted");
    let found = store.sum(Selection::All, 1).map(|_| ());
    assert_eq!(
        Err(Error::StoreDamaged {
            found: "a coordinate out of range"
        }),
        found
    );
    assert!(store.check_digest(1).is_err());
    fs::write(&path, &good).expect("a file");
    assert_eq!(Ok(20), open(Trust::Digest(&digest)));
}

#[test]
fn a_store_that_changes_while_open_is_refused_without_a_crash() {
    type S = MinPkPossession;
    let folder = Folder::new("changing");
    let path = folder.path();
    build(&folder, &secrets::<S>(20));
    let good = fs::read(&path).expect("a file");
    let refused = |store: &KeyStore<S>| {
        matches!(
            store.sum(Selection::All, 2),
            Err(Error::StoreDamaged { .. })
        )
    };

    let store = KeyStore::<S>::open(&path, Trust::Owner, 1).expect("a store");
    assert!(store.sum(Selection::All, 2).is_ok());
    OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a file")
        .set_len(500)
        .expect("cut short");
    assert!(refused(&store));
    assert!(matches!(store.key(19), Err(Error::StoreDamaged { .. })));

    fs::write(&path, &good).expect("a file");
    let store = KeyStore::<S>::open(&path, Trust::Owner, 1).expect("a store");
    std::thread::sleep(std::time::Duration::from_millis(20));
    OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a file")
        .write_all_at(&[1], 80)
        .expect("changed");
    assert!(refused(&store));

    fs::write(&path, &good).expect("a file");
    let store = KeyStore::<S>::open(&path, Trust::Owner, 1).expect("a store");
    std::thread::sleep(std::time::Duration::from_millis(20));
    OpenOptions::new()
        .append(true)
        .open(&path)
        .expect("a file")
        .write_all(&[0])
        .expect("longer");
    assert!(refused(&store));
}

#[test]
fn a_place_where_others_write_needs_a_digest() {
    type S = MinPkPossession;
    let folder = Folder::new("unsafe");
    let path = folder.path();
    let digest = build(&folder, &secrets::<S>(2));
    let open = |trust| KeyStore::<S>::open(&path, trust, 1).map(|store| store.count());
    for (target, mode) in [
        (&folder.0, 0o777),
        (&folder.0, 0o770),
        (&path, 0o666),
        (&path, 0o660),
    ] {
        let before = fs::metadata(target).expect("there").permissions();
        fs::set_permissions(target, Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(
            Err(Error::StoreUnsafe {
                found: "others can write them"
            }),
            open(Trust::Owner)
        );
        assert_eq!(Ok(2), open(Trust::Digest(&digest)));
        fs::set_permissions(target, before).expect("a mode");
    }
    assert_eq!(Ok(2), open(Trust::Owner));
}

#[test]
fn large_sums_agree_however_they_are_cut() {
    type S = MinPkPossession;
    let folder = Folder::new("large");
    let secrets = secrets::<S>(5000);
    let mut builder = KeyStoreBuilder::<S>::validated(&folder.path()).expect("a builder");
    builder.add(&keys(&secrets), 2).expect("good keys");
    builder.finish().expect("a store");
    let store = KeyStore::<S>::open(&folder.path(), Trust::Owner, 1).expect("a store");
    let every: Vec<u64> = (0..5000).collect();
    let all = store.sum(Selection::All, 1).expect("a sum");
    assert_eq!(Ok(all), store.sum(Selection::Places(&every), 2));
    assert_eq!(Ok(all), store.sum(Selection::Bitmap(&[0xff; 625]), 3));
    assert_eq!(
        Ok(all),
        store.sum(
            Selection::Range {
                start: 0,
                stop: 5000
            },
            7
        )
    );
    let third: Vec<u64> = (0..5000).step_by(3).collect();
    let mut bitmap = [0; 625];
    for place in (0..5000).step_by(3) {
        bitmap[place / 8] |= 1 << (place % 8);
    }
    assert_eq!(
        store.sum(Selection::Places(&third), 1),
        store.sum(Selection::Bitmap(&bitmap), 2)
    );
}
