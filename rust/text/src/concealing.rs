//! Replacing claims by salted digests, so that the holder shows only what is asked.
//!
//! Salts are made here and nowhere else: no caller can supply, shorten or repeat one.
//!
//! # Reference
//! RFC 9901, sections 4.1, 4.2 and 9.3.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::base64url;
use crate::disclosure::{Hash, Limits, BETWEEN};
use crate::error::{malformed, Error, Result};
use crate::json::{self, Kind, Token, Value};
use crate::random::Random;
use crate::revealing::is_reserved;

/// Random bytes of a salt: 24 characters, 144 bits; 128 are recommended (section 9.3).
const SALT_BYTES: usize = 18;
/// Random bytes behind a decoy digest (section 4.2.7).
const DECOY_BYTES: usize = 32;

/// Claims of which some are hidden.
#[derive(Debug, PartialEq, Eq)]
pub struct Concealed {
    /// What the issuer is to sign: a JSON object, with digests in it.
    pub payload: Vec<u8>,
    /// The disclosures to send with it, a tilde between two.
    pub disclosures: Vec<u8>,
}

/// Hides claims.
///
/// # Arguments
/// * `claims` - a JSON object.
/// * `paths` - a JSON array of paths, each an array of names, indices and
///   `null` for every element. One that selects nothing is passed over.
/// * `decoys` - digests without a disclosure, to add to each object and array
///   that has hidden parts.
/// * `limits` - of each disclosure; the claims may be one level deeper.
/// * `count` - the most disclosures.
///
/// # Returns
/// Where a path hides a claim within a hidden one, the disclosure of the outer
/// one holds the digest of the inner one. The digests of an object are sorted,
/// which hides the order of its members.
///
/// # Errors
/// [`Error::Malformed`], [`Error::DuplicateKey`], [`Error::Limit`];
/// [`Error::NameForbidden`] for claims that have a reserved name,
/// [`Error::NotDisclosable`] for paths with one, [`Error::ClaimType`] for a path
/// through a value of another type; [`Error::RandomnessUnavailable`].
///
/// # Cost
/// Linear.
pub fn conceal(
    claims: &[u8],
    paths: &[u8],
    decoys: usize,
    limits: Limits,
    count: usize,
) -> Result<Concealed> {
    let (mut claim_tokens, mut path_tokens) = (Vec::new(), Vec::new());
    let root = json::record(claims, 0, limits.depth + 1, &mut claim_tokens)?;
    let root = Value::new(claims, &claim_tokens, root);
    if root.kind() != Kind::Object {
        return malformed("an object of claims");
    }
    refuse_reserved_names(claims, &claim_tokens)?;
    let place = json::record(paths, 0, PATHS_DEPTH, &mut path_tokens)?;
    let paths = read_paths(Value::new(paths, &path_tokens, place))?;
    let mut work = Work {
        decoys,
        limits,
        count,
        hidden: 0,
        random: Random::for_about(SALT_BYTES * paths.len()),
        disclosures: Vec::with_capacity(2 * claims.len()),
    };
    let mut payload = Vec::with_capacity(2 * claims.len());
    let ways: Vec<_> = paths.iter().map(Vec::as_slice).collect();
    work.value(root, &ways, &mut payload)?;
    if work.hidden > 0 {
        payload.pop();
        payload.extend_from_slice(br#","_sd_alg":"sha-256"}"#);
    }
    Ok(Concealed {
        payload,
        disclosures: work.disclosures,
    })
}

/// A list of lists of components.
const PATHS_DEPTH: usize = 2;

/// One step of a path.
#[derive(PartialEq, Eq, Hash)]
enum Step<'a> {
    Name(Cow<'a, [u8]>),
    Index(usize),
    Every,
}

/// What is left of a path below some value.
type Way<'a> = &'a [Step<'a>];

fn refuse_reserved_names(text: &[u8], tokens: &[Token]) -> Result<()> {
    for place in 0..tokens.len() {
        let value = Value::new(text, tokens, place);
        let reserved = value.kind() == Kind::Object
            && value
                .members()
                .any(|member| is_reserved(&member.characters));
        if reserved {
            return Err(Error::NameForbidden);
        }
    }
    Ok(())
}

fn read_paths(paths: Value) -> Result<Vec<Vec<Step>>> {
    if paths.kind() != Kind::Array {
        return malformed("an array of paths");
    }
    paths.elements().map(read_path).collect()
}

fn read_path(path: Value) -> Result<Vec<Step>> {
    let steps: Vec<_> = match path.kind() {
        Kind::Array => path.elements().map(read_step).collect::<Result<_>>()?,
        _ => Vec::new(),
    };
    if steps.is_empty() {
        return malformed("a path of at least one component");
    }
    Ok(steps)
}

fn read_step(step: Value) -> Result<Step> {
    if let Some(name) = step.characters() {
        if is_reserved(&name) {
            return Err(Error::NotDisclosable);
        }
        return Ok(Step::Name(name));
    }
    if step.raw() == b"null" {
        return Ok(Step::Every);
    }
    let index = std::str::from_utf8(step.raw()).unwrap_or_default().parse();
    index.map_or_else(
        |_| malformed("a path of names, indices and null"),
        |index| Ok(Step::Index(index)),
    )
}

struct Work {
    decoys: usize,
    limits: Limits,
    count: usize,
    hidden: usize,
    random: Random,
    disclosures: Vec<u8>,
}

impl Work {
    /// Writes a value with what the ways select below it hidden.
    fn value(&mut self, value: Value, ways: &[Way], out: &mut Vec<u8>) -> Result<()> {
        if ways.is_empty() {
            out.extend_from_slice(value.raw());
            return Ok(());
        }
        match value.kind() {
            Kind::Object => self.object(value, &by_step(ways, true)?, out),
            Kind::Array => self.array(value, &by_step(ways, false)?, out),
            _ => Err(Error::ClaimType {
                expected: "an object or an array below a path",
            }),
        }
    }

    fn object(&mut self, object: Value, chosen: &Chosen, out: &mut Vec<u8>) -> Result<()> {
        let mut digests = Vec::new();
        out.push(b'{');
        let start = out.len();
        for member in object.members() {
            let name = member.name.raw();
            match chosen.get(&Step::Name(member.characters)) {
                Some(choice) if choice.hides => {
                    digests.push(self.hide(Some(name), member.value, &choice.below)?);
                }
                choice => {
                    separate(out, start);
                    out.extend_from_slice(name);
                    out.push(b':');
                    let below = choice.map_or(&[][..], |choice| &choice.below);
                    self.value(member.value, below, out)?;
                }
            }
        }
        if !digests.is_empty() {
            for _ in 0..self.decoys {
                digests.push(self.decoy()?);
            }
            digests.sort_unstable();
            separate(out, start);
            out.extend_from_slice(br#""_sd":[""#);
            out.extend_from_slice(&digests.join(&br#"",""#[..]));
            out.extend_from_slice(br#""]"#);
        }
        out.push(b'}');
        Ok(())
    }

    fn array(&mut self, array: Value, chosen: &Chosen, out: &mut Vec<u8>) -> Result<()> {
        let mut written = Vec::new();
        let mut hides = false;
        for (index, element) in array.elements().enumerate() {
            let choices = [Step::Index(index), Step::Every].map(|step| chosen.get(&step));
            let choices = choices.iter().flatten();
            let below: Vec<_> = choices
                .clone()
                .flat_map(|choice| &choice.below)
                .copied()
                .collect();
            if choices.clone().any(|choice| choice.hides) {
                hides = true;
                written.push(stand_in(&self.hide(None, element, &below)?));
            } else {
                let mut shown = Vec::new();
                self.value(element, &below, &mut shown)?;
                written.push(shown);
            }
        }
        if hides {
            for _ in 0..self.decoys {
                let place = self.random.below(written.len() + 1)?;
                written.insert(place, stand_in(&self.decoy()?));
            }
        }
        out.push(b'[');
        out.extend_from_slice(&written.join(&b','));
        out.push(b']');
        Ok(())
    }

    /// Makes the disclosure of a value; gives its digest.
    fn hide(&mut self, name: Option<&[u8]>, value: Value, below: &[Way]) -> Result<Vec<u8>> {
        self.hidden += 1;
        if self.hidden > self.count {
            return Err(Error::Limit {
                what: "hidden claims",
                limit: self.count,
            });
        }
        let mut content = b"[\"".to_vec();
        base64url::encode(self.random.take(SALT_BYTES)?, &mut content);
        content.extend_from_slice(b"\",");
        if let Some(name) = name {
            content.extend_from_slice(name);
            content.push(b',');
        }
        self.value(value, below, &mut content)?;
        content.push(b']');
        // Digests within it took levels of their own: what is made must be readable.
        json::check(&content, self.limits.depth)?;
        if !self.disclosures.is_empty() {
            self.disclosures.push(BETWEEN);
        }
        let start = self.disclosures.len();
        base64url::encode(&content, &mut self.disclosures);
        let text = &self.disclosures[start..];
        if text.len() > self.limits.characters {
            return Err(Error::Limit {
                what: "characters of a disclosure",
                limit: self.limits.characters,
            });
        }
        Ok(digest_of(text))
    }

    fn decoy(&mut self) -> Result<Vec<u8>> {
        Ok(digest_of(self.random.take(DECOY_BYTES)?))
    }
}

fn digest_of(text: &[u8]) -> Vec<u8> {
    let mut digest = Vec::new();
    Hash::Sha256.digest(text, &mut digest);
    digest
}

fn stand_in(digest: &[u8]) -> Vec<u8> {
    [br#"{"...":""#, digest, br#""}"#].concat()
}

/// Writes a comma, unless nothing was written since `start`.
fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start {
        out.push(b',');
    }
}

/// What is chosen of an object or array.
type Chosen<'a> = HashMap<&'a Step<'a>, Choice<'a>>;

#[derive(Default)]
struct Choice<'a> {
    /// Whether a path ends here.
    hides: bool,
    /// The ways that lead on.
    below: Vec<Way<'a>>,
}

fn by_step<'a>(ways: &[Way<'a>], in_object: bool) -> Result<Chosen<'a>> {
    let mut chosen = Chosen::with_capacity(ways.len());
    for way in ways {
        let Some((step, below)) = way.split_first() else {
            continue;
        };
        if matches!(step, Step::Name(_)) != in_object {
            return Err(Error::ClaimType {
                expected: "names in objects, indices in arrays",
            });
        }
        let choice = chosen.entry(step).or_default();
        if below.is_empty() {
            choice.hides = true;
        } else {
            choice.below.push(below);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
