//! The contexts that are known, and what was already made of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use serde_json::Value;

use super::ActiveContext;
use crate::json;
use crate::options::Limits;
use crate::{Error, Result};

/// How many processed contexts are kept, some 10 kB each. Documents can only name
/// the contexts of the set, but in any order: what does not fit is processed each time.
const KEPT_MAX: usize = 1024;

/// What one context alone may be, however large the contexts of the set are.
const CONTEXT_LIMITS: Limits = Limits {
    bytes: 4 << 20,
    depth: 64,
    contexts: usize::MAX,
    definitions: 64,
    quads: 0,
    work: 0,
};

/// What a processed context was made of.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Recipe {
    /// The context before.
    pub(super) before: u64,
    /// The address, or the place in memory of a scoped context of the set.
    pub(super) source: Source,
    pub(super) override_protected: bool,
    pub(super) propagate: bool,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Source {
    Address(String),
    Scoped(usize),
}

/// Every context that documents may name: nothing else is ever loaded.
#[derive(Debug)]
pub struct ContextSet {
    documents: HashMap<String, Arc<Value>>,
    kept: RwLock<HashMap<Recipe, Arc<ActiveContext>>>,
    next: AtomicU64,
}

impl ContextSet {
    /// A set of contexts, each an address and the JSON that is found there.
    ///
    /// # Errors
    /// [`Error::Malformed`] if one is no JSON object.
    pub fn new<A: Into<String>, B: AsRef<[u8]>>(
        documents: impl IntoIterator<Item = (A, B)>,
    ) -> Result<Self> {
        let mut read = HashMap::new();
        for (address, text) in documents {
            let value = json::parse(text.as_ref(), &CONTEXT_LIMITS)?;
            read.insert(address.into(), Arc::new(value));
        }
        Ok(Self {
            documents: read,
            kept: RwLock::default(),
            next: AtomicU64::new(1),
        })
    }

    /// The document at an address.
    pub(super) fn document(&self, address: &str) -> Result<Arc<Value>> {
        self.documents
            .get(address)
            .cloned()
            .ok_or(Error::ContextUnknown)
    }

    /// What was made of this recipe before.
    pub(super) fn made(&self, recipe: &Recipe) -> Option<Arc<ActiveContext>> {
        self.kept.read().ok()?.get(recipe).cloned()
    }

    /// Keeps what was made, if there is room, and gives it its number.
    pub(super) fn keep(&self, recipe: Recipe, made: ActiveContext) -> Arc<ActiveContext> {
        let mut made = made;
        made.identity = None;
        let Ok(mut kept) = self.kept.write() else {
            return Arc::new(made);
        };
        if kept.len() >= KEPT_MAX {
            return Arc::new(made);
        }
        made.identity = Some(self.next.fetch_add(1, Ordering::Relaxed));
        kept.entry(recipe).or_insert_with(|| Arc::new(made)).clone()
    }
}
