//! Members that are properties, and the maps that may stand for their values
//! (JSON-LD 1.1 API, section 5.1.2, steps 13.5 to 13.14).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::keywords::add_reverse;
use super::{add, as_slice, into_array, object, value, Object, Processor};
use crate::context::{Container, Scope, Term};
use crate::error::json_ld;
use crate::{Error, Result};

impl Processor<'_> {
    pub(super) fn expand_property(
        &mut self,
        place: &Object<'_>,
        key: &str,
        meaning: &str,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        let term = place.active.term(key).cloned().unwrap_or_default();
        let container = term.container;
        let mut expanded = match value {
            _ if term.kind.as_deref() == Some("@json") => object([
                ("@value", value.clone()),
                ("@type", Value::String("@json".to_owned())),
            ]),
            Value::Object(map) if container.has(Container::LANGUAGE) => {
                self.expand_language_map(place, &term, map)?
            }
            Value::Object(map)
                if container.has(Container::INDEX.with(Container::TYPE).with(Container::ID)) =>
            {
                self.expand_index_map(place, key, &term, map)?
            }
            other => self.expand(place.active, Some(key), other, false)?,
        };
        if expanded.is_null() {
            return Ok(());
        }
        if container.has(Container::LIST) && expanded.get("@list").is_none() {
            expanded = object([("@list", Value::Array(into_array(expanded)))]);
        }
        if container.has(Container::GRAPH) && !container.has(Container::ID.with(Container::INDEX)) {
            let graphs = into_array(expanded).into_iter().map(in_graph).collect();
            expanded = Value::Array(graphs);
        }
        if term.reverse {
            return add_reverse(result, meaning, expanded);
        }
        add(result, meaning, expanded);
        Ok(())
    }

    /// Step 13.7.
    fn expand_language_map(
        &mut self,
        place: &Object<'_>,
        term: &Term,
        map: &Map<String, Value>,
    ) -> Result<Value> {
        let direction = term.direction.unwrap_or(place.active.direction);
        let mut result = Vec::new();
        for (tag, texts) in map {
            for text in as_slice(texts) {
                match text {
                    Value::Null => {
                        self.dropped("null")?;
                        continue;
                    }
                    Value::String(_) => {}
                    _ => return json_ld("invalid language map value"),
                }
                let mut entry = Map::from_iter([("@value".to_owned(), text.clone())]);
                let none = place.active.expand_iri(tag, false, true).as_deref() == Some("@none");
                if !none {
                    let tag = Value::String(tag.to_lowercase());
                    entry.insert("@language".to_owned(), tag);
                }
                if let Some(direction) = direction {
                    entry.insert("@direction".to_owned(), Value::String(direction.to_owned()));
                }
                result.push(Value::Object(entry));
            }
        }
        if result.is_empty() {
            self.dropped("empty map")?;
        }
        Ok(Value::Array(result))
    }

    /// Step 13.8.
    fn expand_index_map(
        &mut self,
        place: &Object<'_>,
        key: &str,
        term: &Term,
        map: &Map<String, Value>,
    ) -> Result<Value> {
        let container = term.container;
        let active = place.active;
        let outer = match &active.previous {
            Some(previous) if container.has(Container::ID.with(Container::TYPE)) => previous,
            _ => active,
        };
        let mut result = Vec::new();
        for (index, items) in map {
            let mut context = Arc::clone(outer);
            let scoped = outer.term(index).filter(|found| found.context.is_some());
            if let (true, Some(scoped)) = (container.has(Container::TYPE), scoped) {
                let (scoped, pure) = (Arc::clone(scoped), outer.identity.is_some());
                context = self.term_context(outer, &scoped, pure, Scope::TYPE)?;
            } else if !container.has(Container::TYPE) {
                context = Arc::clone(active);
            }
            let expanded = self.expand_array(&context, Some(key), as_slice(items), true)?;
            for item in into_array(expanded) {
                let item = self.put_index(place, term, index, item)?;
                result.push(item);
            }
        }
        if result.is_empty() {
            self.dropped("empty map")?;
        }
        Ok(Value::Array(result))
    }

    /// Step 13.8.3.7: what the name in the map says of the item.
    fn put_index(
        &self,
        place: &Object<'_>,
        term: &Term,
        index: &str,
        mut item: Value,
    ) -> Result<Value> {
        let container = term.container;
        if container.has(Container::GRAPH) && item.get("@graph").is_none() {
            item = in_graph(item);
        }
        let Value::Object(mut entry) = item else {
            return Ok(item);
        };
        let meaning = place.active.expand_iri(index, false, true);
        if meaning.as_deref() == Some("@none") {
            return Ok(Value::Object(entry));
        }
        if container.has(Container::INDEX) {
            let name = term.index.as_deref().filter(|name| *name != "@index");
            if let Some(name) = name {
                self.put_property_index(place, name, index, &mut entry)?;
            } else {
                self.dropped("index")?;
                entry
                    .entry("@index")
                    .or_insert_with(|| Value::String(index.to_owned()));
            }
        } else if container.has(Container::ID) {
            if self.nameless.is_some() {
                return Err(Error::KeywordNotAllowed {
                    keyword: "@id as a container",
                });
            }
            if !entry.contains_key("@id") {
                let id = place.active.expand_iri(index, true, false);
                entry.insert("@id".to_owned(), id.map_or(Value::Null, Value::String));
            }
        } else if let Some(meaning) = meaning {
            let mut kinds = vec![Value::String(meaning)];
            kinds.extend(entry.remove("@type").map(into_array).unwrap_or_default());
            entry.insert("@type".to_owned(), Value::Array(kinds));
        } else {
            self.dropped("type")?;
        }
        Ok(Value::Object(entry))
    }

    /// Step 13.8.3.7.2: the name in the map is the value of a property.
    fn put_property_index(
        &self,
        place: &Object<'_>,
        name: &str,
        index: &str,
        entry: &mut Map<String, Value>,
    ) -> Result<()> {
        let text = Value::String(index.to_owned());
        let mut values = vec![value::expand(place.active, name, &text)];
        let Some(property) = place.active.expand_iri(name, false, true) else {
            return self.dropped("index");
        };
        values.extend(entry.remove(&property).map(into_array).unwrap_or_default());
        entry.insert(property, Value::Array(values));
        if entry.contains_key("@value") && entry.len() > 1 {
            return json_ld("invalid value object");
        }
        Ok(())
    }
}

fn in_graph(item: Value) -> Value {
    object([("@graph", Value::Array(into_array(item)))])
}
