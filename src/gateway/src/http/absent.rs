//! What is asked for and is not there, by its name: told apart from an address that is none.
//!
//! Only of what anyone may know of, or the caller by its role: the catalogue is public.

use catalogue::View;
use domain::ids::PublicationId;
use domain::{DatasetName, EditionId, ProjectId, SnapshotId};

use crate::http::problem::{Kind, Problem};

/// Below this a name is another one, and not the same mistyped.
const LIKENESS_MIN: f64 = 0.75;

/// Names that are proposed, at most.
const PROPOSALS_MAX: usize = 2;

/// A dataset that is not there, with the names nearest to it.
pub(crate) fn dataset(view: &View, name: &DatasetName) -> Problem {
    let names = view.datasets();
    let scored = names
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name.as_str(), known.as_str()), known.as_str()));
    let mut near: Vec<_> = scored.filter(|(likeness, _)| LIKENESS_MIN <= *likeness).collect();
    near.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then(a_name.cmp(b_name)));
    let near = near.iter().take(PROPOSALS_MAX).map(|(_, name)| format!("`{name}`"));
    let near: Vec<_> = near.collect();
    let way_out = match near.as_slice() {
        [] => "The list of datasets has all names.".to_owned(),
        near => format!("Did you mean {}?", near.join(" or ")),
    };
    Kind::NotFound.problem(format!("There is no dataset `{name}`. {way_out}"))
}

/// A snapshot that is not there: it was written anew, is of another dataset, or never was.
pub(crate) fn snapshot(view: &View, name: &DatasetName, id: &SnapshotId) -> Problem {
    if view.codebook(name).is_none() {
        return dataset(view, name);
    }
    if let (Some(stone), Some(successor)) = (view.tombstone(name, id), view.resolve(name, id)) {
        return Kind::NotFound.problem(format!(
            "{id} of {name} was written anew on {} without what the law takes out; {} stands in \
             its place.",
            stone.tombstone().at.date(),
            successor.id()
        ));
    }
    let mut others = view.datasets().into_iter();
    if let Some(other) = others.find(|other| view.resolve(other, id).is_some()) {
        return Kind::NotFound.problem(format!("{id} is a snapshot of {other}, not of {name}."));
    }
    unknown_snapshot(name, id)
}

/// A snapshot that is not there, where nothing else is known of it.
pub(crate) fn unknown_snapshot(name: &DatasetName, id: &SnapshotId) -> Problem {
    Kind::NotFound
        .problem(format!("{name} has no snapshot {id}; its list of snapshots has all ids."))
}

/// The current snapshot of a dataset of which nothing is published.
pub(crate) fn current(view: &View, name: &DatasetName) -> Problem {
    match view.codebook(name) {
        Some(_) => Kind::NotFound.problem(format!("Nothing of {name} has been published yet.")),
        None => dataset(view, name),
    }
}

/// An edition that is not there.
pub(crate) fn edition(view: &View, id: &EditionId) -> Problem {
    Kind::NotFound.problem(match view.newest() {
        Some(newest) => format!("There is no edition {id}; the newest is {}.", newest.id()),
        None => format!("There is no edition {id}: nothing has been published yet."),
    })
}

/// A publication that is not there, or not any more.
pub(crate) fn publication(id: &PublicationId) -> Problem {
    Kind::NotFound.problem(format!(
        "There is no publication {id}. Those that ended are forgotten when the server stops, and \
         the oldest of many; the list of snapshots has what they published."
    ))
}

/// A project that is not there.
pub(crate) fn project(id: &ProjectId) -> Problem {
    Kind::NotFound.problem(format!("There is no project {id}; the list of projects has all ids."))
}
