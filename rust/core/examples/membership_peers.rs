//! The accumulator beside raw blst, in one process: one JSON object a line.
//!
//! blst has no such scheme; beside each figure stands what the plainest way with
//! blst's own functions takes for the same. Both sides take turns, and the least of
//! all rounds counts, in processor time. Run by `python -m benchmarks.revocation`.
//!
//! `--paths` prints the ways this machine has to work in bulk, `--rows` measures nothing
//! but rows, `--members N` says for how many, `--batch` nothing but checks of many proofs;
//! `TRUSTID_LANES` chooses the way.

#![allow(
    clippy::cast_precision_loss,
    reason = "times and counts far below 2^52"
)]

use std::hint::black_box;

use blst::{
    blst_final_exp, blst_fp12, blst_miller_loop, blst_p1, blst_p1_affine_generator,
    blst_p1_generator, blst_p1_mult, blst_p2_affine_generator,
};
use rustix::time::{clock_gettime, ClockId};
use trustid_core::accumulator::Manager;
use trustid_core::membership::{
    Commitment, Context, MembershipProof, Opening, Presentation, Verifier, Witness,
};

const NONCE: &[u8] = b"a nonce of bytes";
const DIGEST: [u8; 32] = [7; 32];

/// The slot of the holder who proves.
const SLOT: u64 = 100_007;

/// Calls of the peer between two of ours, which may be long.
const PEER_CALLS: usize = 20;

fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn once(work: &mut dyn FnMut()) -> f64 {
    let start = now();
    work();
    now() - start
}

/// Measures both sides in turns and prints microseconds for each of `items`;
/// `peer_items` is how often the peer's work stands for one item.
fn compare(
    name: &str,
    rounds: usize,
    items: usize,
    ours: &mut dyn FnMut(),
    peer: (&str, usize, &mut dyn FnMut()),
) {
    let (mut our_best, mut peer_best) = (f64::MAX, f64::MAX);
    let (peer_name, times, theirs) = peer;
    for _ in 0..rounds {
        our_best = our_best.min(once(ours));
        for _ in 0..PEER_CALLS {
            peer_best = peer_best.min(once(theirs));
        }
    }
    let (our_time, peer_time) = (
        1e6 * our_best / items as f64,
        1e6 * peer_best * times as f64,
    );
    println!(
        "{{\"name\": \"{name}\", \"ours\": {our_time:.4}, \"peer\": {peer_time:.4}, \
         \"peer_name\": \"blst 0.3.17, {times} {peer_name}\", \"unit\": \"us\", \"ratio\": {:.3}}}",
        peer_time / our_time
    );
}

fn multiply() {
    let scalar = [0x5a_u8; 32];
    let mut product = blst_p1::default();
    // SAFETY: blst reads its generator and 255 bits of the scalar, and writes one point.
    unsafe { blst_p1_mult(&raw mut product, blst_p1_generator(), scalar.as_ptr(), 255) };
    black_box(product);
}

fn pair() {
    let mut product = blst_fp12::default();
    // SAFETY: blst reads its generators and writes one number.
    unsafe {
        blst_miller_loop(
            &raw mut product,
            blst_p2_affine_generator(),
            blst_p1_affine_generator(),
        );
        let loop_product = product;
        blst_final_exp(&raw mut product, &raw const loop_product);
    }
    black_box(product);
}

/// The number after an option of the command line.
fn option(name: &str) -> Option<u64> {
    std::env::args()
        .skip_while(|argument| argument != name)
        .nth(1)
        .and_then(|number| number.parse().ok())
}

fn main() {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    if given("--paths") {
        for path in trustid_lanes::paths() {
            println!("{}", path.name());
        }
        return;
    }
    let quick = given("--quick");
    if given("--rows") {
        rows(option("--members").unwrap_or(1_000_000), quick);
        return;
    }
    let rounds = if quick { 20 } else { 200 };
    let mut manager =
        Manager::create(b"https://example.org/registry", 1 << 20).expect("a registry");
    manager.take(SLOT).expect("a free slot");
    if given("--batch") {
        many_proofs(&manager, rounds / 10);
        return;
    }
    holder_and_verifier(&manager, rounds);
    revocations(if quick { 100_000 } else { 1_000_000 });
}

/// All rows of a registry, from the scalars to the file, in one thread.
fn rows(members: u64, quick: bool) {
    let manager = Manager::create(b"https://example.org/registry", members).expect("a registry");
    let path = std::env::temp_dir().join(format!("rows-of-{}", std::process::id()));
    let lanes = trustid_lanes::path().expect("a way that this machine has");
    let items = usize::try_from(members).expect("a number of rows");
    compare(
        &format!("refresh, each of {members}, {}", lanes.name()),
        if quick { 1 } else { 3 },
        items,
        &mut || {
            let written = manager.refresh().write(&path, 1, &mut |_, _| true);
            black_box(written.expect("a file"));
        },
        ("multiplication", 1, &mut multiply),
    );
    std::fs::remove_file(&path).expect("the file that was written");
}

/// The value after many are revoked at once.
fn revocations(count: u64) {
    let mut manager = Manager::create(b"https://example.org/registry", count).expect("a registry");
    let gone: Vec<u64> = (0..count).collect();
    for slot in &gone {
        manager.take(*slot).expect("a free slot");
    }
    let (secret, state) = (manager.secret_bytes(), manager.state_bytes());
    let mut copies: Vec<Manager> = (0..5)
        .map(|_| Manager::restore(secret.as_slice(), manager.params(), &state).expect("a copy"))
        .collect();
    compare(
        &format!("revocation, each of {count} at once"),
        copies.len(),
        gone.len(),
        &mut || {
            let mut copy = copies.pop().expect("one a round");
            black_box(copy.revoke(&gone).expect("members"));
        },
        ("multiplication", 1, &mut multiply),
    );
}

fn holder_and_verifier(manager: &Manager, rounds: usize) {
    let (params, value) = (manager.params(), manager.accumulator());
    let member = manager.member(SLOT).expect("in");
    let row = manager.row(SLOT).expect("in");
    let opening = Opening::generate(&member).expect("randomness");
    let witness = Witness::check(params, value, &member, &row).expect("a row");
    let context = Context::new(b"https://verifier.example", NONCE, &DIGEST).expect("a context");
    let verifier = Verifier::new(params, value);
    let prove = || witness.prove(&opening, &context).expect("a proof");
    let proof = prove().to_bytes();
    let commitment = opening.commitment().to_bytes();
    compare(
        "check a row",
        rounds,
        1,
        &mut || {
            black_box(Witness::check(params, value, &member, &row).expect("a row"));
        },
        ("pairings", 2, &mut pair),
    );
    compare(
        "make a proof",
        rounds,
        1,
        &mut || {
            black_box(prove());
        },
        ("multiplications", 7, &mut multiply),
    );
    let read = || {
        (
            MembershipProof::from_bytes(&proof).expect("a proof"),
            Commitment::from_bytes(&commitment).expect("a commitment"),
        )
    };
    compare(
        "read and check a proof",
        rounds,
        1,
        &mut || {
            let (proof, commitment) = read();
            verifier
                .verify(&proof, &commitment, &context)
                .expect("it holds");
        },
        ("pairings", 2, &mut pair),
    );
}

/// A thousand proofs of one epoch, read and checked together.
fn many_proofs(manager: &Manager, rounds: usize) {
    let (params, value) = (manager.params(), manager.accumulator());
    let member = manager.member(SLOT).expect("in");
    let row = manager.row(SLOT).expect("in");
    let opening = Opening::generate(&member).expect("randomness");
    let witness = Witness::check(params, value, &member, &row).expect("a row");
    let context = Context::new(b"https://verifier.example", NONCE, &DIGEST).expect("a context");
    let verifier = Verifier::new(params, value);
    let count = 1_000;
    let proofs: Vec<u8> = (0..count)
        .flat_map(|_| {
            let proof = witness.prove(&opening, &context).expect("a proof");
            proof.to_bytes()
        })
        .collect();
    let commitments = opening.commitment().to_bytes().repeat(count);
    let lanes = trustid_lanes::path().expect("a way that this machine has");
    compare(
        &format!("read and check, each of 1,000, {}", lanes.name()),
        rounds,
        count,
        &mut || {
            let proofs = MembershipProof::read_all(&proofs, 1).expect("proofs");
            let commitments = Commitment::read_all(&commitments, 1).expect("commitments");
            let batch: Vec<Presentation<'_>> = proofs
                .into_iter()
                .zip(commitments)
                .map(|(proof, commitment)| Presentation {
                    proof,
                    commitment,
                    context,
                })
                .collect();
            verifier.verify_batch(&batch, 1).expect("they hold");
        },
        ("pairings", 2, &mut pair),
    );
}
