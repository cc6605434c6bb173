//! RDF Dataset Canonicalization 1.0: one text for one set of statements.
//!
//! Names are given to blank nodes by what is said of them. Where that does not
//! tell two nodes apart, every order of them is tried, which a hostile graph
//! can make as costly as it likes: the steps are counted, and end.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Range;
use std::rc::Rc;

use sha2::digest::Output;
use sha2::{Digest, Sha256, Sha384};

use crate::nquads::{self, write_quad};
use crate::options::Limits;
use crate::quads::{Dataset, Node, Quad};
use crate::{Error, Result};

/// The hash that tells blank nodes apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-256, the default.
    Sha256,
    /// SHA-384, where P-384 signs.
    Sha384,
}

impl Hash {
    fn hex<'a>(self, parts: impl IntoIterator<Item = &'a str>) -> String {
        match self {
            Self::Sha256 => hex(&digest::<Sha256>(parts)),
            Self::Sha384 => hex(&digest::<Sha384>(parts)),
        }
    }

    /// The hash of some texts, one after the other.
    pub(crate) fn bytes<'a>(self, parts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
        match self {
            Self::Sha256 => digest::<Sha256>(parts).to_vec(),
            Self::Sha384 => digest::<Sha384>(parts).to_vec(),
        }
    }
}

fn digest<'a, D: Digest>(parts: impl IntoIterator<Item = &'a str>) -> Output<D> {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    state.finalize()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Lines of N-Quads, each with its line feed, sorted by code point.
pub(crate) struct Lines {
    text: String,
    places: Vec<Range<usize>>,
}

impl Lines {
    /// The statements as lines, with the names that `name` gives to blank nodes.
    fn of<'a>(
        quads: impl IntoIterator<Item = &'a Quad>,
        name: impl Fn(usize, &mut String),
    ) -> Self {
        let mut text = String::new();
        let mut places = Vec::new();
        for quad in quads {
            let start = text.len();
            write_quad(quad, &mut text, &name);
            places.push(start..text.len());
        }
        // The bytes of UTF-8 are in the order of its code points.
        places.sort_unstable_by(|one, other| text[one.clone()].cmp(&text[other.clone()]));
        Self { text, places }
    }

    /// The lines.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| &self.text[place.clone()])
    }

    /// All of them, as one text.
    pub(crate) fn concat(&self) -> String {
        let mut whole = String::with_capacity(self.text.len());
        whole.extend(self.iter());
        whole
    }
}

/// The canonical label of each blank node of some N-Quads, by its label there.
///
/// # Errors
/// As [`crate::canonicalize_nquads`].
///
/// # Reference
/// RDFC-1.0, section 4.3 (the issued identifiers map).
pub fn canonical_labels(
    text: &[u8],
    hash: Hash,
    limits: &Limits,
) -> Result<BTreeMap<String, String>> {
    let dataset = nquads::parse(text, limits)?;
    let (_, issued) = canonicalize(&dataset, hash, limits)?;
    let name = |(number, label): (usize, &Option<String>)| {
        let place = issued.names.get(&number)?;
        Some((label.clone()?, format!("c14n{place}")))
    };
    Ok(dataset.labels.iter().enumerate().filter_map(name).collect())
}

/// Names in the order in which they were given (section 4.5).
#[derive(Clone, Default)]
pub(crate) struct Issuer {
    names: HashMap<usize, usize>,
    order: Vec<usize>,
}

impl Issuer {
    fn issue(&mut self, node: usize) -> usize {
        let next = self.order.len();
        *self.names.entry(node).or_insert_with(|| {
            self.order.push(node);
            next
        })
    }
}

/// Section 4.4.3: the canonical N-Quads, and the names given.
pub(crate) fn canonicalize(
    dataset: &Dataset,
    hash: Hash,
    limits: &Limits,
) -> Result<(Lines, Issuer)> {
    let mut state = State::new(dataset, hash, limits.work);
    let mut by_hash: BTreeMap<Rc<str>, Vec<usize>> = BTreeMap::new();
    let numbers: Vec<usize> = state.mentions.keys().copied().collect();
    for number in numbers {
        let first = state.first_degree(number);
        by_hash.entry(first).or_default().push(number);
    }
    let mut alike = Vec::new();
    for nodes in by_hash.into_values() {
        if let [only] = nodes[..] {
            state.canonical.issue(only);
        } else {
            alike.push(nodes);
        }
    }
    for nodes in alike {
        let mut paths = Vec::new();
        for node in nodes {
            if state.canonical.names.contains_key(&node) {
                continue;
            }
            let mut issuer = Issuer::default();
            issuer.issue(node);
            paths.push(state.n_degree(node, issuer)?);
        }
        paths.sort_by(|one, other| one.0.cmp(&other.0));
        for (_, issuer) in paths {
            for node in issuer.order {
                state.canonical.issue(node);
            }
        }
    }
    Ok((state.lines(), state.canonical))
}

/// Section 4.3: the canonicalization state.
struct State<'a> {
    dataset: &'a Dataset,
    hash: Hash,
    /// The statements in which a blank node stands.
    mentions: BTreeMap<usize, Vec<&'a Quad>>,
    first: HashMap<usize, Rc<str>>,
    canonical: Issuer,
    steps: usize,
    limit: usize,
}

impl<'a> State<'a> {
    fn new(dataset: &'a Dataset, hash: Hash, limit: usize) -> Self {
        let mut mentions: BTreeMap<usize, Vec<&Quad>> = BTreeMap::new();
        for quad in &dataset.quads {
            for number in blanks(quad) {
                let quads = mentions.entry(number).or_default();
                // A statement that names a node twice is one statement still.
                if !quads.last().is_some_and(|last| std::ptr::eq(*last, quad)) {
                    quads.push(quad);
                }
            }
        }
        Self {
            dataset,
            hash,
            mentions,
            first: HashMap::new(),
            canonical: Issuer::default(),
            steps: 0,
            limit,
        }
    }

    fn step(&mut self, count: usize) -> Result<()> {
        self.steps += count;
        if self.steps > self.limit {
            return Err(Error::Work { limit: self.limit });
        }
        Ok(())
    }

    /// Section 4.6: what is said of a node, seen from it alone.
    fn first_degree(&mut self, node: usize) -> Rc<str> {
        if let Some(known) = self.first.get(&node) {
            return Rc::clone(known);
        }
        let quads = &self.mentions[&node];
        let lines = Lines::of(quads.iter().copied(), |number, text| {
            text.push(if number == node { 'a' } else { 'z' });
        });
        let first: Rc<str> = Rc::from(self.hash.hex(lines.iter()));
        self.first.insert(node, Rc::clone(&first));
        first
    }

    /// Section 4.7: what tells a related node, and how it is related.
    fn related(
        &mut self,
        related: usize,
        quad: &Quad,
        issuer: &Issuer,
        position: char,
    ) -> Result<String> {
        self.step(1)?;
        let mut text = String::from(position);
        if position != 'g' {
            text.push_str(&quad.predicate);
        }
        if let Some(place) = self.canonical.names.get(&related) {
            let _ = write!(text, "_:c14n{place}");
        } else if let Some(place) = issuer.names.get(&related) {
            let _ = write!(text, "_:b{place}");
        } else {
            text.push_str(&self.first_degree(related));
        }
        Ok(self.hash.hex([text.as_str()]))
    }

    /// Section 4.8: what tells a node by its neighbours, and theirs.
    fn n_degree(&mut self, node: usize, issuer: Issuer) -> Result<(String, Issuer)> {
        self.step(1)?;
        let mut issuer = issuer;
        let mut neighbours: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for quad in self.mentions[&node].clone() {
            let places = [
                (Some(&quad.subject), 's'),
                (Some(&quad.object), 'o'),
                (quad.graph.as_ref(), 'g'),
            ];
            for (place, position) in places {
                if let Some(Node::Blank(related)) = place {
                    if *related != node {
                        let hash = self.related(*related, quad, &issuer, position)?;
                        neighbours.entry(hash).or_default().push(*related);
                    }
                }
            }
        }
        let mut text = String::new();
        for (hash, nodes) in neighbours {
            text.push_str(&hash);
            let (path, chosen) = self.shortest(nodes, &issuer)?;
            text.push_str(&path);
            issuer = chosen;
        }
        Ok((self.hash.hex([text.as_str()]), issuer))
    }

    /// Step 5.4: the least path over all orders of nodes that look alike.
    fn shortest(&mut self, mut nodes: Vec<usize>, issuer: &Issuer) -> Result<(String, Issuer)> {
        nodes.sort_unstable();
        let mut best: Option<(String, Issuer)> = None;
        loop {
            if let Some(found) = self.path(&nodes, issuer, best.as_ref())? {
                best = Some(found);
            }
            if !next_permutation(&mut nodes) {
                break;
            }
        }
        Ok(best.unwrap_or_default())
    }

    /// Steps 5.4.1 to 5.4.6. None if the best path so far is better.
    fn path(
        &mut self,
        nodes: &[usize],
        issuer: &Issuer,
        best: Option<&(String, Issuer)>,
    ) -> Result<Option<(String, Issuer)>> {
        let worse = |path: &str| {
            best.is_some_and(|(best, _)| path.len() >= best.len() && path > best.as_str())
        };
        self.step(1 + issuer.order.len() / 16)?;
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut pending = Vec::new();
        for node in nodes {
            self.step(1)?;
            if let Some(place) = self.canonical.names.get(node) {
                let _ = write!(path, "_:c14n{place}");
            } else {
                if !issuer.names.contains_key(node) {
                    pending.push(*node);
                }
                let _ = write!(path, "_:b{}", issuer.issue(*node));
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for node in pending {
            let (hash, after) = self.n_degree(node, issuer)?;
            issuer = after;
            let _ = write!(path, "_:b{}<{hash}>", issuer.issue(node));
            if worse(&path) {
                return Ok(None);
            }
        }
        let better = best.is_none_or(|(best, _)| path < *best);
        Ok(better.then_some((path, issuer)))
    }

    /// The statements with canonical names, sorted by code point.
    fn lines(&self) -> Lines {
        Lines::of(&self.dataset.quads, |number, text| {
            let place = self.canonical.names.get(&number).copied();
            let _ = write!(text, "c14n{}", place.unwrap_or_default());
        })
    }
}

fn blanks(quad: &Quad) -> impl Iterator<Item = usize> + '_ {
    [Some(&quad.subject), Some(&quad.object), quad.graph.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|node| match node {
            Node::Blank(number) => Some(*number),
            Node::Text(_) => None,
        })
}

/// The next order of the numbers; false after the last one.
fn next_permutation(numbers: &mut [usize]) -> bool {
    let Some(pivot) = numbers.windows(2).rposition(|pair| pair[0] < pair[1]) else {
        return false;
    };
    let Some(above) = numbers.iter().rposition(|other| *other > numbers[pivot]) else {
        return false;
    };
    numbers.swap(pivot, above);
    numbers[pivot + 1..].reverse();
    true
}
