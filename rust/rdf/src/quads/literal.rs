//! Literals (JSON-LD 1.1 API, sections 8.2 and 8.6).

use std::fmt::Write as _;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

use super::{items, Node, Writer, RDF};
use crate::options::Direction;
use crate::{iri, json, nquads, Result};

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";
const I18N: &str = "https://www.w3.org/ns/i18n#";

/// From here on a number is written with an exponent (JSON-LD 1.1 API, section 8.6).
const INTEGER_END: f64 = 1e21;
/// The largest integer that every reader of JSON reads alike (RFC 8259, section 6).
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

impl Writer<'_> {
    /// Section 8.2: object to RDF, for values.
    pub(super) fn literal(
        &mut self,
        entries: &Map<String, Value>,
        content: &Value,
        graph: Option<&Node>,
    ) -> Result<Option<Node>> {
        let kind = entries.get("@type").and_then(|kind| items(kind).first());
        let kind = kind.and_then(Value::as_str);
        if kind == Some("@json") {
            let mut text = String::new();
            json::write_canonical(content, &mut text);
            return Ok(Some(typed(&text, &format!("{RDF}JSON"))));
        }
        if kind.is_some_and(|kind| !iri::is_absolute(kind)) {
            self.dropped("datatype")?;
            return Ok(None);
        }
        let (text, own) = match content {
            Value::Bool(value) => (value.to_string(), "boolean"),
            Value::Number(number) => self.number(number, kind)?,
            Value::String(text) => return self.text(entries, text, kind, graph),
            _ => return Ok(None),
        };
        Ok(Some(match kind {
            Some(kind) => typed(&text, kind),
            None => typed(&text, &format!("{XSD}{own}")),
        }))
    }

    fn number(&self, number: &Number, kind: Option<&str>) -> Result<(String, &'static str)> {
        let value = number.as_f64().unwrap_or(f64::NAN);
        let whole = value.fract() == 0.0 && value.abs() < INTEGER_END;
        let double = !whole || kind == Some(&format!("{XSD}double"));
        let text = if double {
            canonical_double(value)
        } else if let Some(integer) = number.as_i64() {
            integer.to_string()
        } else {
            format!("{}", value + 0.0)
        };
        let exact = if double {
            text.parse::<f64>()
                .is_ok_and(|read| read.to_bits() == value.to_bits())
        } else {
            value.abs() <= EXACT_MAX
        };
        if !exact {
            self.dropped("digit of a number")?;
        }
        Ok((text, if double { "double" } else { "integer" }))
    }

    fn text(
        &mut self,
        entries: &Map<String, Value>,
        text: &str,
        kind: Option<&str>,
        graph: Option<&Node>,
    ) -> Result<Option<Node>> {
        if let Some(kind) = kind {
            return Ok(Some(typed(text, kind)));
        }
        let language = entries.get("@language").and_then(Value::as_str);
        if language.is_some_and(|tag| !iri::is_language(tag)) {
            self.dropped("language")?;
            return Ok(None);
        }
        if let Some(direction) = entries.get("@direction").and_then(Value::as_str) {
            match self.options.direction {
                Some(Direction::I18nDatatype) => {
                    let tag = language.unwrap_or("");
                    return Ok(Some(typed(text, &format!("{I18N}{tag}_{direction}"))));
                }
                Some(Direction::CompoundLiteral) => {
                    return self.compound(text, language, direction, graph).map(Some);
                }
                None => self.dropped("direction")?,
            }
        }
        let mut written = nquads::quote(text);
        if let Some(tag) = language {
            let _ = write!(written, "@{tag}");
        }
        Ok(Some(Node::Text(Rc::from(written))))
    }

    fn compound(
        &mut self,
        text: &str,
        language: Option<&str>,
        direction: &str,
        graph: Option<&Node>,
    ) -> Result<Node> {
        let literal = self.builder.fresh();
        let parts = [
            ("value", Some(text)),
            ("language", language),
            ("direction", Some(direction)),
        ];
        for (name, part) in parts {
            let object = part.map(|part| Node::Text(Rc::from(nquads::quote(part))));
            let predicate = Rc::from(format!("<{RDF}{name}>"));
            self.push(Some(&literal), &predicate, object, graph)?;
        }
        Ok(literal)
    }
}

fn typed(text: &str, kind: &str) -> Node {
    let mut written = nquads::quote(text);
    if kind.strip_prefix(XSD) != Some("string") {
        let _ = write!(written, "^^<{kind}>");
    }
    Node::Text(Rc::from(written))
}

/// The canonical form of an xsd:double (JSON-LD 1.1 API, section 8.6).
fn canonical_double(value: f64) -> String {
    let text = format!("{value:.15E}");
    let Some((mantissa, exponent)) = text.split_once('E') else {
        return text;
    };
    let mantissa = mantissa.trim_end_matches('0');
    let zero = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{mantissa}{zero}E{exponent}")
}
