//! `demo`: the main job in one command.
//!
//! Makes the data folder, generates the demo world, publishes it through the real publish path,
//! registers a project with a member and grants, starts the server, and says what to type next.
//! Each step looks whether it is done already, so a start that was cut off is taken up again.

mod card;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, ensure};
use domain::{Clock as _, Date, SystemClock};
use serde_json::{Value, json};
use world::{Scale, WorldSettings};

use crate::args::{Demo, Target};
use crate::client::Client;
use crate::commands::{publish, server};
use crate::output;
use crate::telemetry;

use card::Card;

/// The demo's project and its one member.
const PROJECT_TITLE: &str = "Demo";
const MEMBER: &str = "ada";
/// The classes of columns that the member may read: what anyone may, and identifiers, which come as
/// pseudonyms.
const CLASSES: [&str; 2] = ["public", "identifier"];

/// Runs `demo`.
pub(crate) fn run(demo: &Demo) -> anyhow::Result<()> {
    telemetry::begin("warn");
    prepare_folder(demo)?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, demo.port));
    let running = server::start(&demo.data, None, |settings| {
        settings.listen = listen;
        settings.workers.sandbox = demo.sandbox.unwrap_or(settings.workers.sandbox);
    })?;
    let client = Client::to(&target(&demo.data))?;
    if !is_published(&client)? {
        publish_world(&client, demo)?;
    }
    let project = register(&client)?;
    let card = Card::draw(&client, &running.url()?, &project)?;
    card.keep(&demo.data)?;
    card.show(&demo.data);
    running.wait()
}

/// The data folder, reached through its own control socket.
fn target(data: &Path) -> Target {
    Target { data: Some(data.to_owned()), url: None, actor: Some("demo".to_owned()), json: false }
}

/// Makes the folder where there is none.
fn prepare_folder(demo: &Demo) -> anyhow::Result<()> {
    let is_there = demo.data.is_dir() && demo.data.read_dir()?.next().is_some();
    if !is_there {
        output::note(format_args!("{}: keys, registry, log", demo.data.display()));
        server::make_folder(&demo.data)?;
    }
    Ok(())
}

/// Whether every dataset of the demo is there as the newest edition has it.
fn is_published(client: &Client) -> anyhow::Result<bool> {
    let as_of = not_to_come(WorldSettings::new(0, Scale::Small).as_of).to_string();
    let published = client.list("/v1/datasets", "datasets")?;
    Ok(world::datasets().all(|name| {
        let found = published.iter().find(|dataset| dataset["name"] == name);
        let current = found.filter(|dataset| !dataset["current"].is_null());
        current.is_some_and(|dataset| Some(&*as_of) <= dataset["as_of"].as_str())
    }))
}

/// A day, or today: a clock that is behind must not keep the demo from starting.
fn not_to_come(day: Date) -> Date {
    day.min(SystemClock.today())
}

/// Generates the world into the data folder and publishes its editions, the oldest first.
fn publish_world(client: &Client, demo: &Demo) -> anyhow::Result<()> {
    let exports = tempfile::Builder::new()
        .prefix("exports-")
        .tempdir_in(&demo.data)
        .context("there is no room for the exports of the demo world")?;
    let report = server::generate_into(&exports.path().join("world"), demo.scale, demo.seed)?;
    for edition in &report.editions {
        let as_of = not_to_come(edition.as_of);
        let folder = &edition.folder;
        let publication = publish::publish_edition(client, target(&demo.data), folder, as_of)?;
        for member in publication["datasets"].as_array().into_iter().flatten() {
            let rows = output::cell(&member["report"]["row_count"]);
            output::note(format_args!("{}: {rows} rows", output::cell(&member["dataset"])));
        }
        let id = output::cell(&publication["edition"]);
        output::note(format_args!("{id} shows {as_of}"));
    }
    Ok(())
}

/// The demo's project: found, or recorded with its member and grants.
fn register(client: &Client) -> anyhow::Result<String> {
    let projects = client.list("/v1/projects", "projects")?;
    let found = projects.iter().find(|project| project["title"] == PROJECT_TITLE);
    let project = match found {
        Some(project) => project.clone(),
        None => client.post("/v1/projects", &project_body())?,
    };
    let id = output::cell(&project["id"]);
    let shown: Value = client.get(&format!("/v1/projects/{id}"))?;
    let members = shown["members"].as_array().map_or(&[][..], Vec::as_slice);
    if members.iter().all(|member| member["subject"] != MEMBER) {
        let _: Value =
            client.post(&format!("/v1/projects/{id}/members"), &json!({"subject": MEMBER}))?;
    }
    let grants = shown["grants"].as_array().map_or(&[][..], Vec::as_slice);
    for dataset in client.list("/v1/datasets", "datasets")? {
        let name = &dataset["name"];
        let is_granted = |grant: &Value| grant["dataset"] == *name && grant["revoked_at"].is_null();
        let body = match dataset["tier"].as_str() {
            Some("public") => json!({"dataset": name, "classes": CLASSES}),
            Some("vetted") => {
                json!({"dataset": name, "classes": CLASSES, "basis": "DSA Art. 40(4)"})
            }
            // What is for those who oversee, no researcher may be granted.
            _ => continue,
        };
        if !dataset["current"].is_null() && !grants.iter().any(is_granted) {
            let _: Value = client.post(&format!("/v1/projects/{id}/grants"), &body)?;
        }
    }
    ensure!(!id.is_empty(), "the project has no id");
    Ok(id)
}

fn project_body() -> Value {
    let today = SystemClock.today();
    let next_year = today.checked_add_days(chrono::Days::new(365)).unwrap_or(Date::MAX);
    json!({
        "title": PROJECT_TITLE,
        "purpose": "See how Reading Room works, on a world that was made up.",
        "organisation": "o-demo",
        "legal_basis": "40(4)",
        "request_id": "DEMO-1",
        "applied": today,
        "decided": today,
        "valid_from": today,
        "valid_until": next_year,
    })
}
