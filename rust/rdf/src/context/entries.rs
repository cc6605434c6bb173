//! What a term definition says besides the meaning (JSON-LD 1.1 API, section 4.2, steps 19 to 25).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::process::{read_direction, Origin, Scope};
use super::term::Defining;
use super::{ActiveContext, Container, Language, Term};
use crate::error::json_ld;
use crate::expand::Processor;
use crate::iri;
use crate::{Error, Result};

impl Processor<'_> {
    /// Step 19.
    pub(super) fn read_container(
        &self,
        term: &mut Term,
        entries: &Map<String, Value>,
    ) -> Result<()> {
        let Some(value) = entries.get("@container") else {
            return Ok(());
        };
        let names: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        let mut kind = Container::default();
        for name in &names {
            let one = match name.as_str() {
                Some("@graph") => Container::GRAPH,
                Some("@id") => Container::ID,
                Some("@index") => Container::INDEX,
                Some("@language") => Container::LANGUAGE,
                Some("@list") => Container::LIST,
                Some("@set") => Container::SET,
                Some("@type") => Container::TYPE,
                _ => return json_ld("invalid container mapping"),
            };
            kind = kind.with(one);
        }
        let maps = [
            Container::ID,
            Container::INDEX,
            Container::LANGUAGE,
            Container::TYPE,
        ]
        .into_iter()
        .filter(|one| kind.has(*one))
        .count();
        let mixed = (kind.has(Container::LIST) && names.len() > 1)
            || maps > 1
            || (kind.has(Container::GRAPH)
                && (kind.has(Container::LANGUAGE) || kind.has(Container::TYPE)));
        let only_1_1 = Container::GRAPH.with(Container::ID).with(Container::TYPE);
        if names.is_empty()
            || mixed
            || (self.options.version_1_0 && (value.is_array() || kind.has(only_1_1)))
        {
            return json_ld("invalid container mapping");
        }
        term.container = kind;
        if kind.has(Container::TYPE) {
            let mapping = term.kind.get_or_insert_with(|| "@id".to_owned());
            if !matches!(mapping.as_str(), "@id" | "@vocab") {
                return json_ld("invalid type mapping");
            }
        }
        Ok(())
    }

    /// Step 20.
    pub(super) fn read_index(
        &mut self,
        result: &mut Arc<ActiveContext>,
        term: &mut Term,
        entries: &Map<String, Value>,
        work: &mut Defining<'_>,
    ) -> Result<()> {
        let Some(index) = entries.get("@index") else {
            return Ok(());
        };
        self.only_1_1("invalid term definition")?;
        let Value::String(index) = index else {
            return json_ld("invalid term definition");
        };
        let meaning = self.expand_defining(result, index, false, work)?;
        if !term.container.has(Container::INDEX)
            || !meaning.is_some_and(|found| iri::has_scheme(&found))
        {
            return json_ld("invalid term definition");
        }
        term.index = Some(index.clone());
        Ok(())
    }

    /// Step 21.
    pub(super) fn read_context(
        &mut self,
        result: &mut Arc<ActiveContext>,
        term: &mut Term,
        entries: &Map<String, Value>,
        work: &mut Defining<'_>,
    ) -> Result<()> {
        let Some(context) = entries.get("@context") else {
            return Ok(());
        };
        self.only_1_1("invalid term definition")?;
        let origin = Origin {
            scoped: false,
            ..work.origin
        };
        let tried = self.process(&Arc::clone(result), context, origin, Scope::PROPERTY);
        if let Err(error) = tried {
            return match error {
                Error::JsonLd { .. } => json_ld("invalid scoped context"),
                other => Err(other),
            };
        }
        term.context = Some(Arc::new(context.clone()));
        term.base_url = work.origin.base_url.map(str::to_owned);
        Ok(())
    }

    /// Steps 24 and 25.
    pub(super) fn read_nest_and_prefix(
        &self,
        term: &mut Term,
        name: &str,
        entries: &Map<String, Value>,
    ) -> Result<()> {
        if let Some(nest) = entries.get("@nest") {
            self.only_1_1("invalid term definition")?;
            match nest {
                Value::String(nest) if nest == "@nest" || !iri::is_keyword(nest) => {
                    term.nest = Some(nest.clone());
                }
                _ => return json_ld("invalid @nest value"),
            }
        }
        if let Some(prefix) = entries.get("@prefix") {
            self.only_1_1("invalid term definition")?;
            if name.contains([':', '/']) {
                return json_ld("invalid term definition");
            }
            let Value::Bool(prefix) = prefix else {
                return json_ld("invalid @prefix value");
            };
            term.prefix = *prefix;
            if *prefix && term.iri.as_deref().is_some_and(iri::is_keyword) {
                return json_ld("invalid term definition");
            }
        }
        Ok(())
    }
}

/// Steps 22 and 23.
pub(super) fn read_language(term: &mut Term, entries: &Map<String, Value>) -> Result<()> {
    if entries.contains_key("@type") {
        return Ok(());
    }
    match entries.get("@language") {
        None => {}
        Some(Value::Null) => term.language = Language::Absent,
        Some(Value::String(tag)) => term.language = Language::Tag(tag.to_lowercase()),
        Some(_) => return json_ld("invalid language mapping"),
    }
    if let Some(direction) = entries.get("@direction") {
        term.direction = Some(read_direction(direction)?);
    }
    Ok(())
}
