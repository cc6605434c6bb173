//! The positive accumulator of docknetwork: one JSON object a line, seconds of CPU time for each item.
//!
//! Members, removals and proofs of the kinds that `python -m benchmarks.revocation` has
//! of ours; the least of all rounds counts. `--quick` takes fewer rounds.

use std::collections::HashSet;
use std::hint::black_box;

use ark_bls12_381::{Bls12_381, Fr, G1Affine};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::{rngs::StdRng, SeedableRng};
use ark_std::UniformRand;
use blake2::Blake2b512;
use dock_crypto_utils::randomized_pairing_check::RandomizedPairingChecker;
use rustix::time::{clock_gettime, ClockId};
use schnorr_pok::compute_random_oracle_challenge;
use vb_accumulator::persistence::State;
use vb_accumulator::positive::Accumulator;
use vb_accumulator::prelude::*;
use vb_accumulator::proofs_cdh::{MembershipProof, MembershipProofProtocol};

/// The members, as the library wants them kept.
#[derive(Clone, Default)]
struct Members(HashSet<Fr>);

impl State<Fr> for Members {
    fn add(&mut self, element: Fr) {
        self.0.insert(element);
    }

    fn remove(&mut self, element: &Fr) {
        self.0.remove(element);
    }

    fn has(&self, element: &Fr) -> bool {
        self.0.contains(element)
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }
}

fn now() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Does something several times and prints the least time an item took.
fn measure<T>(name: &str, items: usize, rounds: usize, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::MAX;
    let mut result = None;
    for _ in 0..rounds {
        let start = now();
        result = Some(black_box(work()));
        best = best.min((now() - start) / items as f64);
    }
    println!("{{\"name\": \"{name}\", \"items\": {items}, \"seconds\": {best:e}}}");
    result.expect("at least one round")
}

/// What one registry has: keys, parameters, members and their witnesses.
struct Registry {
    params: SetupParams<Bls12_381>,
    keys: Keypair<Bls12_381>,
    elements: Vec<Fr>,
    members: Members,
    accumulator: PositiveAccumulator<G1Affine>,
    witnesses: Vec<MembershipWitness<G1Affine>>,
}

impl Registry {
    fn new(count: usize, rounds: usize, random: &mut StdRng) -> Self {
        let params = SetupParams::<Bls12_381>::generate_using_rng(random);
        let keys = Keypair::<Bls12_381>::generate_using_rng(random, &params);
        let elements: Vec<Fr> = (0..count).map(|_| Fr::rand(random)).collect();
        let mut members = Members::default();
        let accumulator = PositiveAccumulator::initialize(&params)
            .add_batch(elements.clone(), &keys.secret_key, &mut members)
            .expect("new elements");
        let witnesses = measure("refresh", count, rounds, || {
            accumulator
                .get_membership_witnesses_for_batch(&elements, &keys.secret_key, &members)
                .expect("members")
        });
        let registry = Self {
            params,
            keys,
            elements,
            members,
            accumulator,
            witnesses,
        };
        let held = registry.accumulator.verify_membership(
            &registry.elements[5],
            &registry.witnesses[5],
            &registry.keys.public_key,
            &registry.params,
        );
        assert!(held, "a witness of a member");
        registry
    }

    /// The new value after many are removed, and what the manager publishes for it.
    fn revoke(&self, count: usize) {
        let gone = self.elements[..count].to_vec();
        let left = &self.elements[count..];
        let key = &self.keys.secret_key;
        measure(&format!("value after {count}"), count, 3, || {
            let mut members = self.members.clone();
            self.accumulator
                .remove_batch(&gone, key, &mut members)
                .expect("members")
        });
        let some = left.len().min(2_000);
        measure(&format!("update after {count}"), some, 1, || {
            MembershipWitness::update_using_secret_key_after_batch_removals(
                &gone,
                &left[..some],
                &self.witnesses[count..count + some],
                self.accumulator.value(),
                key,
            )
            .expect("members")
        });
    }

    fn prove(&self, random: &mut StdRng) -> (MembershipProof<Bls12_381>, Fr) {
        let value = self.accumulator.value();
        let protocol = MembershipProofProtocol::<Bls12_381>::init(
            random,
            self.elements[5],
            None,
            value,
            &self.witnesses[5],
        );
        let mut hashed = Vec::new();
        protocol
            .challenge_contribution(value, &mut hashed)
            .expect("written");
        let challenge = compute_random_oracle_challenge::<Fr, Blake2b512>(&hashed);
        (protocol.gen_proof(&challenge).expect("a proof"), challenge)
    }

    /// The quicker of the library's proofs, without a commitment to the element.
    fn proofs(&self, batch: usize, rounds: usize, random: &mut StdRng) {
        let params = PreparedSetupParams::from(self.params.clone());
        let public_key = PreparedPublicKey::from(self.keys.public_key.clone());
        let value = self.accumulator.value();
        let (proof, challenge) = measure("make a proof", 1, rounds, || self.prove(random));
        println!(
            "{{\"name\": \"bytes of a proof\", \"items\": 1, \"bytes\": {}}}",
            proof.compressed_size()
        );
        let mut bytes = Vec::new();
        proof.serialize_compressed(&mut bytes).expect("written");
        measure("read and check a proof", 1, rounds, || {
            MembershipProof::<Bls12_381>::deserialize_compressed(bytes.as_slice())
                .expect("a proof")
                .verify(value, &challenge, public_key.clone(), params.clone())
                .expect("it holds");
        });
        let proofs: Vec<_> = (0..batch).map(|_| self.prove(random)).collect();
        measure("check many", batch, rounds.div_ceil(20), || {
            let mut checker = RandomizedPairingChecker::new_using_rng(random, true);
            for (proof, challenge) in &proofs {
                proof
                    .verify_with_randomized_pairing_checker(
                        value,
                        challenge,
                        public_key.clone(),
                        params.clone(),
                        &mut checker,
                    )
                    .expect("it holds");
            }
            assert!(checker.verify(), "all hold");
        });
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 10 } else { 60 };
    let mut random = StdRng::seed_from_u64(1);
    let registry = Registry::new(20_000, rounds / 10, &mut random);
    registry.revoke(1_000);
    registry.revoke(4_000);
    registry.proofs(if quick { 100 } else { 1_000 }, rounds, &mut random);
}
