//! `snapshots`: list, show, verify, diff, activate, withdraw, affected, compact.

mod diff;

use anyhow::bail;
use domain::{DatasetName, SnapshotId};
use serde_json::{Value, json};

use crate::args::{SnapshotsCommand, Target};
use crate::client::Client;
use crate::output::{self, Column};

/// Runs `snapshots …`.
pub(crate) fn run(command: SnapshotsCommand) -> anyhow::Result<()> {
    match command {
        SnapshotsCommand::List { target, dataset } => {
            let path = format!("/v1/datasets/{dataset}/snapshots");
            let snapshots = Client::to(&target)?.list(&path, "snapshots")?;
            if target.json {
                return output::json(&snapshots);
            }
            let columns = [
                ("/id", Column::text("SNAPSHOT")),
                ("/as_of", Column::text("AS OF")),
                ("/row_count", Column::number("ROWS")),
                ("/created", Column::text("CREATED")),
                ("/state", Column::text("STATE")),
                ("/redacted/successor", Column::text("SUCCESSOR")),
            ];
            output::objects(&columns, &snapshots);
            Ok(())
        }
        SnapshotsCommand::Show { target, dataset, id } => {
            let path = format!("/v1/datasets/{dataset}/snapshots/{id}");
            let client = Client::to(&target)?;
            let manifest: Value = client.get(&path)?;
            output::json(&manifest)?;
            let all = client.list(&format!("/v1/datasets/{dataset}/snapshots"), "snapshots")?;
            if let Some(listed) = all.iter().find(|listed| listed["id"] == id.as_str()) {
                tell_standing(listed);
            }
            Ok(())
        }
        SnapshotsCommand::Verify { target, dataset, id } => {
            let path = format!("/v1/datasets/{dataset}/snapshots/{id}/verify");
            let report: Value = Client::to(&target)?.post(&path, &json!({}))?;
            verified(&target, id.as_str(), &report)
        }
        SnapshotsCommand::Compact { target, dataset } => super::redact::compact(&target, dataset),
        SnapshotsCommand::Diff { target, dataset, from, to } => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let given = [("from", &from), ("to", &to)];
            query.extend_pairs(
                given.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?))),
            );
            let path = format!("/v1/datasets/{dataset}/changes?{}", query.finish());
            let changes: Value = Client::to(&target)?.get(&path)?;
            if target.json {
                return output::json(&changes);
            }
            for (side, asked) in [("from", from), ("to", to)] {
                diff::note_successor(asked.as_deref(), &changes[side]);
            }
            diff::show(&changes);
            Ok(())
        }
        SnapshotsCommand::Withdraw { target, dataset, id, reason } => {
            withdraw(&target, &dataset, &id, &reason)
        }
        SnapshotsCommand::Affected { target, dataset, id } => affected(&target, &dataset, &id),
        SnapshotsCommand::Activate { target, dataset, id, reason } => {
            let path = format!("/v1/datasets/{dataset}/snapshots/{id}/activate");
            let body = reason.map_or_else(|| json!({}), |reason| json!({"reason": reason}));
            let edition: Value = Client::to(&target)?.post(&path, &body)?;
            if target.json {
                return output::json(&edition);
            }
            output::line(format_args!("{id} is current in {}", output::cell(&edition["id"])));
            Ok(())
        }
    }
}

/// Takes a snapshot back.
fn withdraw(
    target: &Target,
    dataset: &DatasetName,
    id: &SnapshotId,
    reason: &str,
) -> anyhow::Result<()> {
    let path = format!("/v1/datasets/{dataset}/snapshots/{id}/withdraw");
    let withdrawn: Value = Client::to(target)?.post(&path, &json!({"reason": reason}))?;
    if target.json {
        return output::json(&withdrawn);
    }
    let of = |name: &str| output::cell(&withdrawn[name]);
    output::line(format_args!(
        "{id} is withdrawn; {} queries of {} projects used it, `readingroom snapshots affected` \
         lists them",
        of("queries"),
        of("projects")
    ));
    Ok(())
}

/// Lists who used a snapshot.
fn affected(target: &Target, dataset: &DatasetName, id: &SnapshotId) -> anyhow::Result<()> {
    let path = format!("/v1/datasets/{dataset}/snapshots/{id}/affected");
    let queries = Client::to(target)?.list(&path, "queries")?;
    if target.json {
        return output::json(&queries);
    }
    let columns = [
        ("/project", Column::text("PROJECT")),
        ("/query", Column::text("QUERY")),
        ("/asked_at", Column::text("ASKED")),
        ("/outcome", Column::text("OUTCOME")),
        ("/rows", Column::number("ROWS")),
    ];
    output::objects(&columns, &queries);
    Ok(())
}

/// Says of a snapshot, as lists have it, what no signed manifest can: what became of it.
fn tell_standing(listed: &Value) {
    let of = |name: &str| output::cell(&listed[name]);
    output::note(format_args!("state: {}", of("state")));
    if !listed["supersedes"].is_null() {
        output::note(format_args!("supersedes {}: {}", of("supersedes"), of("reason")));
    }
    for other in listed["superseded_by"].as_array().into_iter().flatten() {
        output::note(format_args!("superseded by {}", output::cell(other)));
    }
    if let Some(withdrawn) = listed["withdrawn"].as_object() {
        let of = |name: &str| withdrawn.get(name).map(output::cell).unwrap_or_default();
        output::note(format_args!("withdrawn on {}: {}", of("at"), of("reason")));
    }
    if let Some(redacted) = listed["redacted"].as_object() {
        let of = |name: &str| redacted.get(name).map(output::cell).unwrap_or_default();
        output::note(format_args!(
            "written anew on {}: {} stands in its place",
            of("at"),
            of("successor")
        ));
    }
}

/// Says whether every byte is as the manifest says, and if not, which file is not.
fn verified(target: &Target, id: &str, report: &Value) -> anyhow::Result<()> {
    if target.json {
        output::json(report)?;
    }
    let damage: Vec<_> = report["damage"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|damage| {
            format!("{}: {}", output::cell(&damage["file"]), output::cell(&damage["what"]))
        })
        .collect();
    if !damage.is_empty() {
        bail!("{id} is damaged\n  {}", damage.join("\n  "));
    }
    if !target.json {
        let files = output::cell(&report["files"]);
        let bytes = output::cell(&report["bytes"]);
        output::line(format_args!(
            "{id} verified: {files} files, {bytes} bytes as its manifest says"
        ));
    }
    Ok(())
}
