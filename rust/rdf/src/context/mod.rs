//! What the terms of a document mean.

mod entries;
mod process;
mod set;
mod term;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::iri;

pub(crate) use process::Scope;
pub use set::ContextSet;

/// What a term says about the language of its texts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Language {
    /// Nothing: the context's own language holds.
    #[default]
    Inherited,
    /// There is none.
    Absent,
    /// This one.
    Tag(String),
}

/// The left or right of a text, as JSON-LD writes it.
pub(crate) type BaseDirection = Option<&'static str>;

/// The containers of a term, as bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Container(u8);

impl Container {
    pub(crate) const GRAPH: Self = Self(1);
    pub(crate) const ID: Self = Self(2);
    pub(crate) const INDEX: Self = Self(4);
    pub(crate) const LANGUAGE: Self = Self(8);
    pub(crate) const LIST: Self = Self(16);
    pub(crate) const SET: Self = Self(32);
    pub(crate) const TYPE: Self = Self(64);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What one term means (JSON-LD 1.1 API, section 4.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct Term {
    pub(crate) iri: Option<String>,
    pub(crate) prefix: bool,
    pub(crate) protected: bool,
    pub(crate) reverse: bool,
    pub(crate) container: Container,
    pub(crate) context: Option<Arc<Value>>,
    pub(crate) base_url: Option<String>,
    pub(crate) direction: Option<BaseDirection>,
    pub(crate) index: Option<String>,
    pub(crate) language: Language,
    pub(crate) nest: Option<String>,
    pub(crate) kind: Option<String>,
}

impl Term {
    /// Whether two terms mean the same, protected or not.
    fn means_same(&self, other: &Self) -> bool {
        self.iri == other.iri
            && self.prefix == other.prefix
            && self.reverse == other.reverse
            && self.container == other.container
            && self.context == other.context
            && self.direction == other.direction
            && self.index == other.index
            && self.language == other.language
            && self.nest == other.nest
            && self.kind == other.kind
    }
}

/// What every term means at one place of a document (JSON-LD 1.1 API, section 4.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveContext {
    pub(crate) terms: HashMap<Arc<str>, Arc<Term>>,
    pub(crate) base: Option<String>,
    pub(crate) original_base: Option<String>,
    pub(crate) vocabulary: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) direction: BaseDirection,
    pub(crate) previous: Option<Arc<ActiveContext>>,
    /// A number of the set's, if nothing but the set's contexts made this one.
    pub(crate) identity: Option<u64>,
}

impl ActiveContext {
    pub(crate) fn initial(base: Option<&str>) -> Self {
        Self {
            base: base.map(str::to_owned),
            original_base: base.map(str::to_owned),
            ..Self::default()
        }
    }

    pub(crate) fn term(&self, name: &str) -> Option<&Arc<Term>> {
        self.terms.get(name)
    }

    /// Whether any term that is protected would be lost with this context.
    fn protects(&self) -> bool {
        self.terms.values().any(|term| term.protected)
    }

    /// Whether some term stands for this keyword or address.
    pub(crate) fn names(&self, meaning: &str) -> bool {
        self.terms
            .values()
            .any(|term| term.iri.as_deref() == Some(meaning))
    }

    /// A term that stands for a keyword, always the same one.
    pub(crate) fn alias(&self, keyword: &str) -> Option<&str> {
        let terms = self.terms.iter();
        let aliases = terms.filter(|(_, term)| term.iri.as_deref() == Some(keyword));
        aliases.map(|(name, _)| name.as_ref()).min()
    }

    /// Whether a text that is no term means what a shorter one means here.
    pub(crate) fn has_shorter(&self, text: &str, meaning: &str) -> bool {
        let vocabulary = self.vocabulary.as_deref();
        self.term(text).is_none()
            && (self.names(meaning)
                || (text.contains(':')
                    && vocabulary.is_some_and(|start| meaning.starts_with(start))))
    }

    /// Whether a name stands for this keyword, without writing its meaning down.
    pub(crate) fn is_alias(&self, name: &str, keyword: &str) -> bool {
        name == keyword
            || (!name.starts_with('@')
                && self
                    .term(name)
                    .is_some_and(|term| term.iri.as_deref() == Some(keyword)))
    }

    /// What a text means (JSON-LD 1.1 API, section 5.2), with every term defined already.
    pub(crate) fn expand_iri(&self, text: &str, relative: bool, vocab: bool) -> Option<String> {
        if iri::is_keyword(text) {
            return Some(text.to_owned());
        }
        if iri::like_keyword(text) {
            return None;
        }
        if let Some(term) = self.terms.get(text) {
            match &term.iri {
                Some(meaning) if vocab || iri::is_keyword(meaning) => {
                    return Some(meaning.clone());
                }
                None if vocab => return None,
                _ => {}
            }
        }
        if let Some((prefix, suffix)) = split_compact(text) {
            if prefix == "_" || suffix.starts_with("//") {
                return Some(text.to_owned());
            }
            if let Some(term) = self.terms.get(prefix) {
                if let (true, Some(meaning)) = (term.prefix, &term.iri) {
                    return Some(format!("{meaning}{suffix}"));
                }
            }
            if iri::has_scheme(text) {
                return Some(text.to_owned());
            }
        }
        if vocab {
            if let Some(vocabulary) = &self.vocabulary {
                return Some(format!("{vocabulary}{text}"));
            }
        }
        if relative {
            return Some(iri::resolve(text, self.base.as_deref()));
        }
        Some(text.to_owned())
    }
}

/// The two sides of the first colon, if it is not the first character.
pub(crate) fn split_compact(text: &str) -> Option<(&str, &str)> {
    text.split_once(':')
        .filter(|(prefix, _)| !prefix.is_empty())
}
