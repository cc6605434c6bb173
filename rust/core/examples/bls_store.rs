//! A key store at its design size: time, processor time and memory of a sum.
//!
//! `cargo run --release -p trustid-core --example bls_store -- KEYS FOLDER`
//!
//! Writes a store of the first `KEYS` multiples of the generator (96 bytes each; a
//! hundred million take 9.6 GB) into `FOLDER`, adds them up on one thread and on
//! two, all of them and every second one by a bitmap, holds each sum against
//! `n (n + 1) / 2` times the generator, and removes the store. One JSON object a
//! line; what is going on is told on the error output.

#![allow(
    clippy::cast_precision_loss,
    reason = "times and counts far below 2^52"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::time::{clock_gettime, ClockId};
use trustid_core::bls::{KeyStore, MinPkPossession, Selection, Trust};
use trustid_lanes::{Affine, G1Affine, G1Jacobian, Jacobian};

/// Points that are written at once.
const CHUNK: u64 = 1 << 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, keys, folder] = arguments.as_slice() else {
        eprintln!("usage: bls_store KEYS FOLDER");
        std::process::exit(2);
    };
    let keys: u64 = keys.parse().expect("a number of keys");
    let folder = Path::new(folder).join(format!("trustid-store-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    let path = folder.join("keys.store");
    write(&path, keys);
    let store = KeyStore::<MinPkPossession>::open(&path, Trust::Owner, 1).expect("a store");
    let every_second = vec![0b0101_0101; usize::try_from(keys.div_ceil(8)).expect("memory")];
    for threads in [1, 2] {
        report(
            "all keys",
            &store,
            keys,
            Selection::All,
            threads,
            total(keys),
        );
        let odd = keys.div_ceil(2);
        let selection = Selection::Bitmap(&every_second);
        report("every second", &store, odd, selection, threads, odd * odd);
    }
    fs::remove_dir_all(&folder).expect("gone");
}

/// `1 + 2 + ... + keys`.
fn total(keys: u64) -> u64 {
    keys * (keys + 1) / 2
}

/// Writes the store by hand: checking a hundred million keys takes hours, and they are known to be good.
fn write(path: &Path, keys: u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    file.write_all(b"TrustID keys v1\n\x03\x01\0\0\0\0\0\0")
        .expect("room");
    file.write_all(&keys.to_le_bytes()).expect("room");
    file.write_all(&[0; 32]).expect("room");
    let generator = G1Affine::generator();
    let mut point = G1Jacobian::from_affine(&generator);
    let mut bytes = Vec::new();
    for first in (0..keys).step_by(usize::try_from(CHUNK).expect("small")) {
        let chunk: Vec<G1Jacobian> = (first..keys.min(first + CHUNK))
            .map(|_| {
                let this = point;
                point = point.add_affine(&generator);
                this
            })
            .collect();
        bytes.clear();
        for affine in G1Jacobian::to_affine_all(&chunk) {
            affine.store(&mut bytes);
        }
        file.write_all(&bytes).expect("room");
        if first % (CHUNK << 6) == 0 {
            eprintln!("written: {:.0} %", 100.0 * first as f64 / keys as f64);
        }
    }
    file.into_inner()
        .expect("room")
        .sync_all()
        .expect("on the disk");
}

fn report(
    name: &str,
    store: &KeyStore<MinPkPossession>,
    count: u64,
    selection: Selection<'_>,
    threads: usize,
    multiple: u64,
) {
    forget_peak();
    let (wall, cpu) = (
        seconds(ClockId::Monotonic),
        seconds(ClockId::ProcessCPUTime),
    );
    let (sum, found) = store.sum(selection, threads).expect("a sum");
    let wall = seconds(ClockId::Monotonic) - wall;
    let cpu = seconds(ClockId::ProcessCPUTime) - cpu;
    let expected = G1Jacobian::from_affine(&G1Affine::generator())
        .multiply_public(&multiple.to_le_bytes())
        .to_affine()
        .compress();
    assert_eq!(found, count);
    assert_eq!(sum, expected);
    println!(
        "{{\"name\": \"sum over a key store, {name}\", \"keys\": {count}, \"threads\": {threads}, \
         \"wall_s\": {wall:.3}, \"cpu_s\": {cpu:.3}, \"cpu_us_each\": {:.4}, \"resident_mb\": {:.1}}}",
        1e6 * cpu / count as f64,
        peak_megabytes()
    );
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Starts the kernel's count of the largest resident set anew.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
}

/// The largest resident set since then, in megabytes.
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("Linux");
    let kilobytes: f64 = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number");
    kilobytes / 1024.0
}
