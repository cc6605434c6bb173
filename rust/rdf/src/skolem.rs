//! Names for blank nodes, so that a part of a document still says which node it speaks of.
//!
//! The names go into the document as it stands: there is no detour by way of
//! its expanded form and back, which could change what a JSON pointer finds.
//!
//! # Reference
//! W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.4 (skolemization).

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::expand::Processor;
use crate::nquads::write_quad;
use crate::quads::{Builder, Dataset, Node, Quad};
use crate::{iri, Error, Result};

/// How the address of a blank node begins.
const PREFIX: &str = "urn:bnid:";

/// The document with an identifier in every node that has none.
pub(crate) fn skolemize(mut processor: Processor<'_>, document: &Value) -> Result<Value> {
    processor.nameless = Some(HashMap::new());
    let expanded = processor.expand_document(document)?;
    expanded.iter().try_for_each(check_names)?;
    let nameless = processor.nameless.unwrap_or_default();
    let mut count = 0;
    let named = name_nodes(document, &nameless, &mut count);
    if count < nameless.len() {
        return not_allowed("nodes that stand for another one");
    }
    Ok(named)
}

/// Refuses what has blank nodes that no name in the document could reach, and names of our own.
fn check_names(expanded: &Value) -> Result<()> {
    match expanded {
        Value::Object(node) if node.contains_key("@value") => Ok(()),
        Value::Object(node) => node
            .iter()
            .try_for_each(|(name, value)| match name.as_str() {
                "@list" => not_allowed("@list"),
                "@graph" => not_allowed("@graph"),
                "@included" => not_allowed("@included"),
                "@reverse" => not_allowed("@reverse"),
                _ => check_names(value),
            }),
        Value::Array(items) => items.iter().try_for_each(check_names),
        Value::String(text) if iri::is_blank(text) => not_allowed("names of blank nodes"),
        Value::String(text) if text.starts_with(PREFIX) => not_allowed("addresses of blank nodes"),
        _ => Ok(()),
    }
}

fn not_allowed<T>(keyword: &'static str) -> Result<T> {
    Err(Error::KeywordNotAllowed { keyword })
}

fn name_nodes(value: &Value, nameless: &HashMap<usize, String>, count: &mut usize) -> Value {
    match value {
        Value::Object(members) => {
            let mut named = Map::new();
            if let Some(name) = nameless.get(&(std::ptr::from_ref(members) as usize)) {
                named.insert(name.clone(), Value::String(format!("{PREFIX}{count}")));
                *count += 1;
            }
            for (name, inner) in members {
                named.insert(name.clone(), name_nodes(inner, nameless, count));
            }
            Value::Object(named)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| name_nodes(item, nameless, count));
            Value::Array(items.collect())
        }
        other => other.clone(),
    }
}

/// The statements as lines, with the names that `skolemize` gave as labels of blank nodes.
pub(crate) fn write(dataset: &Dataset) -> Result<String> {
    let mut builder = Builder::new(dataset.quads.len());
    for quad in &dataset.quads {
        let quad = Quad {
            subject: blank(&quad.subject, &mut builder)?,
            predicate: Rc::clone(&quad.predicate),
            object: blank(&quad.object, &mut builder)?,
            graph: None,
        };
        builder.push(quad)?;
    }
    let dataset = builder.finish();
    let mut text = String::new();
    for quad in &dataset.quads {
        write_quad(quad, &mut text, &|number: usize, text: &mut String| {
            text.push_str(dataset.labels[number].as_deref().unwrap_or_default());
        });
    }
    Ok(text)
}

fn blank(node: &Node, builder: &mut Builder) -> Result<Node> {
    let Node::Text(text) = node else {
        return not_allowed("nodes without a name");
    };
    let label = text
        .strip_prefix('<')
        .and_then(|text| text.strip_prefix(PREFIX));
    Ok(label.map_or_else(
        || node.clone(),
        |label| builder.blank(label.trim_end_matches('>')),
    ))
}
