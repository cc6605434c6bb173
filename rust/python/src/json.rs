//! Python's values of JSON text that was checked.

use std::borrow::Cow;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use trustid_text::json::{Sink, Value};
use trustid_text::Error;

use crate::errors::IntoPython;

/// What one JSON text says, at most `depth` levels deep.
#[pyfunction]
pub(crate) fn read_json<'py>(
    python: Python<'py>,
    text: &[u8],
    depth: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let mut builder = Builder::new(python);
    trustid_text::json::read(text, depth, &mut builder).into_python()?;
    builder.finish()
}

/// Builds one value of what it is handed.
pub(crate) struct Builder<'py> {
    python: Python<'py>,
    /// The objects and arrays that have begun, the innermost last.
    open: Vec<Open<'py>>,
    /// The names of members whose values have not ended.
    names: Vec<Bound<'py, PyString>>,
    built: PyResult<Option<Bound<'py, PyAny>>>,
}

enum Open<'py> {
    Object(Bound<'py, PyDict>),
    Array(Bound<'py, PyList>),
}

impl<'py> Builder<'py> {
    pub(crate) const fn new(python: Python<'py>) -> Self {
        Self {
            python,
            open: Vec::new(),
            names: Vec::new(),
            built: Ok(None),
        }
    }

    /// The value, or what went wrong as it was built.
    pub(crate) fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        self.built?
            .ok_or_else(|| PyRuntimeError::new_err("expected a value"))
    }

    fn add(&mut self, value: PyResult<Bound<'py, PyAny>>) {
        if let Err(error) = value.and_then(|value| self.try_add(value)) {
            self.built = Err(error);
        }
    }

    fn try_add(&mut self, value: Bound<'py, PyAny>) -> PyResult<()> {
        match self.open.last() {
            Some(Open::Object(object)) => match self.names.pop() {
                Some(name) => object.set_item(name, value),
                None => Ok(()),
            },
            Some(Open::Array(array)) => array.append(value),
            None => {
                self.built = Ok(Some(value));
                Ok(())
            }
        }
    }
}

impl Sink for Builder<'_> {
    fn begin_object(&mut self) {
        self.open.push(Open::Object(PyDict::new(self.python)));
    }

    fn begin_array(&mut self) {
        self.open.push(Open::Array(PyList::empty(self.python)));
    }

    fn end(&mut self) {
        let ended = match self.open.pop() {
            Some(Open::Object(object)) => object.into_any(),
            Some(Open::Array(array)) => array.into_any(),
            None => return,
        };
        self.add(Ok(ended));
    }

    fn name(&mut self, name: Value<'_>) {
        match text(self.python, name.characters().unwrap_or_default()) {
            Ok(name) => self.names.push(name),
            Err(error) => self.built = Err(error),
        }
    }

    fn plain(&mut self, value: Value<'_>) {
        self.add(plain(self.python, value));
    }
}

fn text<'py>(python: Python<'py>, characters: Cow<'_, [u8]>) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(python, &characters)
}

fn plain<'py>(python: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    if let Some(characters) = value.characters() {
        return Ok(text(python, characters)?.into_any());
    }
    match value.raw() {
        b"null" => Ok(python.None().into_bound(python)),
        b"true" => Ok(PyBool::new(python, true).to_owned().into_any()),
        b"false" => Ok(PyBool::new(python, false).to_owned().into_any()),
        number => self::number(python, &String::from_utf8_lossy(number)),
    }
}

fn number<'py>(python: Python<'py>, number: &str) -> PyResult<Bound<'py, PyAny>> {
    if number.contains(['.', 'e', 'E']) {
        // The nearest double, as Python reads it.
        return Ok(PyFloat::new(python, number.parse()?).into_any());
    }
    match number.parse::<i64>() {
        Ok(small) => Ok(PyInt::new(python, small).into_any()),
        // The interpreter may have been told to read even fewer digits.
        Err(_) => python.get_type::<PyInt>().call1((number,)).or_else(|_| {
            let expected = "integers of a moderate length";
            Err(Error::Malformed { expected }).into_python()
        }),
    }
}
