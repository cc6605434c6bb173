//! N-Quads as text: canonical when written, any when read (RDF 1.1 N-Quads; RDFC-1.0, appendix A).

use std::fmt::Write as _;
use std::rc::Rc;

use crate::iri;
use crate::options::Limits;
use crate::quads::{Builder, Dataset, Node, Quad};
use crate::{Error, Result};

/// A literal's text with quotes, as RDFC-1.0 wants it (section 5).
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// One statement as a line, with the names that `name` gives to blank nodes.
pub(crate) fn write_quad(quad: &Quad, text: &mut String, name: &impl Fn(usize, &mut String)) {
    let node = |node: &Node, text: &mut String| match node {
        Node::Text(written) => text.push_str(written),
        Node::Blank(number) => {
            text.push_str("_:");
            name(*number, text);
        }
    };
    node(&quad.subject, text);
    text.push(' ');
    text.push_str(&quad.predicate);
    text.push(' ');
    node(&quad.object, text);
    if let Some(graph) = &quad.graph {
        text.push(' ');
        node(graph, text);
    }
    text.push_str(" .\n");
}

/// Every statement, blank nodes by their number.
pub(crate) fn write(dataset: &Dataset) -> String {
    let mut text = String::new();
    for quad in &dataset.quads {
        write_quad(quad, &mut text, &|number: usize, text: &mut String| {
            text.push('b');
            text.push_str(&number.to_string());
        });
    }
    text
}

/// Reads N-Quads.
pub(crate) fn parse(text: &[u8], limits: &Limits) -> Result<Dataset> {
    if text.len() > limits.bytes {
        return Err(Error::Limit {
            what: "bytes",
            limit: limits.bytes,
        });
    }
    let text = std::str::from_utf8(text).map_err(|_| malformed())?;
    let mut builder = Builder::new(limits.quads);
    for line in text.split(['\n', '\r']) {
        let mut line = Line(line.trim_matches([' ', '\t']));
        if line.0.is_empty() || line.0.starts_with('#') {
            continue;
        }
        let subject = line.node(&mut builder, false)?;
        let Node::Text(predicate) = line.node(&mut builder, false)? else {
            return Err(malformed());
        };
        let object = line.node(&mut builder, true)?;
        let graph = if line.0.starts_with('.') {
            None
        } else {
            Some(line.node(&mut builder, false)?)
        };
        let rest = line.0.strip_prefix('.').ok_or_else(malformed)?;
        let rest = rest.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err(malformed());
        }
        builder.push(Quad {
            subject,
            predicate,
            object,
            graph,
        })?;
    }
    Ok(builder.finish())
}

fn malformed() -> Error {
    Error::Malformed {
        expected: "N-Quads",
    }
}

/// What is left of a line.
struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    fn skip(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    fn node(&mut self, builder: &mut Builder, literal: bool) -> Result<Node> {
        let node = match self.0.as_bytes().first() {
            Some(b'<') => Node::Text(Rc::from(format!("<{}>", self.address()?))),
            Some(b'_') => {
                let label = self.0.strip_prefix("_:").ok_or_else(malformed)?;
                let end = label
                    .find(|one: char| !(one.is_alphanumeric() || "-_.:\u{b7}".contains(one)))
                    .unwrap_or(label.len());
                let label = label[..end].trim_end_matches('.');
                if label.is_empty() {
                    return Err(malformed());
                }
                self.skip(2 + label.len());
                builder.blank(label)
            }
            Some(b'"') if literal => self.literal()?,
            _ => return Err(malformed()),
        };
        self.0 = self.0.trim_start_matches([' ', '\t']);
        Ok(node)
    }

    fn address(&mut self) -> Result<String> {
        let end = self.0.find('>').ok_or_else(malformed)?;
        let text = unescape(&self.skip(end + 1)[1..end])?;
        if iri::is_absolute(&text) {
            Ok(text)
        } else {
            Err(malformed())
        }
    }

    fn literal(&mut self) -> Result<Node> {
        let mut escaped = false;
        let end = self.0[1..].bytes().position(|byte| {
            let close = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            close
        });
        let end = end.ok_or_else(malformed)? + 1;
        let mut written = quote(&unescape(&self.skip(end + 1)[1..end])?);
        if self.0.starts_with('@') {
            let tag = self.0[1..]
                .find([' ', '\t', '.', '<', '_'])
                .ok_or_else(malformed)?;
            let tag = &self.skip(tag + 1)[1..];
            if !iri::is_language(tag) {
                return Err(malformed());
            }
            written.push('@');
            written.push_str(tag);
        } else if self.0.starts_with("^^<") {
            self.skip(2);
            let kind = self.address()?;
            if kind != "http://www.w3.org/2001/XMLSchema#string" {
                written.push_str("^^<");
                written.push_str(&kind);
                written.push('>');
            }
        }
        Ok(Node::Text(Rc::from(written)))
    }
}

fn unescape(text: &str) -> Result<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        plain.push_str(&rest[..place]);
        let mut characters = rest[place + 1..].chars();
        let digits = match characters.next().ok_or_else(malformed)? {
            'u' => 4,
            'U' => 8,
            simple => {
                plain.push(match simple {
                    't' => '\t',
                    'b' => '\u{8}',
                    'n' => '\n',
                    'r' => '\r',
                    'f' => '\u{c}',
                    '"' | '\'' | '\\' => simple,
                    _ => return Err(malformed()),
                });
                rest = characters.as_str();
                continue;
            }
        };
        let (code, after) = characters
            .as_str()
            .split_at_checked(digits)
            .ok_or_else(malformed)?;
        let code = u32::from_str_radix(code, 16).map_err(|_| malformed())?;
        plain.push(char::from_u32(code).ok_or_else(malformed)?);
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain)
}
