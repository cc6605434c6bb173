//! The hash tree over the blocks of one epoch: one root stands for all rows.
//!
//! Shape and hashes are those of RFC 9162, section 2.1, with the hashes of the blocks
//! as entries: a leaf is SHA-256(0 || entry), a node SHA-256(1 || left || right).

use trustid_lanes::{sha256, Digest};

/// Bytes of a digest in a proof.
pub(crate) const DIGEST_BYTES: usize = 32;

/// Separates leaves from nodes, so that no node passes for an entry.
const LEAF: u8 = 0;
const NODE: u8 = 1;

/// Every digest of the tree, level by level from the leaves up.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over entries, of which there is at least one: a registry has a slot.
    pub(crate) fn new(entries: &[Digest]) -> Self {
        let mut levels = vec![entries.iter().map(leaf).collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            // The last one of an odd number has no partner: it moves up as it is.
            let above = below
                .chunks(2)
                .map(|pair| pair.get(1).map_or(pair[0], |right| node(&pair[0], right)))
                .collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The digest at the top.
    pub(crate) fn root(&self) -> Digest {
        self.levels
            .last()
            .and_then(|top| top.first())
            .copied()
            .unwrap_or_default()
    }

    /// The partners on the way up from one leaf, one after the other.
    pub(crate) fn proof(&self, leaf: usize) -> Vec<u8> {
        let mut proof = Vec::new();
        for (level, digests) in self.levels.iter().enumerate() {
            if let Some(partner) = digests.get((leaf >> level) ^ 1) {
                proof.extend_from_slice(partner);
            }
        }
        proof
    }
}

/// The root that an entry at `place` of `count` has by a proof; `None` if there is no
/// such place, or the proof is longer or shorter than that place has.
///
/// # Reference
/// RFC 9162, section 2.1.3.2.
pub(crate) fn root_by_proof(
    entry: &Digest,
    mut place: u64,
    count: u64,
    proof: &[u8],
) -> Option<Digest> {
    let (partners, rest) = proof.as_chunks::<DIGEST_BYTES>();
    let mut partners = partners.iter();
    let mut last = count.checked_sub(1).filter(|last| place <= *last)?;
    let mut digest = leaf(entry);
    while last > 0 {
        if place % 2 == 1 {
            digest = node(partners.next()?, &digest);
        } else if place < last {
            digest = node(&digest, partners.next()?);
        }
        (place, last) = (place / 2, last / 2);
    }
    (partners.next().is_none() && rest.is_empty()).then_some(digest)
}

fn leaf(entry: &Digest) -> Digest {
    let mut bytes = [LEAF; 1 + DIGEST_BYTES];
    bytes[1..].copy_from_slice(entry);
    sha256(&bytes)
}

fn node(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [NODE; 1 + 2 * DIGEST_BYTES];
    bytes[1..=DIGEST_BYTES].copy_from_slice(left);
    bytes[1 + DIGEST_BYTES..].copy_from_slice(right);
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: u8) -> Vec<Digest> {
        (0..count).map(|place| sha256(&[place])).collect()
    }

    /// The definition of RFC 9162, section 2.1.1, by recursion.
    fn defined(entries: &[Digest]) -> Digest {
        if let [only] = entries {
            return leaf(only);
        }
        let left = entries.len().next_power_of_two() / 2;
        node(&defined(&entries[..left]), &defined(&entries[left..]))
    }

    #[test]
    fn roots_are_those_of_the_definition_and_proofs_lead_to_them() {
        for count in 1..=33_u8 {
            let entries = entries(count);
            let tree = Tree::new(&entries);
            assert_eq!(defined(&entries), tree.root());
            for (place, entry) in entries.iter().enumerate() {
                let proof = tree.proof(place);
                let lead = |place: usize, proof: &[u8]| {
                    root_by_proof(entry, place as u64, u64::from(count), proof)
                };
                assert_eq!(Some(tree.root()), lead(place, &proof));
                assert_ne!(Some(tree.root()), lead(place ^ 1, &proof));
                assert_eq!(None, lead(place, &[proof.as_slice(), &[0; 32]].concat()));
                assert_eq!(None, lead(place, &[proof.as_slice(), &[0]].concat()));
                if !proof.is_empty() {
                    assert_eq!(None, lead(place, &proof[32..]));
                    let mut other = proof.clone();
                    other[proof.len() - 1] ^= 1;
                    assert_ne!(Some(tree.root()), lead(place, &other));
                }
            }
        }
    }
}
