//! Context processing (JSON-LD 1.1 API, section 4.1).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::set::{Recipe, Source};
use super::{ActiveContext, BaseDirection, Term};
use crate::error::json_ld;
use crate::expand::Processor;
use crate::iri;
use crate::{Error, Result};

/// How many contexts may name each other in a row.
const CHAIN_MAX: usize = 16;

/// Where a context stands that is to be processed.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The address of the document that it is part of.
    pub(crate) base_url: Option<&'a str>,
    /// The contexts that led here.
    pub(crate) chain: &'a [String],
    /// False while the contexts of terms are tried out.
    pub(crate) scoped: bool,
}

/// How a context takes effect.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) override_protected: bool,
    pub(crate) propagate: bool,
}

impl Scope {
    pub(crate) const PLAIN: Self = Self {
        override_protected: false,
        propagate: true,
    };
    pub(crate) const PROPERTY: Self = Self {
        override_protected: true,
        propagate: true,
    };
    pub(crate) const TYPE: Self = Self {
        override_protected: false,
        propagate: false,
    };
}

impl Processor<'_> {
    /// The context that stands in a document.
    pub(crate) fn document_context(
        &mut self,
        active: &Arc<ActiveContext>,
        local: &Value,
    ) -> Result<Arc<ActiveContext>> {
        for entry in entries(local) {
            self.count_context()?;
            let inline = !entry.is_string();
            if self.options.secured && inline && !self.options.inline.contains(entry) {
                return Err(Error::ContextNotAllowed);
            }
        }
        let base = active.original_base.clone();
        let origin = Origin {
            base_url: base.as_deref(),
            chain: &[],
            scoped: true,
        };
        self.process(active, local, origin, Scope::PLAIN)
    }

    /// The context of a term that has one, or the same context.
    pub(crate) fn term_context(
        &mut self,
        active: &Arc<ActiveContext>,
        term: &Term,
        pure: bool,
        scope: Scope,
    ) -> Result<Arc<ActiveContext>> {
        let Some(local) = &term.context else {
            return Ok(Arc::clone(active));
        };
        self.count_context()?;
        // Terms of the set's contexts live as long as the set: their place names them.
        let recipe = active.identity.filter(|_| pure).map(|before| Recipe {
            before,
            source: Source::Scoped(Arc::as_ptr(local) as usize),
            override_protected: scope.override_protected,
            propagate: scope.propagate,
        });
        let origin = Origin {
            base_url: term.base_url.as_deref(),
            chain: &[],
            scoped: true,
        };
        self.kept(recipe, |processor| {
            processor.process(active, local, origin, scope)
        })
    }

    fn kept(
        &mut self,
        recipe: Option<Recipe>,
        make: impl FnOnce(&mut Self) -> Result<Arc<ActiveContext>>,
    ) -> Result<Arc<ActiveContext>> {
        let Some(recipe) = recipe else {
            return make(self);
        };
        if let Some(made) = self.contexts.made(&recipe) {
            return Ok(made);
        }
        let fresh = make(self)?;
        Ok(self.contexts.keep(recipe, Arc::unwrap_or_clone(fresh)))
    }

    /// Processes a context, or each of several in turn.
    pub(super) fn process(
        &mut self,
        active: &Arc<ActiveContext>,
        local: &Value,
        origin: Origin<'_>,
        scope: Scope,
    ) -> Result<Arc<ActiveContext>> {
        let propagate = match local.get("@propagate") {
            None => scope.propagate,
            Some(Value::Bool(value)) => *value,
            Some(_) => return json_ld("invalid @propagate value"),
        };
        let mut result = Arc::clone(active);
        if !propagate && result.previous.is_none() {
            edit(&mut result).previous = Some(Arc::clone(active));
        }
        for entry in entries(local) {
            match entry {
                Value::Null => {
                    if !scope.override_protected && result.protects() {
                        return json_ld("invalid context nullification");
                    }
                    let base = active.original_base.as_deref();
                    let mut empty = ActiveContext::initial(base);
                    if !propagate {
                        empty.previous = Some(result);
                    }
                    result = Arc::new(empty);
                }
                Value::String(address) => {
                    result = self.remote(result, address, origin, scope)?;
                }
                Value::Object(definitions) => {
                    self.define(&mut result, definitions, origin, scope)?;
                }
                _ => return json_ld("invalid local context"),
            }
        }
        Ok(result)
    }

    /// Step 5.2: a context that is named by its address.
    fn remote(
        &mut self,
        active: Arc<ActiveContext>,
        address: &str,
        origin: Origin<'_>,
        scope: Scope,
    ) -> Result<Arc<ActiveContext>> {
        let address = iri::resolve(address, origin.base_url);
        if !iri::is_absolute(&address) {
            return json_ld("loading document failed");
        }
        if !origin.scoped && origin.chain.contains(&address) {
            return Ok(active);
        }
        if origin.chain.len() >= CHAIN_MAX {
            return json_ld("context overflow");
        }
        let document = self.contexts.document(&address)?;
        let Some(context) = document.get("@context") else {
            return json_ld("invalid remote context");
        };
        let recipe = active
            .identity
            .filter(|_| origin.scoped)
            .map(|before| Recipe {
                before,
                source: Source::Address(address.clone()),
                override_protected: scope.override_protected,
                propagate: true,
            });
        let mut chain = origin.chain.to_vec();
        chain.push(address.clone());
        let inner = Origin {
            base_url: Some(&address),
            chain: &chain,
            scoped: origin.scoped,
        };
        let scope = Scope {
            propagate: true,
            ..scope
        };
        self.kept(recipe, |processor| {
            processor.process(&active, context, inner, scope)
        })
    }

    /// Steps 5.4 to 5.13: a context that is a map of definitions.
    fn define(
        &mut self,
        result: &mut Arc<ActiveContext>,
        definitions: &Map<String, Value>,
        origin: Origin<'_>,
        scope: Scope,
    ) -> Result<()> {
        let imported;
        let mut definitions = definitions;
        if let Some(version) = definitions.get("@version") {
            if version.as_f64() != Some(1.1) {
                return json_ld("invalid @version value");
            }
            if self.options.version_1_0 {
                return json_ld("processing mode conflict");
            }
        }
        if let Some(import) = definitions.get("@import") {
            imported = self.import(import, definitions, origin)?;
            definitions = &imported;
        }
        let context = edit(result);
        set_base(context, definitions, origin)?;
        self.set_vocabulary(context, definitions)?;
        set_language(context, definitions)?;
        if let Some(direction) = definitions.get("@direction") {
            self.only_1_1("invalid context entry")?;
            context.direction = read_direction(direction)?;
        }
        if let Some(propagate) = definitions.get("@propagate") {
            self.only_1_1("invalid context entry")?;
            if !propagate.is_boolean() {
                return json_ld("invalid @propagate value");
            }
        }
        let protected = match definitions.get("@protected") {
            None => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => return json_ld("invalid @protected value"),
        };
        let mut work = super::term::Defining {
            local: definitions,
            defined: HashMap::new(),
            origin,
            protected,
            override_protected: scope.override_protected,
        };
        for name in definitions.keys() {
            if !CONTEXT_KEYWORDS.contains(&name.as_str()) {
                self.define_term(result, name, &mut work)?;
            }
        }
        Ok(())
    }

    /// Step 5.6: a context that begins with another one.
    fn import(
        &mut self,
        import: &Value,
        definitions: &Map<String, Value>,
        origin: Origin<'_>,
    ) -> Result<Map<String, Value>> {
        self.only_1_1("invalid context entry")?;
        let Value::String(address) = import else {
            return json_ld("invalid @import value");
        };
        let document = self
            .contexts
            .document(&iri::resolve(address, origin.base_url))?;
        let Some(Value::Object(imported)) = document.get("@context") else {
            return json_ld("invalid remote context");
        };
        if imported.contains_key("@import") {
            return json_ld("invalid context entry");
        }
        let mut merged = imported.clone();
        for (name, value) in definitions {
            merged.insert(name.clone(), value.clone());
        }
        Ok(merged)
    }

    /// Step 5.8.
    fn set_vocabulary(
        &self,
        context: &mut ActiveContext,
        definitions: &Map<String, Value>,
    ) -> Result<()> {
        match definitions.get("@vocab") {
            None => {}
            Some(Value::Null) => context.vocabulary = None,
            Some(Value::String(text)) => {
                if self.options.version_1_0 && !iri::has_scheme(text) && !iri::is_blank(text) {
                    return json_ld("invalid vocab mapping");
                }
                let meaning = context.expand_iri(text, true, true);
                let Some(meaning) = meaning.filter(|found| !iri::is_keyword(found)) else {
                    return json_ld("invalid vocab mapping");
                };
                context.vocabulary = Some(meaning);
            }
            Some(_) => return json_ld("invalid vocab mapping"),
        }
        Ok(())
    }

    pub(super) fn only_1_1(&self, code: &'static str) -> Result<()> {
        if self.options.version_1_0 {
            return json_ld(code);
        }
        Ok(())
    }
}

const CONTEXT_KEYWORDS: [&str; 8] = [
    "@base",
    "@direction",
    "@import",
    "@language",
    "@propagate",
    "@protected",
    "@version",
    "@vocab",
];

/// The context as it may be changed: not one that the set knows any more.
pub(super) fn edit(context: &mut Arc<ActiveContext>) -> &mut ActiveContext {
    let context = Arc::make_mut(context);
    context.identity = None;
    context
}

/// A value as an array.
fn entries(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// Step 5.7: only the document itself may say what its addresses are relative to.
fn set_base(
    context: &mut ActiveContext,
    definitions: &Map<String, Value>,
    origin: Origin<'_>,
) -> Result<()> {
    let Some(base) = definitions.get("@base").filter(|_| origin.chain.is_empty()) else {
        return Ok(());
    };
    match base {
        Value::Null => context.base = None,
        Value::String(text) if iri::is_absolute(text) => context.base = Some(text.clone()),
        Value::String(text) if context.base.is_some() => {
            context.base = Some(iri::resolve(text, context.base.as_deref()));
        }
        _ => return json_ld("invalid base IRI"),
    }
    Ok(())
}

/// Step 5.9.
fn set_language(context: &mut ActiveContext, definitions: &Map<String, Value>) -> Result<()> {
    match definitions.get("@language") {
        None => {}
        Some(Value::Null) => context.language = None,
        Some(Value::String(tag)) => context.language = Some(tag.to_lowercase()),
        Some(_) => return json_ld("invalid default language"),
    }
    Ok(())
}

/// A base direction, or null.
pub(super) fn read_direction(value: &Value) -> Result<BaseDirection> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text == "ltr" => Ok(Some("ltr")),
        Value::String(text) if text == "rtl" => Ok(Some("rtl")),
        _ => json_ld("invalid base direction"),
    }
}
