//! The hidden claims of an SD-JWT, many at a time.
//!
//! Many disclosures are one run of bytes, with a tilde between two: the same
//! text in which they travel, since no base64url holds one.
//!
//! # Reference
//! RFC 9901, section 4.2.

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::base64url;
use crate::error::{malformed, Error, Result};
use crate::json::{self, Element, Kind};

/// Stands between two disclosures, or two digests.
pub const BETWEEN: u8 = b'~';

/// Random bytes of a salt: 24 characters, 144 bits; 128 are recommended (section 9.3).
const SALT_BYTES: usize = 18;

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
            _ => Err(Error::HashNotAllowed),
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

/// Reads disclosures.
///
/// # Arguments
/// * `texts` - at least one disclosure, base64url, a tilde between two.
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
    let mut found = Vec::with_capacity(texts.len());
    let mut content = Vec::new();
    for text in texts.split(|&byte| byte == BETWEEN) {
        if text.len() > limits.characters {
            return Err(Error::Limit {
                what: "characters of a disclosure",
                limit: limits.characters,
            });
        }
        content.clear();
        let elements = base64url::decode(text, &mut content)
            .and_then(|()| json::elements(&content, limits.depth))
            .map_err(|error| match error {
                Error::Malformed { .. } => Error::Disclosure {
                    expected: "base64url of a JSON array",
                },
                other => other,
            })?;
        found.push(if found.is_empty() { b'[' } else { b',' });
        write_parts(&content, elements.as_deref(), &mut found)?;
    }
    found.push(b']');
    Ok(found)
}

fn write_parts(content: &[u8], elements: Option<&[Element]>, found: &mut Vec<u8>) -> Result<()> {
    let (salt, name, value) = match elements {
        Some([(Kind::Text, salt), (_, value)]) => (salt, None, value),
        Some([(Kind::Text, salt), (Kind::Text, name), (_, value)]) => (salt, Some(name), value),
        Some([(Kind::Text, _), ..]) => {
            return Err(Error::Disclosure {
                expected: "a salt, perhaps a name, and a value",
            })
        }
        _ => {
            return Err(Error::Disclosure {
                expected: "an array that begins with a salt",
            })
        }
    };
    found.push(b'[');
    found.extend_from_slice(&content[salt.clone()]);
    found.push(b',');
    found.extend_from_slice(name.map_or(b"null", |name| &content[name.clone()]));
    found.push(b',');
    found.extend_from_slice(&content[value.clone()]);
    found.push(b']');
    Ok(())
}

/// Makes disclosures with fresh salts.
///
/// # Arguments
/// * `claims` - a JSON array: `[name, value]` for each member to hide, `[value]` for each element.
///
/// # Returns
/// The disclosures, a tilde between two.
///
/// # Errors
/// [`Error::Malformed`], [`Error::DuplicateKey`], [`Error::Limit`];
/// [`Error::RandomnessUnavailable`].
///
/// # Reference
/// RFC 9901, sections 4.2.1, 4.2.2 and 9.3.
pub fn make(claims: &[u8], limits: Limits) -> Result<Vec<u8>> {
    // The array around all of them is no level of a claim.
    let Some(elements) = json::elements(claims, limits.depth + 1)? else {
        return malformed("an array of claims");
    };
    let mut salts = vec![0; SALT_BYTES * elements.len()];
    getrandom::fill(&mut salts).map_err(|_| Error::RandomnessUnavailable)?;
    let mut texts = Vec::with_capacity(2 * claims.len());
    let mut content = Vec::new();
    for ((kind, place), salt) in elements.into_iter().zip(salts.chunks_exact(SALT_BYTES)) {
        let claim = &claims[place];
        let parts = match kind {
            Kind::Array => json::elements(claim, limits.depth)?,
            _ => None,
        };
        if !matches!(parts.as_deref(), Some([_] | [(Kind::Text, _), _])) {
            return malformed("each claim as an array of perhaps a name, and a value");
        }
        content.clear();
        content.extend_from_slice(b"[\"");
        base64url::encode(salt, &mut content);
        content.extend_from_slice(b"\",");
        content.extend_from_slice(&claim[1..]);
        if !texts.is_empty() {
            texts.push(BETWEEN);
        }
        let start = texts.len();
        base64url::encode(&content, &mut texts);
        if texts.len() - start > limits.characters {
            return Err(Error::Limit {
                what: "characters of a disclosure",
                limit: limits.characters,
            });
        }
    }
    Ok(texts)
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
        match hash {
            Hash::Sha256 => base64url::encode(&Sha256::digest(text), &mut found),
            Hash::Sha384 => base64url::encode(&Sha384::digest(text), &mut found),
            Hash::Sha512 => base64url::encode(&Sha512::digest(text), &mut found),
        }
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
            "",
            "{}",
            "\"salt\"",
            "[]",
            "[1,2]",
            "[[\"salt\"],1]",
            r#"["salt"]"#,
            r#"["salt",1,2]"#,
            r#"["salt","name",1,2]"#,
            r#"["salt","name",1"#,
            r#"["salt","name",NaN]"#,
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
        assert!(matches!(read(b"", LIMITS), Err(Error::Disclosure { .. })));
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
    fn what_is_made_can_be_read() {
        let claims = json!([["name", "Ada"], ["", null], [{"street": "A"}], ["list", [1, 2]]]);
        let made = make(claims.to_string().as_bytes(), LIMITS).expect("disclosures");
        let found: Value =
            serde_json::from_slice(&read(&made, LIMITS).expect("disclosures")).expect("JSON");
        let claim = |place: usize| [found[place][1].clone(), found[place][2].clone()];
        assert_eq!(claim(0), [json!("name"), json!("Ada")]);
        assert_eq!(claim(1), [json!(""), json!(null)]);
        assert_eq!(claim(2), [json!(null), json!({"street": "A"})]);
        assert_eq!(claim(3), [json!("list"), json!([1, 2])]);
        let salts: std::collections::HashSet<_> =
            (0..4).map(|place| found[place][0].to_string()).collect();
        assert_eq!(salts.len(), 4);
        assert!(salts.iter().all(|salt| salt.len() == 26));
        for wrong in [
            "{}",
            "[1]",
            "[{}]",
            "[[1]",
            "[[[[[[]]]]]]",
            "[[]]",
            "[[1,2]]",
            "[[\"a\",1,2]]",
        ] {
            assert!(make(wrong.as_bytes(), LIMITS).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hash_functions_by_name() {
        assert_eq!(Hash::named("sha-384"), Ok(Hash::Sha384));
        assert_eq!(Hash::named("sha-1"), Err(Error::HashNotAllowed));
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
