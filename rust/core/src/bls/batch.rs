//! Many independent signatures checked together, and the bad ones found.
//!
//! With random coefficients `r_i` the equations `e(key_i, H(m_i)) = e(G, s_i)`
//! are added up to one: `prod e(r_i * key_i, H(m_i)) = e(G, sum r_i * s_i)`. If
//! any of them fails, the sum holds with a probability of 2^-128 at most: each
//! coefficient is one of `2^128` different numbers modulo the order, `a + b x^2` with
//! `a` and `b` of 64 bits, for which the curve's endomorphism does half of the
//! multiplication ([`Affine::scale_each`]). The coefficients are drawn anew from the operating system for each call, after
//! the signatures are fixed: signatures that are wrong but cancel each other
//! (`s_1 + d`, `s_2 - d`) pass the plain sum and not this one.

use std::collections::HashMap;

use core::ops::Range;

use trustid_lanes::{Affine, Jacobian, MillerLoop, COEFFICIENT};

use super::public::{hash_all, ProvenKey, PublicKey};
use super::signature::{ProofOfPossession, Signature};
use super::suite::{Possession, Suite};
use super::MAX_PARTS;
use crate::parallel::{by_ranges, check_threads};
use crate::Error;

/// Checks that each signature fits the key and message at its place.
///
/// # Arguments
/// * `threads` - threads to use, the caller's included.
///
/// # Errors
/// [`Error::At`] with the first place whose signature does not fit;
/// [`Error::AggregateEmpty`], [`Error::AggregateCount`], [`Error::LimitExceeded`],
/// [`Error::RandomnessUnavailable`].
///
/// # Cost
/// For each signature one hash to the group, one Miller loop and a short
/// multiplication, about two thirds of a verification, or a third where the processor
/// has AVX2. Where keys or messages repeat, those of one key or message are added up
/// first, and a tenth is left.
pub fn verify_batch<S: Suite>(
    keys: &[PublicKey<S>],
    messages: &[&[u8]],
    signatures: &[Signature<S>],
    threads: usize,
) -> Result<(), Error> {
    let batch = Batch::of_signatures(keys, messages, signatures, threads)?;
    first_invalid(&batch, &Error::SignatureInvalid)
}

/// The places, in order, of the signatures that do not fit: none if all is well.
///
/// Found by halving: `k` bad ones among `n` cost about `k * log2(n / k)` checks
/// of shrinking parts.
///
/// # Errors
/// As [`verify_batch`], save that a signature that does not fit is a result.
pub fn find_invalid<S: Suite>(
    keys: &[PublicKey<S>],
    messages: &[&[u8]],
    signatures: &[Signature<S>],
    threads: usize,
) -> Result<Vec<usize>, Error> {
    Ok(Batch::of_signatures(keys, messages, signatures, threads)?.invalid())
}

/// Checks many proofs of possession together: the proven keys, in the order of the keys.
///
/// # Errors
/// [`Error::At`] with the first place whose proof does not fit;
/// [`Error::AggregateEmpty`], [`Error::AggregateCount`], [`Error::LimitExceeded`],
/// [`Error::RandomnessUnavailable`].
///
/// # Cost
/// About two thirds of a verification for each, or a third where the processor has AVX2.
pub fn prove_many<S: Possession>(
    keys: &[PublicKey<S>],
    proofs: &[ProofOfPossession<S>],
    threads: usize,
) -> Result<Vec<ProvenKey<S>>, Error> {
    verify_proofs(keys, proofs, threads)?;
    Ok(keys.iter().copied().map(ProvenKey::from_proved).collect())
}

/// Checks that each proof fits the key at its place.
pub(crate) fn verify_proofs<S: Possession>(
    keys: &[PublicKey<S>],
    proofs: &[ProofOfPossession<S>],
    threads: usize,
) -> Result<(), Error> {
    check_counts(keys.len(), &[proofs.len()], threads)?;
    let encoded: Vec<_> = keys.iter().map(PublicKey::to_bytes).collect();
    let hashes = by_ranges(keys.len(), threads, |range| {
        let messages: Vec<[&[u8]; 2]> = encoded[range]
            .iter()
            .map(|key| [&[], key.as_ref()])
            .collect();
        <S::Signature as Affine>::Jacobian::hash_all(&messages, S::PROOF_TAG.as_bytes())
    })
    .concat();
    let batch = Batch::<S>::new(
        keys.iter().map(|key| *key.point()).collect(),
        hashes,
        Sharing::None,
        proofs.iter().map(|proof| *proof.point()).collect(),
        threads,
    )?;
    first_invalid(&batch, &Error::PossessionInvalid)
}

/// What the equations of a batch have in common.
enum Sharing {
    /// Nothing: one pairing each.
    None,
    /// Messages: `hashes` holds one for each distinct message; the place of each equation's.
    Messages(Vec<usize>),
    /// Keys: `keys` holds one for each distinct key; the place of each equation's.
    Keys(Vec<usize>),
}

struct Batch<S: Suite> {
    keys: Vec<S::Key>,
    hashes: Vec<S::Signature>,
    sharing: Sharing,
    signatures: Vec<S::Signature>,
    coefficients: Vec<u8>,
    threads: usize,
}

impl<S: Suite> Batch<S> {
    fn of_signatures(
        keys: &[PublicKey<S>],
        messages: &[&[u8]],
        signatures: &[Signature<S>],
        threads: usize,
    ) -> Result<Self, Error> {
        check_counts(keys.len(), &[messages.len(), signatures.len()], threads)?;
        let encoded: Vec<_> = keys.iter().map(PublicKey::to_bytes).collect();
        let (message_places, distinct_messages) = places(messages.iter().copied());
        let (key_places, distinct_keys) = places(encoded.iter().map(AsRef::as_ref));
        let few = keys.len() / 2;
        let points = |places: &[usize]| places.iter().map(|at| *keys[*at].point()).collect();
        let every: Vec<usize> = (0..keys.len()).collect();
        // With message augmentation a message is another one for each key.
        let (sharing, key_list, first_places) = if distinct_messages.len() <= few && !S::AUGMENTED {
            (
                Sharing::Messages(message_places),
                points(&every),
                distinct_messages,
            )
        } else if distinct_keys.len() <= few {
            (Sharing::Keys(key_places), points(&distinct_keys), every)
        } else {
            (Sharing::None, points(&every), every)
        };
        let hashes = by_ranges(first_places.len(), threads, |range| {
            hash_all(
                first_places[range]
                    .iter()
                    .map(|at| (&keys[*at], messages[*at])),
            )
        })
        .concat();
        let signatures = signatures.iter().map(|part| *part.point()).collect();
        Self::new(key_list, hashes, sharing, signatures, threads)
    }

    fn new(
        mut keys: Vec<S::Key>,
        mut hashes: Vec<S::Signature>,
        sharing: Sharing,
        signatures: Vec<S::Signature>,
        threads: usize,
    ) -> Result<Self, Error> {
        let mut coefficients = vec![0; COEFFICIENT * signatures.len()];
        getrandom::fill(&mut coefficients).map_err(|_| Error::RandomnessUnavailable)?;
        // A coefficient of zero would leave its equation out.
        for coefficient in coefficients.chunks_exact_mut(COEFFICIENT) {
            if coefficient.iter().all(|byte| *byte == 0) {
                coefficient[0] = 1;
            }
        }
        if matches!(sharing, Sharing::None) {
            if S::KEYS_IN_G1 {
                keys = scaled(&keys, &coefficients, threads);
            } else {
                hashes = scaled(&hashes, &coefficients, threads);
            }
        }
        Ok(Self {
            keys,
            hashes,
            sharing,
            signatures,
            coefficients,
            threads,
        })
    }

    /// Whether the equations of `range` hold.
    fn holds(&self, range: Range<usize>) -> bool {
        let (keys, points) = self.pairs(range.clone());
        let mut product = MillerLoop::new();
        let parts = by_ranges(keys.len(), self.threads, |part| {
            let mut partial = MillerLoop::new();
            S::pair(&mut partial, &keys[part.clone()], &points[part]);
            partial
        });
        for part in &parts {
            product.merge(part);
        }
        let total = self.weighted(&self.signatures[range.clone()], range);
        let generator = S::Key::generator().negate();
        S::pair(&mut product, &[generator], &[total.to_affine()]);
        product.is_one()
    }

    /// The pairs of the left side, as few as the batch's sharing allows.
    fn pairs(&self, range: Range<usize>) -> (Vec<S::Key>, Vec<S::Signature>) {
        match &self.sharing {
            Sharing::None => (
                self.keys[range.clone()].to_vec(),
                self.hashes[range].to_vec(),
            ),
            Sharing::Messages(places) => groups(places, range)
                .map(|(place, members)| {
                    let keys: Vec<S::Key> = members.iter().map(|at| self.keys[*at]).collect();
                    let scalars = self.coefficients_of(&members);
                    let sum = S::Key::scale_sum(&keys, &scalars).to_affine();
                    (sum, self.hashes[place])
                })
                .unzip(),
            Sharing::Keys(places) => groups(places, range)
                .map(|(place, members)| {
                    let points: Vec<S::Signature> =
                        members.iter().map(|at| self.hashes[*at]).collect();
                    let scalars = self.coefficients_of(&members);
                    let sum = S::Signature::scale_sum(&points, &scalars);
                    (self.keys[place], sum.to_affine())
                })
                .unzip(),
        }
    }

    fn coefficients_of(&self, members: &[usize]) -> Vec<u8> {
        members
            .iter()
            .flat_map(|at| &self.coefficients[COEFFICIENT * at..COEFFICIENT * (at + 1)])
            .copied()
            .collect()
    }

    fn weighted(
        &self,
        points: &[S::Signature],
        range: Range<usize>,
    ) -> <S::Signature as Affine>::Jacobian {
        let scalars = &self.coefficients[COEFFICIENT * range.start..COEFFICIENT * range.end];
        let parts = by_ranges(points.len(), self.threads, |part| {
            let scalars = &scalars[COEFFICIENT * part.start..COEFFICIENT * part.end];
            S::Signature::scale_sum(&points[part], scalars)
        });
        parts.iter().fold(
            Default::default(),
            |total: <S::Signature as Affine>::Jacobian, part| total.add(part),
        )
    }

    fn invalid(&self) -> Vec<usize> {
        let mut found = Vec::new();
        if !self.holds(0..self.signatures.len()) {
            self.halve(0..self.signatures.len(), &mut found);
        }
        found
    }

    /// Finds the bad places of a range that is known not to hold.
    fn halve(&self, range: Range<usize>, found: &mut Vec<usize>) {
        if range.len() == 1 {
            found.push(range.start);
            return;
        }
        let middle = range.start + range.len() / 2;
        let (left, right) = (range.start..middle, middle..range.end);
        let left_holds = self.holds(left.clone());
        if !left_holds {
            self.halve(left, found);
        }
        // If the left half holds, the fault is in the right one: no need to ask.
        if left_holds || !self.holds(right.clone()) {
            self.halve(right, found);
        }
    }

    /// The first bad place, if there is one: one path down instead of all.
    fn first_invalid(&self) -> Option<usize> {
        let mut range = 0..self.signatures.len();
        if self.holds(range.clone()) {
            return None;
        }
        while range.len() > 1 {
            let middle = range.start + range.len() / 2;
            if self.holds(range.start..middle) {
                range.start = middle;
            } else {
                range.end = middle;
            }
        }
        Some(range.start)
    }
}

fn first_invalid<S: Suite>(batch: &Batch<S>, error: &Error) -> Result<(), Error> {
    match batch.first_invalid() {
        Some(index) => Err(error.clone().at(index)),
        None => Ok(()),
    }
}

fn check_counts(keys: usize, others: &[usize], threads: usize) -> Result<(), Error> {
    check_threads(threads)?;
    if keys == 0 {
        return Err(Error::AggregateEmpty);
    }
    if keys > MAX_PARTS {
        return Err(Error::LimitExceeded {
            what: "signatures of a batch",
            limit: MAX_PARTS,
            found: keys,
        });
    }
    match others.iter().find(|other| **other != keys) {
        Some(found) => Err(Error::AggregateCount {
            keys,
            found: *found,
        }),
        None => Ok(()),
    }
}

/// For each item its place among the distinct ones; for each distinct one where it stands first.
fn places<'a>(items: impl Iterator<Item = &'a [u8]>) -> (Vec<usize>, Vec<usize>) {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    let mut firsts = Vec::new();
    let of_each = items
        .enumerate()
        .map(|(at, item)| {
            *seen.entry(item).or_insert_with(|| {
                firsts.push(at);
                firsts.len() - 1
            })
        })
        .collect();
    (of_each, firsts)
}

/// Each point multiplied by its coefficient.
fn scaled<P: Affine>(points: &[P], coefficients: &[u8], threads: usize) -> Vec<P> {
    by_ranges(points.len(), threads, |range| {
        let coefficients = &coefficients[COEFFICIENT * range.start..COEFFICIENT * range.end];
        P::scale_each(&points[range], coefficients)
    })
    .concat()
}

/// The members of `range` that share a place, for each place.
fn groups(places: &[usize], range: Range<usize>) -> impl Iterator<Item = (usize, Vec<usize>)> {
    let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
    for at in range {
        groups.entry(places[at]).or_default().push(at);
    }
    groups.into_iter()
}
