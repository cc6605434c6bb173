//! Expansion (JSON-LD 1.1 API, section 5.1.2).

mod keywords;
mod maps;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::context::{ActiveContext, Container, ContextSet, Scope};
use crate::error::json_ld;
use crate::iri;
use crate::options::Options;
use crate::{Error, Result};

/// What is known while one document is read.
pub(crate) struct Processor<'a> {
    pub(crate) contexts: &'a ContextSet,
    pub(crate) options: &'a Options,
    contexts_named: usize,
    pub(crate) defining: usize,
    /// If wanted: the objects that are nodes without a name, by their place in
    /// memory, and what their context calls `@id`.
    pub(crate) nameless: Option<HashMap<usize, String>>,
}

/// One object while it is expanded.
struct Object<'a> {
    active: &'a Arc<ActiveContext>,
    /// The context before those of the types.
    type_scoped: &'a Arc<ActiveContext>,
    property: Option<&'a str>,
    /// What the last @type means.
    input_type: Option<&'a str>,
}

impl<'a> Processor<'a> {
    pub(crate) fn new(contexts: &'a ContextSet, options: &'a Options) -> Self {
        Self {
            contexts,
            options,
            contexts_named: 0,
            defining: 0,
            nameless: None,
        }
    }

    /// The expanded form of a whole document.
    pub(crate) fn expand_document(&mut self, document: &Value) -> Result<Vec<Value>> {
        let mut initial = ActiveContext::initial(self.options.base.as_deref());
        if self.options.base.is_none() && !self.options.version_1_0 {
            initial.identity = Some(0);
        }
        let expanded = self.expand(&Arc::new(initial), None, document, false)?;
        Ok(match expanded {
            Value::Object(mut only) if only.len() == 1 && only.contains_key("@graph") => {
                into_array(only.remove("@graph").unwrap_or_default())
            }
            Value::Null => Vec::new(),
            other => into_array(other),
        })
    }

    pub(crate) fn count_context(&mut self) -> Result<()> {
        self.contexts_named += 1;
        if self.contexts_named > self.options.limits.contexts {
            return Err(Error::Limit {
                what: "contexts",
                limit: self.options.limits.contexts,
            });
        }
        Ok(())
    }

    /// Refuses a loss where every member must become a statement.
    fn dropped(&self, what: &'static str) -> Result<()> {
        if self.options.secured {
            return Err(Error::Dropped { what });
        }
        Ok(())
    }

    /// Expands one value. Null if it means nothing.
    fn expand(
        &mut self,
        active: &Arc<ActiveContext>,
        property: Option<&str>,
        element: &Value,
        from_map: bool,
    ) -> Result<Value> {
        match element {
            Value::Null => {
                self.dropped("null")?;
                Ok(Value::Null)
            }
            Value::Array(items) => self.expand_array(active, property, items, from_map),
            Value::Object(object) => self.expand_object(active, property, object, from_map),
            scalar => {
                let Some(property) = property.filter(|name| *name != "@graph") else {
                    self.dropped("value without a property")?;
                    return Ok(Value::Null);
                };
                let active = self.property_context(active, Some(property))?;
                Ok(value::expand(&active, property, scalar))
            }
        }
    }

    /// Step 5.
    fn expand_array(
        &mut self,
        active: &Arc<ActiveContext>,
        property: Option<&str>,
        items: &[Value],
        from_map: bool,
    ) -> Result<Value> {
        let list = property
            .and_then(|name| active.term(name))
            .is_some_and(|term| term.container.has(Container::LIST));
        if items.is_empty() && !list {
            self.dropped("empty array")?;
        }
        let mut result = Vec::with_capacity(items.len());
        for item in items {
            let expanded = self.expand(active, property, item, from_map)?;
            match expanded {
                Value::Array(nested) if list => {
                    result.push(object([("@list", Value::Array(nested))]));
                }
                Value::Array(nested) => result.extend(nested),
                Value::Null => {}
                other => result.push(other),
            }
        }
        Ok(Value::Array(result))
    }

    /// The context with which a property's value is read (step 8).
    fn property_context(
        &mut self,
        active: &Arc<ActiveContext>,
        property: Option<&str>,
    ) -> Result<Arc<ActiveContext>> {
        match property.and_then(|name| active.term(name)) {
            Some(term) if term.context.is_some() => {
                let (term, pure) = (Arc::clone(term), active.identity.is_some());
                self.term_context(active, &term, pure, Scope::PROPERTY)
            }
            _ => Ok(Arc::clone(active)),
        }
    }

    /// Steps 6 to 19.
    fn expand_object(
        &mut self,
        active: &Arc<ActiveContext>,
        property: Option<&str>,
        element: &Map<String, Value>,
        from_map: bool,
    ) -> Result<Value> {
        let scoped = property.and_then(|name| active.term(name)).cloned();
        let scoped_pure = active.identity.is_some();
        let mut context = Arc::clone(active);
        if let Some(previous) = &active.previous {
            let means = |meaning: &str| element.keys().any(|key| active.is_alias(key, meaning));
            let reference = element.len() == 1 && means("@id");
            if !(from_map || reference || means("@value")) {
                context = Arc::clone(previous);
            }
        }
        if let Some(term) = scoped {
            context = self.term_context(&context, &term, scoped_pure, Scope::PROPERTY)?;
        }
        if let Some(local) = element.get("@context") {
            context = self.document_context(&context, local)?;
        }
        let type_scoped = context;
        let (context, input_type) = self.type_contexts(&type_scoped, element)?;
        let mut result = Map::new();
        let place = Object {
            active: &context,
            type_scoped: &type_scoped,
            property,
            input_type: input_type.as_deref(),
        };
        self.expand_entries(&place, element, &mut result)?;
        let made = self.finish(property, result)?;
        if let (Some(nameless), Value::Object(node)) = (&mut self.nameless, &made) {
            if !["@id", "@value", "@list"]
                .iter()
                .any(|key| node.contains_key(*key))
            {
                let name = context.alias("@id").unwrap_or("@id").to_owned();
                nameless.insert(std::ptr::from_ref(element) as usize, name);
            }
        }
        Ok(made)
    }

    /// Steps 11 and 12: the contexts that types bring along, and what the last type means.
    fn type_contexts(
        &mut self,
        type_scoped: &Arc<ActiveContext>,
        element: &Map<String, Value>,
    ) -> Result<(Arc<ActiveContext>, Option<String>)> {
        let mut context = Arc::clone(type_scoped);
        let mut input_type = None;
        let mut first = true;
        for (key, value) in element {
            if !type_scoped.is_alias(key, "@type") {
                continue;
            }
            let mut names: Vec<&str> = match value {
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                other => other.as_str().into_iter().collect(),
            };
            let last = names.last().copied();
            names.sort_unstable();
            names.dedup();
            for name in &names {
                if let Some(term) = type_scoped.term(name).filter(|term| term.context.is_some()) {
                    let (term, pure) = (Arc::clone(term), type_scoped.identity.is_some());
                    context = self.term_context(&context, &term, pure, Scope::TYPE)?;
                }
            }
            if first {
                input_type = last.map(str::to_owned);
                first = false;
            }
        }
        let input_type = input_type.and_then(|name| context.expand_iri(&name, false, true));
        Ok((context, input_type))
    }

    /// Steps 13 and 14.
    fn expand_entries(
        &mut self,
        place: &Object<'_>,
        element: &Map<String, Value>,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        let mut nests = Vec::new();
        for (key, value) in element {
            if key == "@context" {
                continue;
            }
            let meaning = place.active.expand_iri(key, false, true);
            let Some(meaning) =
                meaning.filter(|found| iri::is_keyword(found) || found.contains(':'))
            else {
                if self.options.secured {
                    return Err(Error::undefined(key));
                }
                continue;
            };
            let is_value = element.contains_key("@value");
            self.check_key(place, key, &meaning, is_value)?;
            if meaning == "@nest" {
                nests.push((key, value));
            } else if iri::is_keyword(&meaning) {
                self.expand_keyword(place, &meaning, value, result)?;
            } else {
                self.expand_property(place, key, &meaning, value, result)?;
            }
        }
        for (key, value) in nests {
            self.expand_nest(place, key, value, result)?;
        }
        Ok(())
    }

    /// Which members a secured document may have.
    ///
    /// A name that its context replaces by another (`@id` by `id`) would be
    /// read as absent by whoever looks for that other one.
    fn check_key(
        &self,
        place: &Object<'_>,
        key: &str,
        meaning: &str,
        is_value: bool,
    ) -> Result<()> {
        if !self.options.secured || (is_value && key == "@type") {
            return Ok(());
        }
        match key {
            "@id" | "@type" if place.active.names(key) => Err(Error::Malformed {
                expected: "id and type by the names that the context gives them",
            }),
            "@graph" => not_allowed("@graph"),
            "@included" => not_allowed("@included"),
            "@reverse" => not_allowed("@reverse"),
            "@nest" => not_allowed("@nest"),
            "@index" => not_allowed("@index"),
            "@direction" => not_allowed("@direction"),
            _ if !iri::is_keyword(meaning) && place.active.has_shorter(key, meaning) => {
                Err(Error::Malformed {
                    expected: "every property by the name that the context gives it",
                })
            }
            _ if iri::is_blank(meaning) => self.dropped("property"),
            _ => Ok(()),
        }
    }

    /// Step 14.2.
    fn expand_nest(
        &mut self,
        place: &Object<'_>,
        key: &str,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        let active = self.property_context(place.active, Some(key))?;
        for nested in as_slice(value) {
            let Value::Object(nested) = nested else {
                return json_ld("invalid @nest value");
            };
            let has_value = nested.keys().any(|name| active.is_alias(name, "@value"));
            if has_value {
                return json_ld("invalid @nest value");
            }
            let place = Object {
                active: &active,
                ..*place
            };
            self.expand_entries(&place, nested, result)?;
        }
        Ok(())
    }

    /// Steps 15 to 19: what the object is, now that its members are known.
    fn finish(&self, property: Option<&str>, mut result: Map<String, Value>) -> Result<Value> {
        if result.contains_key("@value") {
            if !value::check_value_object(&result)? {
                self.dropped("null")?;
                return Ok(Value::Null);
            }
        } else if let Some(types) = result.get_mut("@type") {
            if !types.is_array() {
                *types = Value::Array(vec![types.take()]);
            }
        } else if result.contains_key("@list") || result.contains_key("@set") {
            let others = result.len() - usize::from(result.contains_key("@index"));
            if others > 1 {
                return json_ld("invalid set or list object");
            }
            if let Some(set) = result.remove("@set") {
                return Ok(set);
            }
        }
        if result.len() == 1 && result.contains_key("@language") {
            self.dropped("language")?;
            return Ok(Value::Null);
        }
        let lonely = property.is_none_or(|name| name == "@graph")
            && (result.is_empty()
                || result.contains_key("@value")
                || result.contains_key("@list")
                || (result.len() == 1 && result.contains_key("@id")));
        if lonely {
            self.dropped("object")?;
            return Ok(Value::Null);
        }
        Ok(Value::Object(result))
    }
}

fn not_allowed(keyword: &'static str) -> Result<()> {
    Err(Error::KeywordNotAllowed { keyword })
}

/// An object of a few members.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn into_array(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => vec![other],
    }
}

fn as_slice(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Adds values to a member that is an array.
fn add(result: &mut Map<String, Value>, name: &str, values: Value) {
    let slot = result
        .entry(name)
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(items) = slot {
        items.extend(into_array(values));
    }
}

fn is_value_or_list(value: &Value) -> bool {
    value.get("@value").is_some() || value.get("@list").is_some()
}
