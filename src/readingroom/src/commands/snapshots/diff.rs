//! `snapshots diff`: two snapshots compared, as tables.

use serde_json::Value;

use crate::output::{self, Column};

/// Notes that not the snapshot that was asked for was compared, but what stands in its place.
pub(super) fn note_successor(asked: Option<&str>, side: &Value) {
    let found = output::cell(&side["snapshot"]);
    if let Some(asked) = asked.filter(|asked| asked.starts_with("s-") && *asked != found) {
        output::note(format_args!("{asked} was written anew: {found} stands in its place"));
    }
}

/// Prints how two snapshots differ.
pub(super) fn show(changes: &Value) {
    let side = |name: &str| {
        let side = &changes[name];
        let (id, as_of) = (output::cell(&side["snapshot"]), output::cell(&side["as_of"]));
        format!("{id} (as of {as_of}, {} rows)", side["row_count"])
    };
    output::line(format_args!(
        "{}: {} to {}",
        output::cell(&changes["dataset"]),
        side("from"),
        side("to")
    ));
    let rows = &changes["rows"];
    if rows.is_null() {
        output::line("rows cannot be compared: the two have no key in common");
    } else {
        let numbers =
            [Column::number("ADDED"), Column::number("REMOVED"), Column::number("CHANGED")];
        output::table(&numbers, [counts(rows)]);
    }
    let groups = list(&changes["groups"]);
    if !groups.is_empty() {
        let by = output::cell(&changes["by"]).to_uppercase();
        let columns = [
            Column::text(&by),
            Column::number("ADDED"),
            Column::number("REMOVED"),
            Column::number("CHANGED"),
        ];
        let row = |group: &Value| {
            let mut row = vec![group["value"].as_str().unwrap_or("(none)").to_owned()];
            row.extend(counts(group));
            row
        };
        output::line("");
        output::table(&columns, groups.iter().map(row));
    }
    let columns = list(&changes["columns"]);
    if !columns.is_empty() {
        let headings = [("/name", Column::text("COLUMN")), ("/rows", Column::number("ROWS"))];
        output::line("");
        output::objects(&headings, columns);
    }
    notes(changes);
}

/// What changed beside the rows, one line each.
fn notes(changes: &Value) {
    let named = [
        ("/schema/added", "columns added"),
        ("/schema/removed", "columns removed"),
        ("/schema/changed", "columns of another type"),
        ("/codebook/parts", "changed in the codebook"),
        ("/periods/added", "periods added"),
        ("/periods/removed", "periods removed"),
        ("/periods/changed", "periods changed"),
    ];
    for (pointer, what) in named {
        let names = changes.pointer(pointer).map_or(&[][..], list);
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(output::cell).collect();
            output::line(format_args!("{what}: {}", names.join(", ")));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn counts(rows: &Value) -> Vec<String> {
    ["added", "removed", "changed"].iter().map(|name| output::cell(&rows[*name])).collect()
}
