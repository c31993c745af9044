//! `publish`: streams sources to the steward's endpoint and follows the publication.

mod parcel;
mod told;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use domain::Date;

use crate::args::{Publish, Target};
use crate::client::Client;
use crate::output;

use parcel::Parcel;

/// How soon a running publication is asked how far it is.
const ASK_AFTER_MIN: Duration = Duration::from_millis(30);

/// How rarely it is asked at last: less often than requests come back into a rate limit.
const ASK_AFTER_MAX: Duration = Duration::from_secs(2);

/// What part of its time until now passes before it is asked again: a long one is asked rarely.
const ASK_PART: u32 = 8;

/// Runs `publish`.
pub(crate) fn run(publish: &Publish) -> anyhow::Result<()> {
    let client = Client::to(&publish.target)?;
    let publication = publish_with(&client, publish)?;
    if publish.target.json {
        return output::json(&publication);
    }
    for line in told::told(&publication) {
        output::line(line);
    }
    Ok(())
}

/// Publishes over an open connection; gives back the publication once it has ended well.
pub(crate) fn publish_with(client: &Client, publish: &Publish) -> anyhow::Result<Value> {
    let (parcel, path, what) = match (&publish.edition, &publish.dataset) {
        (Some(folder), _) => {
            let path = format!("/v1/editions?{}", query(publish));
            (Parcel::of_edition(folder)?, path, "edition".to_owned())
        }
        (None, Some(dataset)) => {
            let path = format!("/v1/datasets/{dataset}/snapshots?{}", query(publish));
            (Parcel::of(&publish.sources)?, path, dataset.to_string())
        }
        (None, None) => bail!("name a dataset and its sources, or --edition DIR"),
    };
    let bar = progress_bar(parcel.bytes(), &what);
    let headers = parcel.headers();
    let (body, fault) = parcel.into_body(&bar)?;
    let accepted: Value =
        client.upload(&path, &headers, body).map_err(|failure| match fault.told() {
            Some(why) => anyhow!("{why}; nothing was published"),
            None => failure.into(),
        })?;
    let publication = follow(client, accepted, &bar)?;
    bar.finish_and_clear();
    match publication["state"].as_str() {
        Some("published" | "staged" | "held" | "checked") => Ok(publication),
        _ => bail!("{}", told::refusal(&publication)),
    }
}

/// Publishes an edition's folder over an open connection, as of a day.
pub(crate) fn publish_edition(
    client: &Client,
    target: Target,
    folder: &Path,
    as_of: Date,
) -> anyhow::Result<Value> {
    let publish = Publish {
        target,
        dataset: None,
        sources: Vec::new(),
        edition: Some(folder.to_owned()),
        as_of: Some(as_of),
        period: None,
        supersedes: None,
        reason: None,
        stage: false,
        dry_run: false,
        max_rejects: None,
    };
    publish_with(client, &publish)
        .with_context(|| format!("the edition of {as_of} was not published"))
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
    let id = output::cell(&publication["id"]);
    let begun = Instant::now();
    let mut step = String::new();
    while publication["state"] == "running" {
        show_progress(&publication, bar, &mut step);
        std::thread::sleep((begun.elapsed() / ASK_PART).clamp(ASK_AFTER_MIN, ASK_AFTER_MAX));
        publication = client.get(&format!("/v1/publications/{id}")).with_context(|| {
            format!("publication {id} goes on, but how it ends could not be heard")
        })?;
    }
    Ok(publication)
}

/// Moves the bar, or notes a step where there is none to see.
fn show_progress(publication: &Value, bar: &ProgressBar, step: &mut String) {
    let progress = &publication["progress"];
    let (what, stage) = (at_work(publication, bar), output::cell(&progress["stage"]));
    let now = format!("{what}: {stage}");
    if bar.is_hidden() && !stage.is_empty() && now != *step {
        output::note(&now);
    }
    *step = now;
    bar.set_prefix(what);
    bar.set_message(stage);
    bar.set_length(progress["bytes_total"].as_u64().unwrap_or(0));
    bar.set_position(progress["bytes_read"].as_u64().unwrap_or(0));
}

/// What is being worked on: the dataset, of an edition with its place among the others.
fn at_work(publication: &Value, bar: &ProgressBar) -> String {
    let members = publication["datasets"].as_array().map_or(&[][..], Vec::as_slice);
    let place = members.iter().position(|member| member["state"] == "running");
    match place.and_then(|place| members.get(place).map(|member| (place, member))) {
        Some((place, member)) => {
            let name = output::cell(&member["dataset"]);
            format!("{name} ({} of {})", place + 1, members.len())
        }
        None => publication["dataset"].as_str().map_or_else(|| bar.prefix(), str::to_owned),
    }
}
