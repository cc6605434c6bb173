//! The statements that an expanded document makes (JSON-LD 1.1 API, sections 7 and 8).

mod literal;

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use crate::options::Options;
use crate::{iri, Error, Result};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// A subject, an object or the name of a graph.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Node {
    /// An address or a literal, as N-Quads writes it.
    Text(Rc<str>),
    /// A blank node, by its number in the dataset.
    Blank(usize),
}

/// One statement.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Quad {
    pub(crate) subject: Node,
    /// An address, as N-Quads writes it.
    pub(crate) predicate: Rc<str>,
    pub(crate) object: Node,
    pub(crate) graph: Option<Node>,
}

/// Statements, each once, and the labels that blank nodes had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dataset {
    pub(crate) quads: Vec<Quad>,
    pub(crate) labels: Vec<Option<String>>,
}

/// A dataset while it grows.
pub(crate) struct Builder {
    dataset: Dataset,
    named: HashMap<String, usize>,
    limit: usize,
}

impl Builder {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            dataset: Dataset::default(),
            named: HashMap::new(),
            limit,
        }
    }

    pub(crate) fn push(&mut self, quad: Quad) -> Result<()> {
        if self.dataset.quads.len() >= self.limit {
            return Err(Error::Limit {
                what: "statements",
                limit: self.limit,
            });
        }
        self.dataset.quads.push(quad);
        Ok(())
    }

    /// The blank node of a label.
    pub(crate) fn blank(&mut self, label: &str) -> Node {
        if let Some(number) = self.named.get(label) {
            return Node::Blank(*number);
        }
        let number = self.dataset.labels.len();
        self.dataset.labels.push(Some(label.to_owned()));
        self.named.insert(label.to_owned(), number);
        Node::Blank(number)
    }

    fn fresh(&mut self) -> Node {
        self.dataset.labels.push(None);
        Node::Blank(self.dataset.labels.len() - 1)
    }

    /// The dataset, without repetitions.
    pub(crate) fn finish(mut self) -> Dataset {
        self.dataset.quads.sort_unstable();
        self.dataset.quads.dedup();
        self.dataset
    }
}

/// The dataset of an expanded document.
pub(crate) fn dataset(expanded: &[Value], options: &Options) -> Result<Dataset> {
    let mut writer = Writer {
        builder: Builder::new(options.limits.quads),
        options,
        kind: Rc::from(format!("<{RDF}type>")),
    };
    for node in expanded {
        writer.node(node, None)?;
    }
    Ok(writer.builder.finish())
}

struct Writer<'a> {
    builder: Builder,
    options: &'a Options,
    /// rdf:type.
    kind: Rc<str>,
}

impl Writer<'_> {
    /// A node with all its statements. None if it cannot be named.
    fn node(&mut self, value: &Value, graph: Option<&Node>) -> Result<Option<Node>> {
        let Value::Object(node) = value else {
            return Ok(None);
        };
        let subject = match node.get("@id") {
            None => Some(self.builder.fresh()),
            Some(id) => self.identifier(id)?,
        };
        for (name, values) in node {
            match name.as_str() {
                "@id" | "@index" => {}
                "@type" => {
                    let kind = Rc::clone(&self.kind);
                    for value in items(values) {
                        let object = self.identifier(value)?;
                        self.push(subject.as_ref(), &kind, object, graph)?;
                    }
                }
                "@graph" => self.graph(values, subject.as_ref())?,
                "@included" => {
                    for value in items(values) {
                        self.node(value, graph)?;
                    }
                }
                "@reverse" => self.reverse(values, subject.as_ref(), graph)?,
                property => {
                    let predicate = self.predicate(property)?;
                    for value in items(values) {
                        let object = self.object(value, graph)?;
                        if let Some(predicate) = &predicate {
                            self.push(subject.as_ref(), predicate, object, graph)?;
                        }
                    }
                }
            }
        }
        Ok(subject)
    }

    fn graph(&mut self, values: &Value, name: Option<&Node>) -> Result<()> {
        // A graph that cannot be named is not part of the dataset.
        let Some(name) = name else {
            return Ok(());
        };
        for value in items(values) {
            self.node(value, Some(name))?;
        }
        Ok(())
    }

    fn reverse(
        &mut self,
        reversed: &Value,
        object: Option<&Node>,
        graph: Option<&Node>,
    ) -> Result<()> {
        let Value::Object(reversed) = reversed else {
            return Ok(());
        };
        for (name, values) in reversed {
            let predicate = self.predicate(name)?;
            for value in items(values) {
                let subject = self.node(value, graph)?;
                if let Some(predicate) = &predicate {
                    self.push(subject.as_ref(), predicate, object.cloned(), graph)?;
                }
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        subject: Option<&Node>,
        predicate: &Rc<str>,
        object: Option<Node>,
        graph: Option<&Node>,
    ) -> Result<()> {
        if let (Some(subject), Some(object)) = (subject, object) {
            self.builder.push(Quad {
                subject: subject.clone(),
                predicate: Rc::clone(predicate),
                object,
                graph: graph.cloned(),
            })?;
        }
        Ok(())
    }

    fn dropped(&self, what: &'static str) -> Result<()> {
        if self.options.secured {
            return Err(Error::Dropped { what });
        }
        Ok(())
    }

    fn identifier(&mut self, value: &Value) -> Result<Option<Node>> {
        match value.as_str() {
            Some(text) if iri::is_blank(text) => Ok(Some(self.builder.blank(&text[2..]))),
            Some(text) if iri::is_absolute(text) => Ok(Some(address(text))),
            _ => {
                self.dropped("identifier")?;
                Ok(None)
            }
        }
    }

    fn predicate(&self, text: &str) -> Result<Option<Rc<str>>> {
        if iri::is_absolute(text) {
            return Ok(Some(Rc::from(format!("<{text}>"))));
        }
        self.dropped("property")?;
        Ok(None)
    }

    fn object(&mut self, value: &Value, graph: Option<&Node>) -> Result<Option<Node>> {
        let Value::Object(entries) = value else {
            return Ok(None);
        };
        if let Some(content) = entries.get("@value") {
            return self.literal(entries, content, graph);
        }
        if let Some(list) = entries.get("@list") {
            return self.list(list, graph).map(Some);
        }
        self.node(value, graph)
    }

    /// Section 8.3: list to RDF.
    fn list(&mut self, list: &Value, graph: Option<&Node>) -> Result<Node> {
        let (first, rest): (Rc<str>, Rc<str>) = (
            Rc::from(format!("<{RDF}first>")),
            Rc::from(format!("<{RDF}rest>")),
        );
        let mut objects = Vec::new();
        for value in items(list) {
            objects.push(self.object(value, graph)?);
        }
        let mut next = address(&format!("{RDF}nil"));
        for object in objects.into_iter().rev() {
            let cell = self.builder.fresh();
            self.push(Some(&cell), &first, object, graph)?;
            self.push(Some(&cell), &rest, Some(next), graph)?;
            next = cell;
        }
        Ok(next)
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

fn address(text: &str) -> Node {
    Node::Text(Rc::from(format!("<{text}>")))
}
