//! Where the values of a checked JSON text stand, so that it need not be read twice.

use std::borrow::Cow;
use std::ops::Range;

use super::escapes::unescaped;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text as it stands.
    Text,
    /// Text with at least one escape.
    EscapedText,
    /// An array.
    Array,
    /// An object.
    Object,
    /// A number, a truth value or null.
    Scalar,
}

impl Kind {
    pub(super) const fn text(escaped: bool) -> Self {
        if escaped {
            Self::EscapedText
        } else {
            Self::Text
        }
    }
}

/// A value or the name of a member. Those within it follow it.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    kind: Kind,
    /// Where it stands in the text, quotes and brackets included.
    span: Range<usize>,
    /// The place of the first token that is not within it.
    after: usize,
}

/// What a reader tells as it reads.
pub(super) trait Record {
    /// A value or a name begins; gives its place.
    fn begin(&mut self) -> usize;
    /// The one that began at `place` ends.
    fn end(&mut self, place: usize, kind: Kind, span: Range<usize>);
}

/// For a reader that only checks.
impl Record for () {
    fn begin(&mut self) -> usize {
        0
    }

    fn end(&mut self, _place: usize, _kind: Kind, _span: Range<usize>) {}
}

impl Record for Vec<Token> {
    fn begin(&mut self) -> usize {
        self.push(Token {
            kind: Kind::Scalar,
            span: 0..0,
            after: 0,
        });
        self.len() - 1
    }

    fn end(&mut self, place: usize, kind: Kind, span: Range<usize>) {
        let after = self.len();
        self[place] = Token { kind, span, after };
    }
}

/// One value, or one name, of a text that was checked.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    place: usize,
}

impl<'a> Value<'a> {
    /// The value whose token has this place.
    pub(crate) const fn new(text: &'a [u8], tokens: &'a [Token], place: usize) -> Self {
        Self {
            text,
            tokens,
            place,
        }
    }

    fn token(&self) -> &'a Token {
        &self.tokens[self.place]
    }

    /// The place of its token.
    pub(crate) const fn place(&self) -> usize {
        self.place
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.token().kind
    }

    /// As it was written.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        &self.text[self.token().span.clone()]
    }

    /// The characters of a text, as UTF-8; `None` for any other value.
    #[must_use]
    pub fn characters(&self) -> Option<Cow<'a, [u8]>> {
        let raw = self.raw();
        match self.kind() {
            Kind::Text => Some(Cow::Borrowed(&raw[1..raw.len() - 1])),
            Kind::EscapedText => Some(Cow::Owned(unescaped(&raw[1..raw.len() - 1]))),
            _ => None,
        }
    }

    /// What is directly within an array; in an object, names and values by turns.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let (mut place, after) = (self.place + 1, self.token().after);
        std::iter::from_fn(move || {
            let found = (place < after).then(|| Self::new(self.text, self.tokens, place));
            place = found.map_or(place, |value| value.token().after);
            found
        })
    }

    /// The members of an object, with the characters of their names.
    pub(crate) fn members(self) -> impl Iterator<Item = Member<'a>> {
        let mut elements = self.elements();
        std::iter::from_fn(move || {
            let name = elements.next()?;
            Some(Member {
                characters: name.characters()?,
                name,
                value: elements.next()?,
            })
        })
    }
}

/// Where values go, one after the other.
pub trait Sink {
    /// An object begins: names and values follow by turns.
    fn begin_object(&mut self);
    /// An array begins.
    fn begin_array(&mut self);
    /// The object or array that began last and has not ended, ends.
    fn end(&mut self);
    /// The name of a member.
    fn name(&mut self, name: Value<'_>);
    /// A text, a number, a truth value or null.
    fn plain(&mut self, value: Value<'_>);
}

/// For whoever does not want the values.
impl Sink for () {
    fn begin_object(&mut self) {}
    fn begin_array(&mut self) {}
    fn end(&mut self) {}
    fn name(&mut self, _name: Value<'_>) {}
    fn plain(&mut self, _value: Value<'_>) {}
}

impl Value<'_> {
    /// Hands this value, with all that is within it, to a sink.
    pub fn write(self, sink: &mut impl Sink) {
        match self.kind() {
            Kind::Object => {
                sink.begin_object();
                let mut elements = self.elements();
                while let (Some(name), Some(value)) = (elements.next(), elements.next()) {
                    sink.name(name);
                    value.write(sink);
                }
                sink.end();
            }
            Kind::Array => {
                sink.begin_array();
                self.elements().for_each(|element| element.write(sink));
                sink.end();
            }
            _ => sink.plain(self),
        }
    }
}

/// One member of an object.
pub(crate) struct Member<'a> {
    pub(crate) characters: Cow<'a, [u8]>,
    pub(crate) name: Value<'a>,
    pub(crate) value: Value<'a>,
}
