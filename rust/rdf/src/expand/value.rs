//! Scalars: value expansion (JSON-LD 1.1 API, section 5.3), and what a value object may be.

use serde_json::{Map, Value};

use super::object;
use crate::context::{ActiveContext, Language};
use crate::error::json_ld;
use crate::iri;
use crate::Result;

/// A scalar, with the type or the language that its property gives it.
pub(super) fn expand(active: &ActiveContext, property: &str, value: &Value) -> Value {
    let term = active.term(property);
    let kind = term.and_then(|term| term.kind.as_deref());
    match (kind, value) {
        (Some("@id"), Value::String(text)) => {
            return object([("@id", text_or_null(active.expand_iri(text, true, false)))]);
        }
        (Some("@vocab"), Value::String(text)) => {
            return object([("@id", text_or_null(active.expand_iri(text, true, true)))]);
        }
        _ => {}
    }
    let mut result = Map::from_iter([("@value".to_owned(), value.clone())]);
    match kind {
        None | Some("@id" | "@vocab" | "@none") => {}
        Some(kind) => {
            result.insert("@type".to_owned(), Value::String(kind.to_owned()));
            return Value::Object(result);
        }
    }
    if value.is_string() {
        let language = match term.map(|term| &term.language) {
            None | Some(Language::Inherited) => active.language.as_ref(),
            Some(Language::Absent) => None,
            Some(Language::Tag(tag)) => Some(tag),
        };
        if let Some(tag) = language {
            result.insert("@language".to_owned(), Value::String(tag.clone()));
        }
        let direction = term.and_then(|term| term.direction);
        if let Some(direction) = direction.unwrap_or(active.direction) {
            result.insert("@direction".to_owned(), Value::String(direction.to_owned()));
        }
    }
    Value::Object(result)
}

fn text_or_null(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::String)
}

/// Step 15 of expansion. False if the value is null.
pub(super) fn check_value_object(result: &Map<String, Value>) -> Result<bool> {
    let allowed = ["@direction", "@index", "@language", "@type", "@value"];
    let kind = result.get("@type");
    let told = result.contains_key("@language") || result.contains_key("@direction");
    if !result.keys().all(|key| allowed.contains(&key.as_str())) || (kind.is_some() && told) {
        return json_ld("invalid value object");
    }
    let value = &result["@value"];
    if kind.is_some_and(is_json) {
        return Ok(true);
    }
    if value.is_null() || value.as_array().is_some_and(Vec::is_empty) {
        return Ok(false);
    }
    if !value.is_string() && result.contains_key("@language") {
        return json_ld("invalid language-tagged value");
    }
    match kind {
        None => Ok(true),
        Some(Value::String(kind)) if iri::has_scheme(kind) && iri::is_absolute(kind) => Ok(true),
        Some(_) => json_ld("invalid typed value"),
    }
}

/// Whether a @type says that the value is JSON.
pub(super) fn is_json(kind: &Value) -> bool {
    match kind {
        Value::String(kind) => kind == "@json",
        Value::Array(kinds) => kinds.len() == 1 && kinds[0] == "@json",
        _ => false,
    }
}
