//! What is offered in SQL: every function, type and clause, and what is refused.
//!
//! The planner's allow list is built from this, `docs/sql.md` is rendered from it, and each
//! example is a test: one source, so that none of the three can say what the others do not.
//!
//! Knows words only; what the engine does with them, `plan` and `walk` know.
//!
//! # Rooms
//! - [`scalar`], [`aggregate`], [`window`]: functions of one row, of many, of a row among others.
//! - [`clauses`], [`types`]: what else a query is made of.
//! - [`refused`]: what people look for in vain, why, and the way to say it instead.

pub mod aggregate;
pub mod clauses;
pub mod refused;
pub mod scalar;
pub mod types;
pub mod window;

/// What the examples of aggregates and window functions ask, put before them.
pub const ROWS: &str = "WITH t(kind, n, x) AS (VALUES ('a', 1, 1.5), ('a', 2, 2.5), ('b', 4, 4.0))";

/// A function that is offered.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// How it is called; what may be left out stands in square brackets.
    pub form: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// What it gives, in one sentence.
    pub says: &'static str,
    /// A call, as it stands in SELECT; or a whole statement.
    pub example: &'static str,
    /// What the example gives: its rows in order, with commas between them.
    pub gives: &'static str,
}

/// Functions that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What they are about.
    pub title: &'static str,
    /// They, by name.
    pub functions: &'static [Function],
}

impl Function {
    const fn new(form: &'static str) -> Self {
        Self { form, aliases: &[], says: "", example: "", gives: "" }
    }

    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    const fn gives(self, example: &'static str, gives: &'static str) -> Self {
        Self { example, gives, ..self }
    }

    /// Its name, with which the form begins.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.form.split('(').next().unwrap_or(self.form)
    }

    /// All names it has.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name()).chain(self.aliases.iter().copied())
    }

    /// The example as a statement that can be asked.
    #[must_use]
    pub fn statement(&self, kind: Kind) -> String {
        let Self { example, .. } = self;
        if example.starts_with("SELECT ") {
            return complete(example);
        }
        match kind {
            Kind::Scalar => format!("SELECT {example} AS given"),
            Kind::Aggregate => complete(&format!("SELECT {example} AS given FROM t")),
            Kind::Window => complete(&format!("SELECT {example} AS given FROM t ORDER BY n")),
        }
    }
}

/// Over how many rows a function looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One.
    Scalar,
    /// Many, which become one.
    Aggregate,
    /// Those around a row, which stays.
    Window,
}

/// Every function with its kind.
pub fn functions() -> impl Iterator<Item = (Kind, &'static Function)> {
    let of = |kind, groups: &'static [Group]| {
        let functions = groups.iter().flat_map(|group| group.functions);
        functions.map(move |function| (kind, function))
    };
    of(Kind::Scalar, scalar::GROUPS)
        .chain(of(Kind::Aggregate, aggregate::GROUPS))
        .chain(of(Kind::Window, window::GROUPS))
}

/// How a function is called, by any of its names: each form that it has.
pub(crate) fn forms(name: &str) -> Vec<&'static str> {
    let mut forms: Vec<_> = functions()
        .filter(|(_, function)| function.names().any(|one| one == name))
        .map(|(_, function)| function.form)
        .collect();
    forms.dedup();
    forms
}

/// A clause, an operator or a type that is offered.
#[derive(Clone, Copy, Debug)]
pub struct Phrase {
    /// How it is written; what may be left out stands in square brackets.
    pub form: &'static str,
    /// What it does, in one sentence or two.
    pub says: &'static str,
    /// A statement; one that asks `t` has [`ROWS`] before it.
    pub example: &'static str,
    /// The values of its parameters, as JSON.
    pub parameters: &'static str,
    /// What the example gives: rows with semicolons between them, cells with commas.
    pub gives: &'static str,
}

/// Clauses that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Phrases {
    /// What they are about.
    pub title: &'static str,
    /// They, in the order in which one writes them.
    pub phrases: &'static [Phrase],
}

impl Phrase {
    const fn new(form: &'static str) -> Self {
        Self { form, says: "", example: "", parameters: "[]", gives: "" }
    }

    const fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    const fn with(self, parameters: &'static str) -> Self {
        Self { parameters, ..self }
    }

    const fn gives(self, example: &'static str, gives: &'static str) -> Self {
        Self { example, gives, ..self }
    }
}

/// Every clause and type.
pub fn phrases() -> impl Iterator<Item = &'static Phrase> {
    clauses::GROUPS.iter().flat_map(|group| group.phrases).chain(types::TYPES)
}

/// A statement with [`ROWS`] before it, where it asks for them.
#[must_use]
pub fn complete(statement: &str) -> String {
    let words: Vec<_> = statement.split_whitespace().collect();
    let asks = words.windows(2).any(|pair| {
        pair[0] == "FROM" && pair[1].trim_end_matches(|mark: char| !mark.is_alphanumeric()) == "t"
    });
    if asks { format!("{ROWS} {statement}") } else { statement.to_owned() }
}
