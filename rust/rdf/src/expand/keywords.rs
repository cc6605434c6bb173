//! Members that are keywords (JSON-LD 1.1 API, section 5.1.2, step 13.4).

use serde_json::{Map, Value};

use super::{add, as_slice, into_array, is_value_or_list, Object, Processor};
use crate::error::json_ld;
use crate::{Error, Result};

impl Processor<'_> {
    pub(super) fn expand_keyword(
        &mut self,
        place: &Object<'_>,
        keyword: &str,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        if place.property == Some("@reverse") {
            return json_ld("invalid reverse property map");
        }
        if result.contains_key(keyword) && !matches!(keyword, "@included" | "@type") {
            return json_ld("colliding keywords");
        }
        let expanded = match keyword {
            "@id" => self.expand_id(place, value)?,
            "@type" => return self.expand_types(place, value, result),
            "@graph" => {
                let nodes = self.expand(place.active, Some("@graph"), value, false)?;
                Value::Array(into_array(nodes))
            }
            "@included" => return self.expand_included(place, value, result),
            "@value" => self.expand_value_keyword(place, value)?,
            "@language" => expand_language(value)?,
            "@direction" => {
                if self.options.version_1_0 {
                    return Ok(());
                }
                match value.as_str() {
                    Some("ltr" | "rtl") => value.clone(),
                    _ => return json_ld("invalid base direction"),
                }
            }
            "@index" => match value {
                Value::String(_) => value.clone(),
                _ => return json_ld("invalid @index value"),
            },
            "@list" => {
                if place.property.is_none_or(|name| name == "@graph") {
                    return self.dropped("list without a property");
                }
                let items = self.expand(place.active, place.property, value, false)?;
                Value::Array(into_array(items))
            }
            "@set" => self.expand(place.active, place.property, value, false)?,
            "@reverse" => return self.expand_reverse(place, value, result),
            // Keywords that belong into contexts mean nothing here.
            _ => return self.dropped("keyword"),
        };
        result.insert(keyword.to_owned(), expanded);
        Ok(())
    }

    fn expand_id(&self, place: &Object<'_>, value: &Value) -> Result<Value> {
        let Value::String(text) = value else {
            return json_ld("invalid @id value");
        };
        let meaning = place.active.expand_iri(text, true, false);
        if meaning.is_none() {
            self.dropped("identifier")?;
        }
        Ok(meaning.map_or(Value::Null, Value::String))
    }

    fn expand_types(
        &self,
        place: &Object<'_>,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        let mut kinds = Vec::new();
        for item in as_slice(value) {
            let Value::String(text) = item else {
                return json_ld("invalid type value");
            };
            // Other than a term's type, this one stands in the document itself.
            if self.options.secured && text == "@json" {
                return Err(Error::KeywordNotAllowed { keyword: "@json" });
            }
            match place.type_scoped.expand_iri(text, true, true) {
                Some(meaning)
                    if self.options.secured && place.type_scoped.has_shorter(text, &meaning) =>
                {
                    return Err(Error::Malformed {
                        expected: "every type by the name that the context gives it",
                    });
                }
                Some(meaning) => kinds.push(Value::String(meaning)),
                None => self.dropped("type")?,
            }
        }
        if kinds.is_empty() {
            self.dropped("type")?;
        }
        if let Some(earlier) = result.remove("@type") {
            kinds.splice(0..0, into_array(earlier));
            result.insert("@type".to_owned(), Value::Array(kinds));
        } else if value.is_array() {
            result.insert("@type".to_owned(), Value::Array(kinds));
        } else if let Some(kind) = kinds.pop() {
            result.insert("@type".to_owned(), kind);
        }
        Ok(())
    }

    fn expand_included(
        &mut self,
        place: &Object<'_>,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        if self.options.version_1_0 {
            return Ok(());
        }
        let nodes = self.expand(place.active, None, value, false)?;
        let nodes = Value::Array(match nodes {
            Value::Null => return json_ld("invalid @included value"),
            other => into_array(other),
        });
        let is_node = |node: &Value| {
            node.is_object() && !is_value_or_list(node) && node.get("@set").is_none()
        };
        if !as_slice(&nodes).iter().all(is_node) {
            return json_ld("invalid @included value");
        }
        add(result, "@included", nodes);
        Ok(())
    }

    fn expand_value_keyword(&self, place: &Object<'_>, value: &Value) -> Result<Value> {
        if place.input_type == Some("@json") {
            if self.options.version_1_0 {
                return json_ld("invalid value object value");
            }
            return Ok(value.clone());
        }
        if value.is_array() || value.is_object() {
            return json_ld("invalid value object value");
        }
        Ok(value.clone())
    }

    /// Step 13.4.13.
    fn expand_reverse(
        &mut self,
        place: &Object<'_>,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<()> {
        if !value.is_object() {
            return json_ld("invalid @reverse value");
        }
        let expanded = self.expand(place.active, Some("@reverse"), value, false)?;
        let Value::Object(mut expanded) = expanded else {
            return Ok(());
        };
        // What is reversed twice is not reversed.
        if let Some(Value::Object(forward)) = expanded.remove("@reverse") {
            for (name, items) in forward {
                add(result, &name, items);
            }
        }
        for (name, items) in expanded {
            add_reverse(result, &name, items)?;
        }
        Ok(())
    }
}

/// Adds nodes that point to this one.
pub(super) fn add_reverse(result: &mut Map<String, Value>, name: &str, items: Value) -> Result<()> {
    let items = into_array(items);
    if items.iter().any(is_value_or_list) {
        return json_ld("invalid reverse property value");
    }
    let reverse = result
        .entry("@reverse")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(reverse) = reverse {
        add(reverse, name, Value::Array(items));
    }
    Ok(())
}

fn expand_language(value: &Value) -> Result<Value> {
    match value {
        Value::String(tag) => Ok(Value::String(tag.to_lowercase())),
        _ => json_ld("invalid language-tagged string"),
    }
}
