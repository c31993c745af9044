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
    lines.push(end_of_edition(publication, members));
    lines
}

/// How an edition ended, and what is left to do.
fn end_of_edition(publication: &Value, members: &[Value]) -> String {
    let waiting = members.iter().filter(|member| member["state"] != "published").map(|member| {
        format!("{}@{}", output::cell(&member["dataset"]), output::cell(&member["snapshot"]))
    });
    let activate = || format!("editions activate {}", waiting.collect::<Vec<_>>().join(" "));
    match publication["state"].as_str() {
        Some("checked") if members.iter().any(would_be_held) => {
            "nothing rejects it, but it would be held, all of it; nothing was published".to_owned()
        }
        Some("checked") => "nothing to object to; nothing was published".to_owned(),
        Some("staged") => format!("activate with: {}", activate()),
        Some("held") => {
            format!("activate, once you have looked, with: {} --reason TEXT", activate())
        }
        _ => format!("{} is the newest edition", output::cell(&publication["edition"])),
    }
}

/// Whether something was found for which a person must look before it is current.
fn would_be_held(dataset: &Value) -> bool {
    let mut findings = dataset["report"]["quality"].as_array().into_iter().flatten();
    findings.any(|finding| finding["verdict"] == "held")
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
    let rows = &dataset["report"]["row_count"];
    match dataset["state"].as_str() {
        Some("checked") if would_be_held(dataset) => format!(
            "{name}: nothing rejects it, but it would be held for what was found; nothing was \
             published"
        ),
        Some("checked") => format!("{name}: nothing to object to; nothing was published"),
        Some("staged") => format!(
            "{name}@{snapshot} is staged; `readingroom snapshots activate` makes it current"
        ),
        Some("held") => format!(
            "{name}@{snapshot} is held for what was found; `readingroom snapshots activate --reason \
             TEXT` makes it current all the same"
        ),
        _ if publication["edition"].is_null() => {
            format!("{name}@{snapshot} is what is current already, {rows} rows")
        }
        _ => {
            let edition = output::cell(&publication["edition"]);
            format!("{name}@{snapshot} is current in {edition}, {rows} rows")
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Two datasets of an edition, the first with a finding.
    fn edition(state: &str, states: [&str; 2], verdict: &str) -> Value {
        let finding = json!({"rule": "rows_drop", "count": 4, "share": 0.5, "verdict": verdict});
        let member = |name: &str, state: &str, quality: Value| {
            let report = json!({"row_count": 4, "quality": quality});
            json!({"dataset": name, "snapshot": "s-1", "state": state, "report": report})
        };
        json!({"state": state, "edition": null, "datasets": [
            member("traders", states[0], json!([finding])),
            member("listings", states[1], json!([])),
        ]})
    }

    #[test]
    fn a_dry_run_says_what_would_be_held() {
        let lines = told(&edition("checked", ["checked", "checked"], "held"));

        assert!(
            lines[1].contains("traders: nothing rejects it, but it would be held"),
            "{lines:?}"
        );
        assert!(lines[2].contains("listings: nothing to object to"), "{lines:?}");
        assert!(lines[3].contains("would be held, all of it"), "{lines:?}");
    }

    #[test]
    fn what_is_current_already_waits_for_nobody() {
        let lines = told(&edition("held", ["held", "published"], "held"));

        assert!(lines[2].contains("listings@s-1 is what is current already"), "{lines:?}");
        assert!(lines[3].contains("editions activate traders@s-1 --reason"), "{lines:?}");
    }
}
