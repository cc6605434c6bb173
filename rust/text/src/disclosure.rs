//! The disclosures of an SD-JWT, many at a time.
//!
//! Many disclosures are one run of bytes, with a tilde between two: the same
//! text in which they travel, since no base64url holds one.
//!
//! # Reference
//! RFC 9901, section 4.2.

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::base64url;
use crate::error::{Error, Result};
use crate::json::{self, Kind, Token, Value};

/// Stands between two disclosures, or two digests.
pub const BETWEEN: u8 = b'~';

/// The hash functions that an issuer may choose (section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// `sha-256`
    Sha256,
    /// `sha-384`
    Sha384,
    /// `sha-512`
    Sha512,
}

impl Hash {
    /// The hash function of a name in IANA's registry.
    ///
    /// # Errors
    /// [`Error::HashNotAllowed`] for one that is not deemed secure, or not known.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "sha-256" => Ok(Self::Sha256),
            "sha-384" => Ok(Self::Sha384),
            "sha-512" => Ok(Self::Sha512),
            _ => Err(Error::HashNotAllowed {
                expected: "sha-256, sha-384 or sha-512",
            }),
        }
    }

    /// Appends the digest of `text` as base64url.
    pub(crate) fn digest(self, text: &[u8], digest: &mut Vec<u8>) {
        match self {
            Self::Sha256 => base64url::encode(&Sha256::digest(text), digest),
            Self::Sha384 => base64url::encode(&Sha384::digest(text), digest),
            Self::Sha512 => base64url::encode(&Sha512::digest(text), digest),
        }
    }
}

/// How much disclosures may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Characters of one disclosure.
    pub characters: usize,
    /// Arrays and objects inside each other, the disclosure's own array counted.
    pub depth: usize,
}

/// What one disclosure says.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) salt: Value<'a>,
    /// None for an element of an array.
    pub(crate) name: Option<Value<'a>>,
    pub(crate) value: Value<'a>,
}

impl<'a> Parts<'a> {
    /// The parts of a disclosure's JSON.
    ///
    /// # Errors
    /// [`Error::Disclosure`] for another array, or none.
    fn of(content: Value<'a>) -> Result<Self> {
        const SHAPE: &str = "a salt, perhaps a name, and a value";
        let is_text = |part: &Value| matches!(part.kind(), Kind::Text | Kind::EscapedText);
        let refused = |expected| Err(Error::Disclosure { expected });
        let mut parts = content.elements();
        let (salt, second, third) = (parts.next(), parts.next(), parts.next());
        let Some(salt) = salt.filter(|salt| content.kind() == Kind::Array && is_text(salt)) else {
            return refused("an array that begins with a salt");
        };
        match (second, third, parts.next()) {
            (Some(value), None, _) => Ok(Self {
                salt,
                name: None,
                value,
            }),
            (Some(name), Some(value), None) if is_text(&name) => {
                if name.characters().is_some_and(|name| name.contains(&0)) {
                    return refused("a name without NUL");
                }
                Ok(Self {
                    salt,
                    name: Some(name),
                    value,
                })
            }
            _ => refused(SHAPE),
        }
    }
}

/// Disclosures that were read.
#[derive(Debug)]
pub(crate) struct Disclosures {
    content: Vec<u8>,
    tokens: Vec<Token>,
    /// For each disclosure, which tokens are its salt, its name and its value.
    places: Vec<(usize, Option<usize>, usize)>,
}

impl Disclosures {
    /// Reads disclosures, none of an empty text; as [`read`].
    pub(crate) fn read(texts: &[u8], limits: Limits) -> Result<Self> {
        let mut found = Self {
            content: Vec::with_capacity(texts.len()),
            tokens: Vec::new(),
            places: Vec::new(),
        };
        if !texts.is_empty() {
            for text in texts.split(|&byte| byte == BETWEEN) {
                found.read_one(text, limits)?;
            }
        }
        Ok(found)
    }

    fn read_one(&mut self, text: &[u8], limits: Limits) -> Result<()> {
        if text.len() > limits.characters {
            return Err(Error::Limit {
                what: "characters of a disclosure",
                limit: limits.characters,
            });
        }
        let start = self.content.len();
        let place = base64url::decode(text, &mut self.content)
            .and_then(|()| json::record(&self.content, start, limits.depth, &mut self.tokens))
            .map_err(|error| match error {
                Error::Malformed { .. } => Error::Disclosure {
                    expected: "base64url of a JSON array",
                },
                other => other,
            })?;
        let parts = Parts::of(Value::new(&self.content, &self.tokens, place))?;
        let name = parts.name.map(|name| name.place());
        self.places
            .push((parts.salt.place(), name, parts.value.place()));
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// What the disclosure of this number says.
    pub(crate) fn parts(&self, number: usize) -> Parts<'_> {
        let value_at = |place| Value::new(&self.content, &self.tokens, place);
        let (salt, name, value) = self.places[number];
        Parts {
            salt: value_at(salt),
            name: name.map(value_at),
            value: value_at(value),
        }
    }
}

/// Reads disclosures.
///
/// # Arguments
/// * `texts` - disclosures, base64url, a tilde between two; empty for none.
///
/// # Returns
/// A JSON array with `[salt, name, value]` for each, in their order and as the
/// issuer wrote them; the name of an array's element is `null`.
///
/// # Errors
/// [`Error::Disclosure`] for what is no array of a salt, perhaps a name, and a
/// value; [`Error::DuplicateKey`]; [`Error::Limit`].
///
/// # Cost
/// Linear.
///
/// # Reference
/// RFC 9901, sections 4.2.1 and 4.2.2.
pub fn read(texts: &[u8], limits: Limits) -> Result<Vec<u8>> {
    let disclosures = Disclosures::read(texts, limits)?;
    let mut found = Vec::with_capacity(texts.len());
    for number in 0..disclosures.len() {
        let Parts { salt, name, value } = disclosures.parts(number);
        found.push(if number == 0 { b'[' } else { b',' });
        found.push(b'[');
        found.extend_from_slice(salt.raw());
        found.push(b',');
        found.extend_from_slice(name.map_or(b"null", |name| name.raw()));
        found.push(b',');
        found.extend_from_slice(value.raw());
        found.push(b']');
    }
    found.extend_from_slice(if found.is_empty() { b"[]" } else { b"]" });
    Ok(found)
}

/// Hashes disclosures, each as it was sent.
///
/// # Arguments
/// * `texts` - at least one disclosure, a tilde between two.
///
/// # Returns
/// base64url digests, a tilde between two.
///
/// # Reference
/// RFC 9901, section 4.2.3.
#[must_use]
pub fn digests(texts: &[u8], hash: Hash) -> Vec<u8> {
    let mut found = Vec::new();
    for (place, text) in texts.split(|&byte| byte == BETWEEN).enumerate() {
        if place > 0 {
            found.push(BETWEEN);
        }
        hash.digest(text, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{json, Value};

    const LIMITS: Limits = Limits {
        characters: 400,
        depth: 4,
    };

    fn encoded(content: &str) -> Vec<u8> {
        let mut text = Vec::new();
        base64url::encode(content.as_bytes(), &mut text);
        text
    }

    #[test]
    fn the_example_of_rfc_9901_section_4_2_1() {
        let text = b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        let found: Value =
            serde_json::from_slice(&read(text, LIMITS).expect("a disclosure")).expect("JSON");
        assert_eq!(
            found,
            json!([["_26bc4LT-ac6q2KI6cBW5es", "family_name", "M\u{f6}bius"]])
        );
        assert_eq!(
            digests(text, Hash::Sha256),
            b"X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
        );
    }

    #[test]
    fn what_is_no_disclosure() {
        assert!(read(&encoded(r#"["salt","name",1]"#), LIMITS).is_ok());
        assert!(read(&encoded(r#"["salt",[1]]"#), LIMITS).is_ok());
        for content in [
            "{}",
            "\"salt\"",
            "[]",
            "[1,2]",
            "[[\"salt\"],1]",
            r#"["salt"]"#,
            r#"["salt","name",1,2]"#,
            r#"["salt","name",1"#,
            r#"["salt","name",NaN]"#,
            r#"["salt",1,2]"#,
            r#"["salt","a\u0000",2]"#,
        ] {
            let found = read(&encoded(content), LIMITS);
            assert!(
                matches!(found, Err(Error::Disclosure { .. })),
                "{content}: {found:?}"
            );
        }
        assert!(matches!(
            read(b"====", LIMITS),
            Err(Error::Disclosure { .. })
        ));
        assert_eq!(read(b"", LIMITS).as_deref(), Ok(b"[]".as_slice()));
        assert!(matches!(read(b"~", LIMITS), Err(Error::Disclosure { .. })));
        let twice = encoded(r#"["salt","name",{"a":1,"a":2}]"#);
        assert_eq!(read(&twice, LIMITS), Err(Error::DuplicateKey));
        let deep = encoded(r#"["salt","name",[[[[]]]]]"#);
        assert!(matches!(
            read(&deep, LIMITS),
            Err(Error::Limit { limit: 4, .. })
        ));
        assert!(matches!(
            read(&[b'A'; 404], LIMITS),
            Err(Error::Limit { limit: 400, .. })
        ));
    }

    #[test]
    fn hash_functions_by_name() {
        assert_eq!(Hash::named("sha-384"), Ok(Hash::Sha384));
        assert!(matches!(
            Hash::named("sha-1"),
            Err(Error::HashNotAllowed { .. })
        ));
        let lengths =
            [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| digests(b"a~b", hash).len());
        assert_eq!(lengths, [87, 129, 173]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(texts in prop::collection::vec(any::<u8>(), 0..200)) {
            let content = [b"[\"salt\",".as_slice(), &texts, b"]"].concat();
            let mut text = Vec::new();
            base64url::encode(&content, &mut text);
            if let Ok(found) = read(&text, LIMITS) {
                prop_assert!(serde_json::from_slice::<Value>(&found).is_ok());
            }
        }
    }
}
