//! Our BLS core against raw blst, in one process: one JSON object a line.
//!
//! Both sides take turns, and the least of all rounds counts: processor time of
//! this thread, so that neighbours on the machine disturb little. Rows of bulk work
//! name the path that did it (`TRUSTID_LANES`). Run by `python -m benchmarks.bls`, or by
//! hand: `cargo run --release -p trustid-core --example bls_peers -- [--quick] [--bulk]`,
//! the last to leave out what no path changes.

#![allow(
    clippy::cast_precision_loss,
    reason = "times and counts far below 2^52"
)]

use std::fs;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;

use blst::min_pk as peer;
use blst::{blst_p1_affine, MultiPoint, BLST_ERROR};
use rustix::time::{clock_gettime, ClockId};
use trustid_core::bls::{
    read_keys, read_signatures, verify_aggregate, verify_batch, KeyStore, MinPkPossession,
    ProvenKey, PublicKey, SecretKey, Selection, Signature, Suite, Trust,
};
use trustid_core::hash::hash_many_to_g2;
use trustid_lanes::{path, sha256, Affine, G1Affine, G1Jacobian, G2Jacobian, Jacobian};

type S = MinPkPossession;

const PEER: &str = "blst 0.3.17";

/// Hides a result from the optimizer, so that it is computed.
fn keep<T>(value: T) {
    black_box(value);
}

/// Seconds by a clock.
fn now(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn once(clock: ClockId, work: &mut dyn FnMut()) -> f64 {
    let start = now(clock);
    work();
    now(clock) - start
}

struct Bench {
    rounds: usize,
    path: &'static str,
}

/// What is measured, and against whom.
struct Row<'a> {
    name: &'a str,
    items: usize,
    peer: &'a str,
    clock: ClockId,
}

impl Bench {
    /// Measures bulk work beside blst's.
    fn compare(&self, name: &str, items: usize, ours: impl FnMut(), theirs: impl FnMut()) {
        self.measure(
            &Row {
                name: &format!("{name}, {}", self.path),
                items,
                peer: PEER,
                clock: ClockId::ThreadCPUTime,
            },
            ours,
            theirs,
        );
    }

    /// Measures work on two threads beside the same on one, by the clock on the wall.
    fn threads(&self, name: &str, items: usize, work: impl Fn(usize)) {
        self.measure(
            &Row {
                name: &format!("{name}, two threads, {}", self.path),
                items,
                peer: "one thread",
                clock: ClockId::Monotonic,
            },
            || work(2),
            || work(1),
        );
    }

    /// Measures both sides in turns and prints microseconds for each item.
    fn measure(&self, row: &Row, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
        let (mut our_best, mut their_best) = (f64::MAX, f64::MAX);
        for _ in 0..self.rounds {
            our_best = our_best.min(once(row.clock, &mut ours));
            their_best = their_best.min(once(row.clock, &mut theirs));
        }
        let scale = 1e6 / row.items as f64;
        println!(
            "{{\"name\": \"{}\", \"ours\": {:.4}, \"peer\": {:.4}, \"peer_name\": \"{}\", \
             \"unit\": \"us\", \"ratio\": {:.3}}}",
            row.name,
            our_best * scale,
            their_best * scale,
            row.peer,
            their_best / our_best
        );
    }
}

fn main() {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    let quick = asked("--quick");
    let bench = Bench {
        rounds: if quick { 5 } else { 20 },
        path: path().expect("a path of this processor").name(),
    };
    if !asked("--bulk") {
        single(&bench);
    }
    let (count, sizes, logs): (_, &[usize], &[u32]) = if quick {
        (200, &[100_000], &[12])
    } else {
        (1000, &[1_000, 100_000, 1_000_000], &[12, 16])
    };
    many(&bench, count);
    for keys in sizes {
        sums(&bench, *keys);
    }
    for log in logs {
        multiply_sums(&bench, *log);
    }
}

fn single(bench: &Bench) {
    let tag = S::ID.as_bytes();
    let secret = SecretKey::<S>::derive(&[7; 32], None, &[]).expect("material");
    let their_secret = peer::SecretKey::from_bytes(secret.to_bytes().as_slice()).expect("a key");
    let (key, their_key) = (secret.public_key(), their_secret.sk_to_pk());
    let (signed, their_signed) = (secret.sign(b"m"), their_secret.sign(b"m", tag, &[]));
    let row = |name| Row {
        name,
        items: 1,
        peer: PEER,
        clock: ClockId::ThreadCPUTime,
    };
    bench.measure(
        &row("verify"),
        || key.verify(&signed, b"m").expect("good"),
        || {
            let found = their_signed.verify(false, b"m", tag, &[], &their_key, false);
            assert_eq!(BLST_ERROR::BLST_SUCCESS, found);
        },
    );
    bench.measure(
        &row("sign"),
        || keep(secret.sign(b"m")),
        || keep(their_secret.sign(b"m", tag, &[])),
    );
}

fn many(bench: &Bench, count: usize) {
    let tag = S::ID.as_bytes();
    let secrets: Vec<SecretKey<S>> = (0..count)
        .map(|number| SecretKey::derive(&[7; 32], None, &number.to_le_bytes()).expect("material"))
        .collect();
    let messages: Vec<Vec<u8>> = (0..count)
        .map(|number| number.to_le_bytes().to_vec())
        .collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let keys: Vec<PublicKey<S>> = secrets.iter().map(SecretKey::public_key).collect();
    let signatures: Vec<Signature<S>> = secrets
        .iter()
        .zip(&messages)
        .map(|(key, message)| key.sign(message))
        .collect();
    let key_bytes: Vec<u8> = keys.iter().flat_map(PublicKey::to_bytes).collect();
    let their_keys: Vec<peer::PublicKey> = keys
        .iter()
        .map(|key| peer::PublicKey::from_bytes(&key.to_bytes()).expect("a key"))
        .collect();
    let their_keys: Vec<&peer::PublicKey> = their_keys.iter().collect();
    let their_signatures: Vec<peer::Signature> = signatures
        .iter()
        .map(|part| peer::Signature::from_bytes(&part.to_bytes()).expect("a signature"))
        .collect();
    let their_parts: Vec<&peer::Signature> = their_signatures.iter().collect();

    bench.compare(
        "key validation, each",
        count,
        || keep(read_keys::<S>(&key_bytes, 1).expect("good")),
        || {
            for bytes in key_bytes.chunks_exact(48) {
                black_box(peer::PublicKey::key_validate(bytes).expect("good"));
            }
        },
    );
    let signature_bytes: Vec<u8> = signatures.iter().flat_map(Signature::to_bytes).collect();
    bench.compare(
        "signature validation, each",
        count,
        || keep(read_signatures::<S>(&signature_bytes, 1).expect("good")),
        || {
            for bytes in signature_bytes.chunks_exact(96) {
                black_box(peer::Signature::sig_validate(bytes, true).expect("good"));
            }
        },
    );
    bench.compare(
        "hash to G2, each",
        count,
        || keep(hash_many_to_g2(&messages, tag, 1).expect("good")),
        || {
            for message in &messages {
                // blst hashes to G2 through the same function, one by one.
                keep(G2Jacobian::hash(message, tag, &[]).to_affine().compress());
            }
        },
    );
    let proven: Vec<ProvenKey<S>> = secrets.iter().map(SecretKey::proven_key).collect();
    let total = trustid_core::bls::aggregate(&signatures).expect("a sum");
    let their_total = peer::Signature::from_bytes(&total.to_bytes()).expect("a signature");
    bench.compare(
        &format!("AggregateVerify, n = {count}, each"),
        count,
        || verify_aggregate(&total, &proven, &messages, 1).expect("good"),
        || {
            let found = their_total.aggregate_verify(false, &messages, tag, &their_keys, false);
            assert_eq!(BLST_ERROR::BLST_SUCCESS, found);
        },
    );
    bench.compare(
        &format!("batch verification, n = {count}, each"),
        count,
        || verify_batch(&keys, &messages, &signatures, 1).expect("good"),
        || {
            let coefficients: Vec<blst::blst_scalar> = (0..count)
                .map(|number| {
                    let mut scalar = blst::blst_scalar::default();
                    scalar.b[..16].copy_from_slice(&sha256(&number.to_le_bytes())[..16]);
                    scalar
                })
                .collect();
            let found = peer::Signature::verify_multiple_aggregate_signatures(
                &messages,
                tag,
                &their_keys,
                false,
                &their_parts,
                false,
                &coefficients,
                128,
            );
            assert_eq!(BLST_ERROR::BLST_SUCCESS, found);
        },
    );
    bench.threads(
        &format!("batch verification, n = {count}, each"),
        count,
        |threads| verify_batch(&keys, &messages, &signatures, threads).expect("good"),
    );
}

/// `count` different points: multiples of the generator.
fn points(count: usize) -> Vec<G1Affine> {
    let generator = G1Affine::generator();
    let mut point = G1Jacobian::from_affine(&generator);
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(point);
        point = point.add_affine(&generator);
    }
    G1Jacobian::to_affine_all(&all)
}

fn their_points(points: &[G1Affine]) -> Vec<blst_p1_affine> {
    points
        .iter()
        .map(|point| {
            let key = peer::PublicKey::from_bytes(&point.serialize()).expect("a point");
            *<&blst_p1_affine>::from(&key)
        })
        .collect()
}

fn sums(bench: &Bench, count: usize) {
    let folder = std::env::temp_dir().join(format!("trustid-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    let path = folder.join("keys.store");
    let points = points(count);
    // The file is written by hand: checking a million keys would take minutes.
    let mut bytes = b"TrustID keys v1\n\x03\x01\0\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&(count as u64).to_le_bytes());
    bytes.extend_from_slice(&[0; 32]);
    for point in &points {
        point.store(&mut bytes);
    }
    fs::write(&path, &bytes).expect("a store");
    drop(bytes);
    let store = KeyStore::<S>::open(&path, Trust::Owner, 1).expect("a store");
    let theirs = their_points(&points);
    let expected = store.sum(Selection::All, 1).expect("a sum").0;
    assert_eq!(expected, G1Affine::sum(&points).to_affine().compress());
    bench.compare(
        &format!("sum of {count} stored keys, each"),
        count,
        || keep(store.sum(Selection::All, 1).expect("a sum")),
        || keep(theirs.as_slice().add()),
    );
    bench.threads(
        &format!("sum of {count} stored keys, each"),
        count,
        |threads| keep(store.sum(Selection::All, threads).expect("a sum")),
    );
    fs::remove_dir_all(&folder).expect("gone");
}

fn multiply_sums(bench: &Bench, log: u32) {
    let count = 1 << log;
    let points = points(count);
    let theirs = their_points(&points);
    let mut scalars: Vec<u8> = (0..count)
        .flat_map(|number: usize| sha256(&number.to_le_bytes()))
        .collect();
    scalars
        .iter_mut()
        .skip(31)
        .step_by(32)
        .for_each(|byte| *byte &= 0x3f);
    bench.compare(
        &format!("sum of 2^{log} multiples in G1, each"),
        count,
        || keep(G1Affine::multiply_sum(&points, &scalars, 32)),
        || keep(theirs.as_slice().mult(&scalars, 255)),
    );
}
