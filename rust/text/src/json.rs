//! Whether bytes are one JSON text with one meaning (I-JSON).
//!
//! Nothing is built: the caller reads the text afterwards with any reader,
//! which then has nothing left to disagree about.
//!
//! # Reference
//! RFC 8259; RFC 7493, section 2.

use std::borrow::Cow;

use crate::error::{malformed, Error, Result};

use self::escapes::{hexadecimal, unescaped};
use self::tape::Record;
pub use self::tape::{Kind, Sink, Value};
pub(crate) use self::tape::{Member, Token};

mod escapes;
mod tape;

/// The deepest nesting that a caller may allow: the reader calls itself.
pub const DEPTH_MAX: usize = 128;

/// The most digits of an integer: with more of them it may be larger than any double, and readers
/// then differ in what they take it for (RFC 8259, section 6).
const DIGITS_MAX: usize = 308;

/// Objects of more members are sorted to find a name that stands twice.
const COMPARED_MAX: usize = 16;

/// Checks one JSON text.
///
/// # Arguments
/// * `depth` - how many arrays and objects may stand inside each other, at most [`DEPTH_MAX`].
///
/// # Errors
/// [`Error::Malformed`] for anything outside the grammar, bytes that are not
/// UTF-8, lone surrogates, numbers beyond a double, NUL in a member name;
/// [`Error::DuplicateKey`]; [`Error::Limit`] for the depth.
///
/// # Cost
/// Linear, some nanoseconds a byte; an object of n names n log n.
pub fn check(text: &[u8], depth: usize) -> Result<()> {
    let mut nothing = ();
    let mut reader = Reader::new(text, 0, depth, &mut nothing)?;
    reader.space();
    reader.value(0)?;
    reader.end()
}

/// Checks one JSON text and hands what it says to a sink.
///
/// # Errors
/// As [`check`]; nothing was handed over then.
///
/// # Cost
/// As [`check`], and some 32 bytes of memory for each value and name.
pub fn read(text: &[u8], depth: usize, sink: &mut impl Sink) -> Result<()> {
    let mut tokens = Vec::new();
    let place = record(text, 0, depth, &mut tokens)?;
    Value::new(text, &tokens, place).write(sink);
    Ok(())
}

/// Checks one JSON text that stands in a longer one, and records its values.
///
/// # Arguments
/// * `text` - ends where the JSON text ends.
/// * `start` - where it begins.
/// * `tokens` - is added to.
///
/// # Returns
/// The place, among the tokens, of the value that the text is.
///
/// # Errors
/// As [`check`].
pub(crate) fn record(
    text: &[u8],
    start: usize,
    depth: usize,
    tokens: &mut Vec<Token>,
) -> Result<usize> {
    let mut reader = Reader::new(text, start, depth, tokens)?;
    reader.space();
    let place = reader.record.len();
    reader.value(0)?;
    reader.end()?;
    Ok(place)
}

struct Reader<'a, R> {
    text: &'a [u8],
    at: usize,
    depth_max: usize,
    record: &'a mut R,
    /// The names of the objects that are open, those of the innermost last.
    names: Vec<Cow<'a, [u8]>>,
}

const JSON: &str = "one JSON text in UTF-8";

impl<'a, R: Record> Reader<'a, R> {
    fn new(text: &'a [u8], start: usize, depth: usize, record: &'a mut R) -> Result<Self> {
        if std::str::from_utf8(&text[start..]).is_err() {
            return malformed(JSON);
        }
        Ok(Self {
            text,
            at: start,
            depth_max: depth.min(DEPTH_MAX),
            record,
            names: Vec::new(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<()> {
        self.space();
        if self.at < self.text.len() {
            return malformed(JSON);
        }
        Ok(())
    }

    /// One value; `depth` arrays and objects stand around it.
    fn value(&mut self, depth: usize) -> Result<()> {
        let (start, place) = (self.at, self.record.begin());
        let kind = match self.peek() {
            Some(b'"') => Kind::text(self.string()?),
            Some(b'{') => self.object(depth).map(|()| Kind::Object)?,
            Some(b'[') => self.array(depth).map(|()| Kind::Array)?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            _ => self.number()?,
        };
        self.record.end(place, kind, start..self.at);
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<Kind> {
        if !self.text[self.at..].starts_with(word) {
            return malformed(JSON);
        }
        self.at += word.len();
        Ok(Kind::Scalar)
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return malformed(JSON);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Kind> {
        let start = self.at;
        self.take(b'-');
        let first = self.at;
        if !self.take(b'0') {
            self.digits()?;
        }
        let whole = self.at;
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        if self.at == whole && whole - first > DIGITS_MAX {
            return malformed("integers of a moderate length");
        }
        if self.at > whole && !is_finite(&self.text[start..self.at]) {
            return malformed("a number within the range of a double");
        }
        Ok(Kind::Scalar)
    }

    /// One level more, if the limit allows it.
    fn open(&mut self, depth: usize) -> Result<usize> {
        self.at += 1;
        self.space();
        if depth >= self.depth_max {
            return Err(Error::Limit {
                what: "levels of JSON",
                limit: self.depth_max,
            });
        }
        Ok(depth + 1)
    }

    /// Whether another element follows; `false` once `close` was read.
    fn another(&mut self, close: u8) -> Result<bool> {
        self.space();
        if self.take(b',') {
            self.space();
            return Ok(true);
        }
        if self.take(close) {
            return Ok(false);
        }
        malformed(JSON)
    }

    fn array(&mut self, depth: usize) -> Result<()> {
        let below = self.open(depth)?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.value(below)?;
            if !self.another(b']')? {
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<()> {
        let below = self.open(depth)?;
        if self.take(b'}') {
            return Ok(());
        }
        let outer = self.names.len();
        loop {
            if self.peek() != Some(b'"') {
                return malformed(JSON);
            }
            let name = self.name()?;
            self.names.push(name);
            self.space();
            if !self.take(b':') {
                return malformed(JSON);
            }
            self.space();
            self.value(below)?;
            if !self.another(b'}')? {
                break;
            }
        }
        let unique = are_unique(&mut self.names[outer..]);
        self.names.truncate(outer);
        if unique {
            Ok(())
        } else {
            Err(Error::DuplicateKey)
        }
    }

    fn name(&mut self) -> Result<Cow<'a, [u8]>> {
        let (start, place) = (self.at, self.record.begin());
        let escaped = self.string()?;
        self.record.end(place, Kind::text(escaped), start..self.at);
        let raw = &self.text[start + 1..self.at - 1];
        if !escaped {
            return Ok(Cow::Borrowed(raw));
        }
        let name = unescaped(raw);
        if name.contains(&0) {
            return malformed("member names without NUL");
        }
        Ok(Cow::Owned(name))
    }

    /// One string, its quotes included; gives whether it holds an escape.
    fn string(&mut self) -> Result<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = &self.text[self.at..];
            let Some(plain) = rest.iter().position(|&byte| ENDS[usize::from(byte)]) else {
                return malformed(JSON);
            };
            self.at += plain + 1;
            match rest[plain] {
                b'"' => return Ok(escaped),
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return malformed("no control characters in a JSON string"),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<()> {
        let Some(letter) = self.peek() else {
            return malformed(JSON);
        };
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.unit()? {
                0xd800..=0xdbff => {
                    let low = self.take(b'\\') && self.take(b'u');
                    if low && matches!(self.unit()?, 0xdc00..=0xdfff) {
                        Ok(())
                    } else {
                        malformed("text without lone surrogates")
                    }
                }
                0xdc00..=0xdfff => malformed("text without lone surrogates"),
                _ => Ok(()),
            },
            _ => malformed(JSON),
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32> {
        let Some(unit) = self.text.get(self.at..self.at + 4).and_then(hexadecimal) else {
            return malformed(JSON);
        };
        self.at += 4;
        Ok(unit)
    }
}

/// The bytes that end a run of plain characters of a string.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        ends[control] = true;
        control += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

fn is_finite(number: &[u8]) -> bool {
    std::str::from_utf8(number)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .is_some_and(f64::is_finite)
}

/// Whether no name stands twice; they may be sorted.
pub(crate) fn are_unique(names: &mut [Cow<'_, [u8]>]) -> bool {
    if names.len() <= COMPARED_MAX {
        return (1..names.len()).all(|place| !names[..place].contains(&names[place]));
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod writer;
