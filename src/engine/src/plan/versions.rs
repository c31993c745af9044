//! Pinned tables in the tree: each becomes the table of the snapshot that it was resolved to.
//!
//! # Invariant
//! The table of a pinned snapshot is called `<dataset>@<snapshot>`, which no dataset can be; in the
//! statement it goes by the dataset's name, or by the alias it was given.

use std::ops::ControlFlow;

use domain::Question;
use domain::question::{Mount, VersionWanted};
use sqlparser::ast::{
    Ident, ObjectNamePart, Query, Spanned as _, TableAlias, TableFactor, VisitMut as _, VisitorMut,
};

use crate::parse;
use crate::walk::Survey;

/// The name of a pinned snapshot's table.
pub(super) fn table_name(mount: &Mount) -> String {
    format!("{}@{}", mount.dataset, mount.snapshot)
}

/// The versions that a statement pins and that are not resolved yet, each once.
pub(super) fn wanted(survey: &Survey, question: &Question) -> Vec<VersionWanted> {
    let mut wanted: Vec<VersionWanted> = Vec::new();
    for table in &survey.tables {
        let Some(version) = &table.version else { continue };
        let is_same =
            |it: &VersionWanted| it.dataset.as_str() == table.name && it.version == *version;
        let is_known = question.pin(&table.name, version).is_some();
        if let Ok(dataset) = domain::DatasetName::parse(&table.name)
            && !is_known
            && !wanted.iter().any(is_same)
        {
            let (version, position) = (version.clone(), table.position);
            wanted.push(VersionWanted { dataset, version, position });
        }
    }
    wanted
}

/// Puts the tables of resolved versions in the place of pinned names.
pub(super) fn resolve(query: &mut Query, question: &Question) {
    let walked = query.visit(&mut Resolver(question));
    debug_assert!(walked.is_continue(), "nothing breaks the walk off");
}

struct Resolver<'a>(&'a Question);

impl VisitorMut for Resolver<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let span = name.span();
        let Some(ObjectNamePart::Identifier(ident)) = name.0.last_mut() else {
            return ControlFlow::Continue(());
        };
        let (dataset, version) = parse::unpin(&ident.value);
        let pin = version.and_then(|version| self.0.pin(dataset, &version));
        if let Some(pin) = pin {
            let known_as = Ident { value: dataset.to_owned(), quote_style: Some('"'), span };
            let table = Ident { value: table_name(&pin.mount), quote_style: Some('"'), span };
            *ident = table;
            alias.get_or_insert(TableAlias {
                explicit: false,
                name: known_as,
                columns: Vec::new(),
                at: None,
            });
        }
        ControlFlow::Continue(())
    }
}
