//! `datasets`, `codebook`, `me`, `editions`: what there is, and who I am.

use serde_json::Value;

use crate::args::{self, Codebook, EditionsCommand, Remote};
use crate::client::Client;
use crate::output::{self, Column};

/// Runs `datasets`.
pub(crate) fn datasets(remote: &Remote) -> anyhow::Result<()> {
    let datasets = Client::anonymous(&remote.url)?.list("/v1/datasets", "datasets")?;
    if remote.json {
        return output::json(&datasets);
    }
    let columns = [
        ("/name", Column::text("DATASET")),
        ("/tier", Column::text("TIER")),
        ("/kind", Column::text("KIND")),
        ("/current", Column::text("CURRENT")),
        ("/as_of", Column::text("AS OF")),
        ("/row_count", Column::number("ROWS")),
        ("/title", Column::text("TITLE")),
    ];
    output::objects(&columns, &datasets);
    Ok(())
}

/// Runs `codebook`.
pub(crate) fn codebook(codebook: &Codebook) -> anyhow::Result<()> {
    let client = Client::anonymous(&codebook.remote.url)?;
    let shown: Value = client.get(&format!("/v1/datasets/{}/codebook", codebook.dataset))?;
    if codebook.remote.json {
        return output::json(&shown);
    }
    for name in ["title", "description", "row_unit", "tier", "kind"] {
        output::line(format_args!("{name:13}{}", output::cell(&shown[name]).trim()));
    }
    output::line("");
    let fields = shown["fields"].as_array().cloned().unwrap_or_default();
    let columns = [
        ("/name", Column::text("COLUMN")),
        ("/type", Column::text("TYPE")),
        ("/class", Column::text("CLASS")),
        ("/legal_source", Column::text("SOURCE")),
        ("/description", Column::text("DESCRIPTION")),
    ];
    output::objects(&columns, &fields);
    Ok(())
}

/// Runs `me`.
pub(crate) fn me(remote: &Remote) -> anyhow::Result<()> {
    let me: Value = Client::remote(&remote.url)?.get("/v1/me")?;
    if remote.json {
        return output::json(&me);
    }
    for pointer in [
        "/principal/subject",
        "/principal/role",
        "/project/id",
        "/project/title",
        "/project/purpose",
        "/token/expires_at",
    ] {
        if let Some(value) = me.pointer(pointer).filter(|value| !value.is_null()) {
            output::line(format_args!(
                "{:22}{}",
                pointer[1..].replace('/', " "),
                output::cell(value)
            ));
        }
    }
    let grants = me["grants"].as_array().cloned().unwrap_or_default();
    if !grants.is_empty() {
        output::line("");
        let columns = [
            ("/dataset", Column::text("DATASET")),
            ("/columns", Column::text("COLUMNS")),
            ("/classes", Column::text("CLASSES")),
            ("/valid_until", Column::text("UNTIL")),
        ];
        output::objects(&columns, &grants);
    }
    if let Some(budget) = me["budget"].as_object() {
        output::line("");
        let rows = budget.iter().map(|(name, left)| {
            vec![name.clone(), output::cell(&left["left"]), output::cell(&left["allowed"])]
        });
        output::table(
            &[Column::text("TODAY"), Column::number("LEFT"), Column::number("ALLOWED")],
            rows,
        );
    }
    Ok(())
}

/// Runs `editions …`.
pub(crate) fn editions(command: EditionsCommand) -> anyhow::Result<()> {
    match command {
        EditionsCommand::List { target } => {
            let editions = Client::to(&target)?.list("/v1/editions", "editions")?;
            if target.json {
                return output::json(&editions);
            }
            let columns = [
                ("/id", Column::text("EDITION")),
                ("/as_of", Column::text("AS OF")),
                ("/created", Column::text("CREATED")),
            ];
            output::objects(&columns, &editions);
            Ok(())
        }
        EditionsCommand::Activate { target, snapshots, reason } => {
            let mut wanted = serde_json::Map::new();
            for (dataset, id) in &snapshots {
                if wanted.insert(dataset.to_string(), id.as_str().into()).is_some() {
                    args::wrong_usage(&format!(
                        "{dataset} is named twice; of each dataset one snapshot is current"
                    ));
                }
            }
            let mut body = serde_json::json!({ "snapshots": wanted });
            if let Some(reason) = reason {
                body["reason"] = reason.into();
            }
            let edition: Value = Client::to(&target)?.post("/v1/editions/activate", &body)?;
            if target.json {
                return output::json(&edition);
            }
            let id = output::cell(&edition["id"]);
            output::line(format_args!("{} snapshots are current in {id}", snapshots.len()));
            Ok(())
        }
        EditionsCommand::Show { target, id } => {
            let edition: Value = Client::to(&target)?.get(&format!("/v1/editions/{id}"))?;
            if target.json {
                return output::json(&edition);
            }
            output::line(format_args!("{id}  as of {}", output::cell(&edition["as_of"])));
            let rows = edition["snapshots"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, snapshot)| vec![name.clone(), output::cell(&snapshot["id"])]);
            output::table(&[Column::text("DATASET"), Column::text("SNAPSHOT")], rows);
            Ok(())
        }
    }
}
