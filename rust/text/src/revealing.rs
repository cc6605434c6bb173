//! Putting disclosed claims back where the issuer hid them.
//!
//! The payload and the disclosures are read once, into tables of where each
//! value stands; the claims are then handed over in one walk, value by value.
//!
//! # Reference
//! RFC 9901, section 7.1.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::disclosure::{self, Disclosures, Hash, Limits, BETWEEN};
use crate::error::{malformed, Error, Result};
use crate::json::{self, are_unique, Kind, Member, Sink, Token, Value};

/// Lists the digests of hidden members (section 4.2.4.1).
pub(crate) const DIGESTS_KEY: &[u8] = b"_sd";
/// The one member of an object that stands for a hidden element (section 4.2.4.2).
pub(crate) const DIGEST_KEY: &[u8] = b"...";
/// Names the hash function (section 4.1.1).
pub(crate) const HASH_KEY: &[u8] = b"_sd_alg";

/// Whether no claim may have this name.
///
/// RFC 9901 forbids the first two in a disclosure; the third would let a holder
/// choose the hash function.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    [DIGESTS_KEY, DIGEST_KEY, HASH_KEY].contains(&name)
}

/// The payload of an issuer-signed JWT with the disclosures sent beside it, both read.
#[derive(Debug)]
pub struct Presented {
    payload: Vec<u8>,
    tokens: Vec<Token>,
    texts: Vec<u8>,
    disclosures: Disclosures,
}

impl Presented {
    /// Reads a payload and the disclosures beside it.
    ///
    /// # Arguments
    /// * `payload` - one JSON object.
    /// * `depth` - levels of JSON that the payload may have.
    /// * `texts` - disclosures, a tilde between two; empty for none.
    /// * `limits` - of each disclosure.
    ///
    /// # Errors
    /// Of the payload [`Error::Malformed`], [`Error::DuplicateKey`],
    /// [`Error::Limit`]; then those of [`disclosure::read`].
    ///
    /// # Cost
    /// Linear.
    pub fn read(payload: &[u8], depth: usize, texts: &[u8], limits: Limits) -> Result<Self> {
        let payload = payload.to_vec();
        let mut tokens = Vec::new();
        let root = json::record(&payload, 0, depth, &mut tokens)?;
        if Value::new(&payload, &tokens, root).kind() != Kind::Object {
            return malformed("a JSON object");
        }
        let disclosures = Disclosures::read(texts, limits)?;
        Ok(Self {
            payload,
            tokens,
            texts: texts.to_vec(),
            disclosures,
        })
    }

    /// Hands the payload to a sink, digests and all.
    pub fn payload(&self, sink: &mut impl Sink) {
        self.root().write(sink);
    }

    fn root(&self) -> Value<'_> {
        // The payload is the first of its own tokens.
        Value::new(&self.payload, &self.tokens, 0)
    }

    /// Puts each disclosure where its digest stands, and hands the claims to a sink.
    ///
    /// # Arguments
    /// * `depth` - how many arrays and objects may stand around one in the claims.
    /// * `claims` - to be thrown away after an error.
    ///
    /// # Returns
    /// Where each disclosure went, in the order of the claims.
    ///
    /// # Errors
    /// [`Error::HashNotAllowed`], [`Error::DisclosureDuplicate`]; then, in the
    /// order of the claims and for each object before what is within it,
    /// [`Error::Limit`], [`Error::Disclosure`], [`Error::DigestDuplicate`],
    /// [`Error::NameForbidden`], [`Error::NameCollision`]; at last
    /// [`Error::DisclosureUnreferenced`].
    ///
    /// # Cost
    /// One hash of each disclosure; linear.
    ///
    /// # Reference
    /// RFC 9901, section 7.1, steps 2.4 and 3 to 5.
    pub fn reveal(&self, depth: usize, claims: &mut impl Sink) -> Result<Vec<Place<'_>>> {
        let root = self.root();
        let digests = disclosure::digests(&self.texts, hash_of(root)?);
        let count = self.disclosures.len();
        // Without disclosures there is the digest of an empty text, which is none.
        let known = digests.split(|&byte| byte == BETWEEN).take(count);
        let mut walk = Walk {
            disclosures: &self.disclosures,
            digests: HashMap::with_capacity(2 * count),
            containers: 0,
            depth_max: depth.min(json::DEPTH_MAX),
            places: Vec::with_capacity(count),
            claims,
        };
        for (number, digest) in known.enumerate() {
            let twin = walk.digests.insert(Cow::Borrowed(digest), Some(number));
            if twin.is_some() {
                return Err(Error::DisclosureDuplicate);
            }
        }
        walk.object(root, 0)?;
        if walk.places.len() != count {
            return Err(Error::DisclosureUnreferenced);
        }
        Ok(walk.places)
    }
}

/// Where a disclosure went.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which object or array among the claims, counted from 0 in the order in which they begin.
    pub container: usize,
    /// Where in it.
    pub at: At<'a>,
    /// The disclosure's own number, from 0.
    pub disclosure: usize,
}

/// Where in an object or array.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// Under this name of an object.
    Name(Value<'a>),
    /// At this index of an array.
    Index(usize),
}

fn hash_of(payload: Value) -> Result<Hash> {
    let named = payload
        .members()
        .find(|member| *member.characters == *HASH_KEY);
    let Some(Member { value, .. }) = named else {
        return Ok(Hash::Sha256);
    };
    // What is no text has no name of a hash function either.
    let name = value.characters().unwrap_or_default();
    Hash::named(std::str::from_utf8(&name).unwrap_or_default())
}

struct Walk<'a, 'w, S> {
    disclosures: &'a Disclosures,
    /// The disclosure that a digest stands for, until it was placed. Digests
    /// that were met and have none are here as well: none may stand twice.
    digests: HashMap<Cow<'w, [u8]>, Option<usize>>,
    /// Objects and arrays begun.
    containers: usize,
    depth_max: usize,
    places: Vec<Place<'a>>,
    claims: &'w mut S,
}

impl<'a: 'w, 'w, S: Sink> Walk<'a, 'w, S> {
    fn value(&mut self, value: Value<'a>, depth: usize) -> Result<()> {
        match value.kind() {
            Kind::Object => self.object(value, depth + 1),
            Kind::Array => self.array(value, depth + 1),
            _ => {
                self.claims.plain(value);
                Ok(())
            }
        }
    }

    /// Counts an object or array; gives its number.
    fn count(&mut self, depth: usize) -> Result<usize> {
        if depth > self.depth_max {
            return Err(Error::Limit {
                what: "levels of claims",
                limit: self.depth_max,
            });
        }
        self.containers += 1;
        Ok(self.containers - 1)
    }

    fn object(&mut self, object: Value<'a>, depth: usize) -> Result<()> {
        let container = self.count(depth)?;
        let mut digests = None;
        for Member {
            characters, value, ..
        } in object.members()
        {
            match &*characters {
                DIGESTS_KEY => digests = Some(value),
                DIGEST_KEY => return refused("... only within arrays"),
                HASH_KEY if depth > 0 => {
                    return Err(Error::HashNotAllowed {
                        expected: "_sd_alg at the top level only",
                    })
                }
                _ => {}
            }
        }
        let disclosed = match digests {
            Some(digests) => self.disclosed_members(object, digests)?,
            None => Vec::new(),
        };
        self.claims.begin_object();
        for member in object.members() {
            if !is_reserved(&member.characters) {
                self.claims.name(member.name);
                self.value(member.value, depth)?;
            }
        }
        for (disclosure, name, value) in disclosed {
            self.places.push(Place {
                container,
                at: At::Name(name),
                disclosure,
            });
            self.claims.name(name);
            self.value(value, depth)?;
        }
        self.claims.end();
        Ok(())
    }

    /// The disclosures, with names and values, that the digests of an object stand for.
    fn disclosed_members(
        &mut self,
        object: Value<'a>,
        digests: Value<'a>,
    ) -> Result<Vec<(usize, Value<'a>, Value<'a>)>> {
        if digests.kind() != Kind::Array {
            return refused("_sd to be an array of digests");
        }
        let mut disclosed = Vec::new();
        let mut names = Vec::new();
        for digest in digests.elements() {
            let Some(number) = self.find(digest)? else {
                continue;
            };
            let parts = self.disclosures.parts(number);
            let Some(name) = parts.name else {
                return refused("a claim with a name");
            };
            let characters = name.characters().unwrap_or_default();
            if is_reserved(&characters) {
                return Err(Error::NameForbidden);
            }
            names.push(characters);
            disclosed.push((number, name, parts.value));
        }
        if !disclosed.is_empty() {
            names.extend(object.members().map(|member| member.characters));
            if !are_unique(&mut names) {
                return Err(Error::NameCollision);
            }
        }
        Ok(disclosed)
    }

    fn array(&mut self, array: Value<'a>, depth: usize) -> Result<()> {
        let container = self.count(depth)?;
        self.claims.begin_array();
        let mut index = 0;
        for element in array.elements() {
            let mut shown = element;
            if let Some(digest) = digest_of(element)? {
                let Some(disclosure) = self.find(digest)? else {
                    continue;
                };
                let parts = self.disclosures.parts(disclosure);
                if parts.name.is_some() {
                    return refused("an array element without a name");
                }
                shown = parts.value;
                self.places.push(Place {
                    container,
                    at: At::Index(index),
                    disclosure,
                });
            }
            self.value(shown, depth)?;
            index += 1;
        }
        self.claims.end();
        Ok(())
    }

    /// Which disclosure a digest stands for; one without is passed over.
    fn find(&mut self, digest: Value<'a>) -> Result<Option<usize>> {
        let Some(characters) = digest.characters() else {
            return refused("digests as text");
        };
        if let Some(waiting) = self.digests.get_mut(&characters) {
            return waiting.take().map(Some).ok_or(Error::DigestDuplicate);
        }
        self.digests.insert(characters, None);
        Ok(None)
    }
}

/// The digest that stands in place of a hidden element; none in any other element.
fn digest_of(element: Value) -> Result<Option<Value>> {
    if element.kind() != Kind::Object {
        return Ok(None);
    }
    let stands = |member: &Member| *member.characters == *DIGEST_KEY;
    match element.members().find(stands) {
        None => Ok(None),
        Some(digest) if element.members().count() == 1 => Ok(Some(digest.value)),
        Some(_) => refused("... to stand alone"),
    }
}

fn refused<T>(expected: &'static str) -> Result<T> {
    Err(Error::Disclosure { expected })
}

#[cfg(test)]
mod tests;
