//! What a publication did, for people.

use serde_json::Value;

use crate::client::reject_line;
use crate::output;

/// What a publication did, line by line.
pub(super) fn told(publication: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let members = publication["datasets"].as_array().map_or(&[][..], Vec::as_slice);
    if members.is_empty() {
        lines.extend(report(&publication["report"], ""));
        lines.push(end(publication, publication));
        return lines;
    }
    for member in members {
        let name = output::cell(&member["dataset"]);
        lines.extend(report(&member["report"], &format!("{name}/")));
        lines.push(end(member, publication));
    }
    let staged: Vec<_> = members
        .iter()
        .map(|member| {
            format!("{}@{}", output::cell(&member["dataset"]), output::cell(&member["snapshot"]))
        })
        .collect();
    lines.push(match publication["state"].as_str() {
        Some("checked") => "nothing to object to; nothing was published".to_owned(),
        Some("staged") => format!("activate with: editions activate {}", staged.join(" ")),
        Some("held") => format!(
            "activate, once you have looked, with: editions activate {} --reason TEXT",
            staged.join(" ")
        ),
        _ => format!("{} is the newest edition", output::cell(&publication["edition"])),
    });
    lines
}

/// What was found in the sources of a dataset, with what comes before their names.
fn report(report: &Value, before: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for source in report["sources"].as_array().into_iter().flatten() {
        let period = source["period"]
            .as_str()
            .map(|period| format!(", period {period}"))
            .unwrap_or_default();
        lines.push(format!(
            "{before}{}: {} rows read, {} duplicate, {} rejected{period}",
            output::cell(&source["name"]),
            source["rows_read"],
            source["rows_duplicate"],
            source["rows_rejected"],
        ));
    }
    for reject in report["rejects"].as_array().into_iter().flatten() {
        lines.push(format!("{before}{}", reject_line(reject)));
    }
    for finding in report["quality"].as_array().into_iter().flatten() {
        // What has nothing to be checked against yet is no news to whoever publishes.
        if finding["verdict"] != "ok" {
            lines.push(finding_line(finding));
        }
    }
    lines
}

/// One finding: the rule, where, how many rows, and what that means.
pub(crate) fn finding_line(finding: &Value) -> String {
    let part = |key: &str, word: &str| {
        finding[key].as_str().map(|text| format!(" {word}{text}")).unwrap_or_default()
    };
    let verdict = output::cell(&finding["verdict"]);
    let limit = match finding["limit"].as_f64() {
        Some(limit) if verdict != "not_checked" => {
            let share = finding["share"].as_f64().unwrap_or_default();
            format!(", a share of {share:.4} where {limit} is borne")
        }
        _ => String::new(),
    };
    format!(
        "{}{}{}: {} rows{limit} ({verdict})",
        output::cell(&finding["rule"]),
        part("field", ""),
        part("against", "against "),
        finding["count"],
    )
}

/// How a dataset ended.
fn end(dataset: &Value, publication: &Value) -> String {
    let name = output::cell(&dataset["dataset"]);
    let snapshot = output::cell(&dataset["snapshot"]);
    match dataset["state"].as_str() {
        Some("checked") => format!("{name}: nothing to object to; nothing was published"),
        Some("staged") => format!(
            "{name}@{snapshot} is staged; `readingroom snapshots activate` makes it current"
        ),
        Some("held") => format!(
            "{name}@{snapshot} is held for what was found; `readingroom snapshots activate --reason \
             TEXT` makes it current all the same"
        ),
        _ => format!(
            "{name}@{snapshot} is current in {}, {} rows",
            output::cell(&publication["edition"]),
            dataset["report"]["row_count"]
        ),
    }
}

/// Why a publication ended badly.
pub(super) fn refusal(publication: &Value) -> String {
    let problem = &publication["problem"];
    let code = problem["code"].as_str().unwrap_or("publish_rejected");
    let detail = problem["detail"].as_str().unwrap_or("the publication did not end well");
    let mut text = format!("{code}: {detail}");
    for reject in publication["report"]["rejects"].as_array().into_iter().flatten() {
        text.push_str("\n  ");
        text.push_str(&reject_line(reject));
    }
    text
}
