//! `publish`: streams sources to the steward's endpoint and follows the publication.

mod parcel;

use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::args::Publish;
use crate::client::{Client, reject_line};
use crate::output;

use parcel::Parcel;

/// How often a running publication is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(150);

/// Runs `publish`.
pub(crate) fn run(publish: &Publish) -> anyhow::Result<()> {
    let client = Client::to(&publish.target)?;
    let publication = publish_with(&client, publish)?;
    if publish.target.json {
        return output::json(&publication);
    }
    for line in told(&publication) {
        output::line(line);
    }
    Ok(())
}

/// Publishes over an open connection; gives back the publication once it has ended well.
pub(crate) fn publish_with(client: &Client, publish: &Publish) -> anyhow::Result<Value> {
    let parcel = Parcel::of(&publish.sources)?;
    let bar = progress_bar(parcel.bytes(), publish.dataset.as_str());
    let headers = parcel.headers();
    let path = format!("/v1/datasets/{}/snapshots?{}", publish.dataset, query(publish));
    let accepted: Value = client.upload(&path, &headers, parcel.into_body(&bar))?;
    let publication = follow(client, accepted, &bar)?;
    bar.finish_and_clear();
    match publication["state"].as_str() {
        Some("published" | "staged" | "checked") => Ok(publication),
        _ => bail!("{}", refusal(&publication)),
    }
}

/// The query part of the request.
fn query(publish: &Publish) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(as_of) = publish.as_of {
        query.append_pair("as_of", &as_of.to_string());
    }
    if let Some(period) = &publish.period {
        query.append_pair("period", period);
    }
    if let Some(supersedes) = &publish.supersedes {
        query.append_pair("supersedes", supersedes.as_str());
    }
    if let Some(reason) = &publish.reason {
        query.append_pair("reason", reason);
    }
    if let Some(max_rejects) = publish.max_rejects {
        query.append_pair("max_rejects", &max_rejects.to_string());
    }
    query.append_pair("stage", bool_text(publish.stage));
    query.append_pair("dry_run", bool_text(publish.dry_run));
    query.finish()
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A bar on a terminal, nothing elsewhere: there, one line per step is noted.
fn progress_bar(bytes: u64, dataset: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{prefix} {msg:9} {bar:32} {bytes}/{total_bytes} {elapsed}")
            .expect("invariant: a constant template parses");
    bar.set_style(style);
    bar.set_prefix(dataset.to_owned());
    bar.set_message("send");
    bar
}

/// Asks until the publication has ended.
fn follow(client: &Client, mut publication: Value, bar: &ProgressBar) -> anyhow::Result<Value> {
    let path = format!("/v1/publications/{}", output::cell(&publication["id"]));
    let mut stage = String::new();
    loop {
        match publication["state"].as_str() {
            Some("running") => {}
            _ => return Ok(publication),
        }
        let progress = &publication["progress"];
        let now = output::cell(&progress["stage"]);
        if bar.is_hidden() && !now.is_empty() && now != stage {
            output::note(format_args!("{}: {now}", bar.prefix()));
        }
        stage = now;
        bar.set_message(stage.clone());
        bar.set_position(progress["bytes_read"].as_u64().unwrap_or(0));
        std::thread::sleep(ASK_EVERY);
        publication = client.get(&path)?;
    }
}

/// What a publication did, line by line.
fn told(publication: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let report = &publication["report"];
    for source in report["sources"].as_array().into_iter().flatten() {
        let period = source["period"]
            .as_str()
            .map(|period| format!(", period {period}"))
            .unwrap_or_default();
        lines.push(format!(
            "{}: {} rows read, {} duplicate, {} rejected{period}",
            output::cell(&source["name"]),
            source["rows_read"],
            source["rows_duplicate"],
            source["rows_rejected"],
        ));
    }
    for reject in report["rejects"].as_array().into_iter().flatten() {
        lines.push(reject_line(reject));
    }
    for finding in report["quality"].as_array().into_iter().flatten() {
        if finding["verdict"] != "ok" {
            let field =
                finding["field"].as_str().map(|field| format!(" {field}")).unwrap_or_default();
            lines.push(format!(
                "{}{field}: {} rows ({})",
                output::cell(&finding["rule"]),
                finding["count"],
                output::cell(&finding["verdict"])
            ));
        }
    }
    let dataset = output::cell(&publication["dataset"]);
    let snapshot = output::cell(&publication["snapshot"]);
    lines.push(match publication["state"].as_str() {
        Some("checked") => format!("{dataset}: nothing to object to; nothing was published"),
        Some("staged") => format!(
            "{dataset}@{snapshot} is staged; `readingroom snapshots activate` makes it current"
        ),
        _ => format!(
            "{dataset}@{snapshot} is current in {}, {} rows",
            output::cell(&publication["edition"]),
            report["row_count"]
        ),
    });
    lines
}

/// Why a publication ended badly.
fn refusal(publication: &Value) -> String {
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
