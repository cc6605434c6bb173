//! A sink that writes compact JSON, for tests.

use super::{Sink, Value};

#[derive(Default)]
pub(crate) struct Writer {
    text: Vec<u8>,
    /// What closes the objects and arrays that have begun.
    open: Vec<u8>,
}

impl Writer {
    pub(crate) fn finish(self) -> serde_json::Value {
        assert!(self.open.is_empty());
        serde_json::from_slice(&self.text).expect("JSON")
    }

    fn separate(&mut self) {
        if !matches!(self.text.last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(b',');
        }
    }

    fn begin(&mut self, brackets: [u8; 2]) {
        self.separate();
        self.text.push(brackets[0]);
        self.open.push(brackets[1]);
    }
}

impl Sink for Writer {
    fn begin_object(&mut self) {
        self.begin(*b"{}");
    }

    fn begin_array(&mut self) {
        self.begin(*b"[]");
    }

    fn end(&mut self) {
        self.text.extend(self.open.pop());
    }

    fn name(&mut self, name: Value<'_>) {
        self.separate();
        self.text.extend_from_slice(name.raw());
        self.text.push(b':');
    }

    fn plain(&mut self, value: Value<'_>) {
        self.separate();
        self.text.extend_from_slice(value.raw());
    }
}
