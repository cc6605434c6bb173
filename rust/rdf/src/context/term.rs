//! Creating term definitions (JSON-LD 1.1 API, section 4.2).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::entries::read_language;
use super::process::{edit, Origin};
use super::{split_compact, ActiveContext, Container, Term};
use crate::error::json_ld;
use crate::expand::Processor;
use crate::iri;
use crate::{Error, Result};

const TERM_KEYWORDS: [&str; 11] = [
    "@container",
    "@context",
    "@direction",
    "@id",
    "@index",
    "@language",
    "@nest",
    "@prefix",
    "@protected",
    "@reverse",
    "@type",
];

/// A context while its terms are being defined.
pub(super) struct Defining<'a> {
    pub(super) local: &'a Map<String, Value>,
    /// True once defined, false meanwhile.
    pub(super) defined: HashMap<String, bool>,
    pub(super) origin: Origin<'a>,
    pub(super) protected: bool,
    pub(super) override_protected: bool,
}

impl Processor<'_> {
    /// Defines one term, and those that it is made of first.
    pub(super) fn define_term(
        &mut self,
        result: &mut Arc<ActiveContext>,
        name: &str,
        work: &mut Defining<'_>,
    ) -> Result<()> {
        match work.defined.get(name) {
            Some(true) => return Ok(()),
            Some(false) => return json_ld("cyclic IRI mapping"),
            None => {}
        }
        if name.is_empty() {
            return json_ld("invalid term definition");
        }
        if self.defining >= self.options.limits.definitions {
            return Err(Error::Limit {
                what: "definitions in a row",
                limit: self.options.limits.definitions,
            });
        }
        self.defining += 1;
        let defined = self.define_new_term(result, name, work);
        self.defining -= 1;
        defined
    }

    fn define_new_term(
        &mut self,
        result: &mut Arc<ActiveContext>,
        name: &str,
        work: &mut Defining<'_>,
    ) -> Result<()> {
        work.defined.insert(name.to_owned(), false);
        let value = &work.local[name];
        if name == "@type" {
            self.check_type_term(value)?;
        } else if iri::is_keyword(name) {
            return json_ld("keyword redefinition");
        } else if iri::like_keyword(name) {
            return Ok(());
        }
        let previous = edit(result).terms.remove(name);
        let (entries, simple) = match value {
            Value::Null => (Map::from_iter([("@id".to_owned(), Value::Null)]), false),
            Value::String(_) => (Map::from_iter([("@id".to_owned(), value.clone())]), true),
            Value::Object(entries) => (entries.clone(), false),
            _ => return json_ld("invalid term definition"),
        };
        let Some(term) = self.read_term(result, name, &entries, simple, work)? else {
            // A protected term may not be made to mean nothing either.
            let kept = previous.is_some_and(|term| term.protected && !work.override_protected);
            return if kept {
                Err(Error::ContextProtected)
            } else {
                Ok(())
            };
        };
        put(result, name, term, previous, work.override_protected)?;
        work.defined.insert(name.to_owned(), true);
        Ok(())
    }

    /// Step 4: of the keywords only @type may be defined, and only as a set.
    fn check_type_term(&self, value: &Value) -> Result<()> {
        self.only_1_1("keyword redefinition")?;
        let Value::Object(entries) = value else {
            return json_ld("keyword redefinition");
        };
        let allowed = |(name, value): (&String, &Value)| match name.as_str() {
            "@container" => value == "@set",
            "@protected" => true,
            _ => false,
        };
        if entries.is_empty() || !entries.iter().all(allowed) {
            return json_ld("keyword redefinition");
        }
        Ok(())
    }

    /// Steps 10 to 26. None if the term is to be ignored.
    fn read_term(
        &mut self,
        result: &mut Arc<ActiveContext>,
        name: &str,
        entries: &Map<String, Value>,
        simple: bool,
        work: &mut Defining<'_>,
    ) -> Result<Option<Term>> {
        let mut term = Term {
            protected: work.protected,
            ..Term::default()
        };
        if let Some(protected) = entries.get("@protected") {
            self.only_1_1("invalid term definition")?;
            let Value::Bool(protected) = protected else {
                return json_ld("invalid @protected value");
            };
            term.protected = *protected;
        }
        if let Some(kind) = entries.get("@type") {
            term.kind = Some(self.read_kind(result, kind, work)?);
        }
        if let Some(reverse) = entries.get("@reverse") {
            return self.read_reverse(result, term, reverse, entries, work);
        }
        match entries.get("@id") {
            Some(id) if id != name => {
                if !self.read_id(result, &mut term, name, id, simple, work)? {
                    return Ok(None);
                }
            }
            _ => self.read_own_id(result, &mut term, name, work)?,
        }
        self.read_container(&mut term, entries)?;
        self.read_index(result, &mut term, entries, work)?;
        self.read_context(result, &mut term, entries, work)?;
        read_language(&mut term, entries)?;
        self.read_nest_and_prefix(&mut term, name, entries)?;
        if entries
            .keys()
            .any(|key| !TERM_KEYWORDS.contains(&key.as_str()))
        {
            return json_ld("invalid term definition");
        }
        Ok(Some(term))
    }

    /// Step 12.
    fn read_kind(
        &mut self,
        result: &mut Arc<ActiveContext>,
        kind: &Value,
        work: &mut Defining<'_>,
    ) -> Result<String> {
        let Value::String(kind) = kind else {
            return json_ld("invalid type mapping");
        };
        let Some(kind) = self.expand_defining(result, kind, false, work)? else {
            return json_ld("invalid type mapping");
        };
        match kind.as_str() {
            "@id" | "@vocab" => {}
            "@json" | "@none" => self.only_1_1("invalid type mapping")?,
            other if iri::has_scheme(other) && !iri::is_keyword(other) => {}
            _ => return json_ld("invalid type mapping"),
        }
        Ok(kind)
    }

    /// Step 13.
    fn read_reverse(
        &mut self,
        result: &mut Arc<ActiveContext>,
        mut term: Term,
        reverse: &Value,
        entries: &Map<String, Value>,
        work: &mut Defining<'_>,
    ) -> Result<Option<Term>> {
        if entries.contains_key("@id") || entries.contains_key("@nest") {
            return json_ld("invalid reverse property");
        }
        let Value::String(reverse) = reverse else {
            return json_ld("invalid IRI mapping");
        };
        if iri::like_keyword(reverse) {
            return Ok(None);
        }
        let meaning = self.expand_defining(result, reverse, false, work)?;
        let Some(meaning) = meaning.filter(|found| found.contains(':')) else {
            return json_ld("invalid IRI mapping");
        };
        term.iri = Some(meaning);
        term.container = match entries.get("@container") {
            None | Some(Value::Null) => Container::default(),
            Some(Value::String(kind)) if kind == "@set" => Container::SET,
            Some(Value::String(kind)) if kind == "@index" => Container::INDEX,
            Some(_) => return json_ld("invalid reverse property"),
        };
        term.reverse = true;
        Ok(Some(term))
    }

    /// Step 14. False if the term is to be ignored.
    fn read_id(
        &mut self,
        result: &mut Arc<ActiveContext>,
        term: &mut Term,
        name: &str,
        id: &Value,
        simple: bool,
        work: &mut Defining<'_>,
    ) -> Result<bool> {
        let id = match id {
            Value::Null => return Ok(true),
            Value::String(id) => id,
            _ => return json_ld("invalid IRI mapping"),
        };
        if !iri::is_keyword(id) && iri::like_keyword(id) {
            return Ok(false);
        }
        let meaning = self.expand_defining(result, id, false, work)?;
        let Some(meaning) = meaning.filter(|found| iri::is_keyword(found) || found.contains(':'))
        else {
            return json_ld("invalid IRI mapping");
        };
        if meaning == "@context" {
            return json_ld("invalid keyword alias");
        }
        let mut inner = name.chars();
        let _ends = (inner.next(), inner.next_back());
        if name.contains('/') || inner.as_str().contains(':') {
            work.defined.insert(name.to_owned(), true);
            if self.expand_defining(result, name, false, work)?.as_deref() != Some(&meaning) {
                return json_ld("invalid IRI mapping");
            }
        }
        if !name.contains([':', '/']) && simple {
            term.prefix =
                meaning.ends_with([':', '/', '?', '#', '[', ']', '@']) || iri::is_blank(&meaning);
        }
        term.iri = Some(meaning);
        Ok(true)
    }

    /// Steps 15 to 18: a term that is not told what it means.
    fn read_own_id(
        &mut self,
        result: &mut Arc<ActiveContext>,
        term: &mut Term,
        name: &str,
        work: &mut Defining<'_>,
    ) -> Result<()> {
        if let Some((prefix, suffix)) = split_compact(name) {
            if work.local.contains_key(prefix) && !suffix.starts_with("//") {
                self.define_term(result, prefix, work)?;
            }
            let meaning = result.term(prefix).and_then(|found| found.iri.as_deref());
            term.iri = Some(
                meaning.map_or_else(|| name.to_owned(), |meaning| format!("{meaning}{suffix}")),
            );
        } else if name.contains('/') {
            let meaning = result.expand_iri(name, true, true);
            let Some(meaning) = meaning.filter(|found| iri::has_scheme(found)) else {
                return json_ld("invalid IRI mapping");
            };
            term.iri = Some(meaning);
        } else if name == "@type" {
            term.iri = Some(name.to_owned());
        } else if let Some(vocabulary) = &result.vocabulary {
            term.iri = Some(format!("{vocabulary}{name}"));
        } else {
            return json_ld("invalid IRI mapping");
        }
        Ok(())
    }

    /// What a text means, while terms that it may name are still to be defined
    /// (JSON-LD 1.1 API, section 5.2, steps 3 and 6.3).
    pub(super) fn expand_defining(
        &mut self,
        result: &mut Arc<ActiveContext>,
        text: &str,
        relative: bool,
        work: &mut Defining<'_>,
    ) -> Result<Option<String>> {
        let pending = |name: &str, work: &Defining<'_>| {
            work.local.contains_key(name) && work.defined.get(name) != Some(&true)
        };
        if iri::is_keyword(text) || iri::like_keyword(text) {
            return Ok(result.expand_iri(text, relative, true));
        }
        if pending(text, work) {
            self.define_term(result, text, work)?;
        }
        if result.term(text).is_none() {
            if let Some((prefix, suffix)) = split_compact(text) {
                if prefix != "_" && !suffix.starts_with("//") && pending(prefix, work) {
                    self.define_term(result, prefix, work)?;
                }
            }
        }
        Ok(result.expand_iri(text, relative, true))
    }
}

/// Steps 27 and 28: a protected term keeps its meaning.
fn put(
    result: &mut Arc<ActiveContext>,
    name: &str,
    mut term: Term,
    previous: Option<Arc<Term>>,
    override_protected: bool,
) -> Result<()> {
    if let Some(previous) = previous.filter(|term| term.protected && !override_protected) {
        if !term.means_same(&previous) {
            return Err(Error::ContextProtected);
        }
        term.protected = true;
    }
    edit(result).terms.insert(Arc::from(name), Arc::new(term));
    Ok(())
}
