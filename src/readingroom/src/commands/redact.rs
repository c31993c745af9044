//! `redact`, `snapshots compact`, `retention apply`: what the law takes out.

use anyhow::{Context as _, bail};
use domain::{Codebook, DatasetName};
use serde_json::{Map, Value, json};

use crate::args::{Redact, RetentionCommand, Target};
use crate::client::Client;
use crate::output;

/// Runs `redact`.
pub(crate) fn run(redact: &Redact) -> anyhow::Result<()> {
    let client = Client::to(&redact.target)?;
    let dataset = &redact.dataset;
    let codebook: Codebook = client.get(&format!("/v1/datasets/{dataset}/codebook"))?;
    let names: Vec<&str> = codebook.primary_key.iter().map(|name| name.as_str()).collect();
    let keys = texts(redact)?;
    let keys = keys.iter().map(|text| key(text, &names)).collect::<anyhow::Result<Vec<_>>>()?;
    let body = json!({
        "keys": keys,
        "columns": redact.columns,
        "ground": redact.ground,
        "reason": redact.reason,
    });
    let told: Value = client.post(&format!("/v1/datasets/{dataset}/redactions"), &body)?;
    if redact.target.json {
        return output::json(&told);
    }
    let what = match redact.columns.as_slice() {
        [] => "whole rows".to_owned(),
        columns => columns.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
    };
    let (number, entry) = (&told["number"], &told["log_index"]);
    output::line(match told["already"] == true {
        true => format!("{dataset}: the same is taken out already, by redaction {number}"),
        false => format!(
            "{dataset}: redaction {number} is in force (entry {entry}): {what} of {} keys; {} \
             stored answers removed\n`readingroom snapshots compact {dataset}` takes it out of \
             the files, too",
            told["keys"], told["answers_purged"]
        ),
    });
    Ok(())
}

/// The keys as they were typed, and those of a file, a line each.
fn texts(redact: &Redact) -> anyhow::Result<Vec<String>> {
    let mut keys = redact.keys.clone();
    if let Some(file) = &redact.keys_from {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        keys.extend(text.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned));
    }
    Ok(keys)
}

/// One key as the server reads it: a JSON list as it is, `column=value,…` of several columns as an
/// object, and of one column the text itself.
fn key(text: &str, columns: &[&str]) -> anyhow::Result<Value> {
    if text.starts_with('[') {
        return serde_json::from_str(text)
            .context("a key that begins with [ is a JSON list, such as [\"a-1\", \"DE\"]");
    }
    if let [_] = columns {
        return Ok(json!([text]));
    }
    let mut members = Map::new();
    for part in text.split(',') {
        let named = part.split_once('=');
        let Some((column, value)) = named.filter(|(column, _)| columns.contains(column)) else {
            let form: Vec<String> = columns.iter().map(|name| format!("{name}=…")).collect();
            bail!("a key of this dataset is written {}, or as a JSON list", form.join(","));
        };
        members.insert(column.to_owned(), json!(value));
    }
    Ok(Value::Object(members))
}

/// Runs `snapshots compact`.
pub(crate) fn compact(target: &Target, dataset: Option<DatasetName>) -> anyhow::Result<()> {
    let client = Client::to(target)?;
    let mut told = Vec::new();
    for dataset in datasets(&client, dataset)? {
        let path = format!("/v1/datasets/{dataset}/compact");
        let report: Value = client.post(&path, &json!({}))?;
        if !target.json && report["redactions"] != 0 {
            output::line(compacted(&report));
        }
        told.push(report);
    }
    if target.json {
        output::json(&told)?;
    } else if told.iter().all(|report| report["redactions"] == 0) {
        output::line("nothing was ever taken out, so there is nothing to compact");
    }
    let damaged: Vec<String> = told.iter().flat_map(damaged).collect();
    if !damaged.is_empty() {
        bail!(
            "some snapshots are damaged and still hold what was taken out; restore their files from \
             a backup, then compact again\n  {}",
            damaged.join("\n  ")
        );
    }
    Ok(())
}

/// The snapshots that a compaction could not write anew, in words.
fn damaged(report: &Value) -> Vec<String> {
    let all = report["damaged"].as_array().into_iter().flatten();
    let told = all.map(|it| {
        let (snapshot, damage) = (output::cell(&it["snapshot"]), output::cell(&it["damage"]));
        format!("{} {snapshot}: {damage}", output::cell(&report["dataset"]))
    });
    told.collect()
}

/// What a compaction did, in words.
fn compacted(report: &Value) -> String {
    let dataset = output::cell(&report["dataset"]);
    let mut text = format!(
        "{dataset}: {} files looked through, {} written anew",
        report["files_searched"], report["files_rewritten"]
    );
    for (ground, count) in report["removed"].as_object().into_iter().flatten() {
        text.push_str(&format!(
            "\n  {ground}: {} rows and {} cells removed",
            count["rows"], count["cells"]
        ));
    }
    for replaced in report["snapshots"].as_array().into_iter().flatten() {
        let (old, new) =
            (output::cell(&replaced["snapshot"]), output::cell(&replaced["successor"]));
        text.push_str(&format!("\n  {new} stands in the place of {old}"));
    }
    text
}

/// Runs `retention …`.
pub(crate) fn retention(command: RetentionCommand) -> anyhow::Result<()> {
    let RetentionCommand::Apply { target, dataset, dry_run } = command;
    let client = Client::to(&target)?;
    let is_one = dataset.is_some();
    let mut told = Vec::new();
    for dataset in datasets(&client, dataset)? {
        let codebook: Codebook = client.get(&format!("/v1/datasets/{dataset}/codebook"))?;
        if codebook.retention.is_none() && !is_one {
            continue;
        }
        let path = format!("/v1/datasets/{dataset}/retention");
        let report: Value = client.post(&path, &json!({"dry_run": dry_run}))?;
        if !target.json {
            output::line(retained(&report, dry_run));
        }
        told.push(report);
    }
    if target.json {
        return output::json(&told);
    }
    Ok(())
}

/// What retention does, in words.
fn retained(report: &Value, dry_run: bool) -> String {
    let text = |name: &str| output::cell(&report[name]);
    let rows = match report["rows"].as_u64() {
        Some(rows) => format!("{rows} rows of {}", text("snapshot")),
        None => "no row, since nothing is published,".to_owned(),
    };
    let goes = match (dry_run, report["already"] == true) {
        (true, _) => "would go",
        (false, true) => "are gone already",
        (false, false) => "go",
    };
    format!(
        "{}: {rows} {goes}: {} before {} ({}, kept {})",
        text("dataset"),
        text("clock"),
        text("before"),
        text("basis"),
        text("keep")
    )
}

/// The dataset that was named, or all that there are.
fn datasets(client: &Client, dataset: Option<DatasetName>) -> anyhow::Result<Vec<String>> {
    if let Some(dataset) = dataset {
        return Ok(vec![dataset.to_string()]);
    }
    let all = client.list("/v1/datasets", "datasets")?;
    Ok(all.iter().map(|dataset| output::cell(&dataset["name"])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_its_dataset_asks() {
        assert_eq!(key("t-1", &["trader_id"]).unwrap(), json!(["t-1"]));
        assert_eq!(key("a=b,c", &["trader_id"]).unwrap(), json!(["a=b,c"]));
        assert_eq!(key("[\"t-1\"]", &["trader_id"]).unwrap(), json!(["t-1"]));
        let both = key("day=2026-11-01,ad_id=a-1", &["ad_id", "day"]).unwrap();
        assert_eq!(both, json!({"ad_id": "a-1", "day": "2026-11-01"}));
        assert_eq!(key("[\"a\", 7]", &["ad_id", "day"]).unwrap(), json!(["a", 7]));
        for wrong in ["a-1", "ad=1", "[a"] {
            assert!(key(wrong, &["ad_id", "day"]).is_err(), "{wrong}");
        }
    }
}
