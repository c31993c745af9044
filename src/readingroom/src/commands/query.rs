//! `query`: a question, and its answer as a table or a file.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::time::Instant;

use anyhow::{Context as _, bail};
use domain::{Format, Notice};
use reqwest::Method;
use reqwest::blocking::Response;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use crate::args::{OutputFormat, Query};
use crate::client::Client;
use crate::output::{self, Column};

/// Runs `query`.
pub(crate) fn run(query: &Query) -> anyhow::Result<()> {
    let client = Client::remote(&query.remote.url)?;
    let format = wire_format(query.format);
    if matches!(format, Format::Arrow | Format::Parquet)
        && query.out.is_none()
        && io::stdout().is_terminal()
    {
        bail!(
            "{} is not for a terminal; give --out FILE or send it on through a pipe",
            format.media_type()
        );
    }
    let asked = Instant::now();
    let request = client.request(Method::POST, "/v1/queries").header(ACCEPT, format.media_type());
    let response = client.send(request.json(&body(query)))?;
    if query.dry_run {
        let verdict: Value = response.json().context("the answer is no JSON")?;
        return output::json(&verdict);
    }
    match (query.format, &query.out) {
        (OutputFormat::Table, None) if !query.remote.json => show(response, asked),
        (OutputFormat::Table, Some(_)) => {
            bail!("a table is for reading; give --format csv, json, ndjson, arrow or parquet")
        }
        (_, Some(path)) => {
            let mut file = File::create(path)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            let (footer, told) = (footer(&response, asked), Told::of(&response));
            copy(response, &mut file)?;
            output::note(format_args!("{}: {footer}", path.display()));
            told.tell(&client)
        }
        (_, None) => {
            let told = Told::of(&response);
            copy(response, &mut io::stdout().lock())?;
            told.tell(&client)
        }
    }
}

/// Whether there is something to tell of an answer, and of which query.
struct Told {
    has_notices: bool,
    query: String,
}

impl Told {
    fn of(response: &Response) -> Self {
        let has_notices = !matches!(header(response, "Reading-Room-Notices").as_str(), "0" | "?");
        Self { has_notices, query: header(response, "Reading-Room-Query") }
    }

    /// Says on standard error what there is to tell, as the query's record has it whole.
    fn tell(&self, client: &Client) -> anyhow::Result<()> {
        if self.has_notices {
            let record: Value = client.get(&format!("/v1/queries/{}", self.query))?;
            tell(&record["notices"]);
        }
        Ok(())
    }
}

/// Says notices on standard error, so that they never mix with rows.
fn tell(notices: &Value) {
    for notice in notices.as_array().into_iter().flatten() {
        // A newer server may know kinds that this program does not.
        match serde_json::from_value::<Notice>(notice.clone()) {
            Ok(notice) => output::note(format_args!("notice: {notice}")),
            Err(_) => output::note(format_args!("notice: {notice}")),
        }
    }
}

/// A header of a response.
fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or("?").to_owned()
}

/// The form that is asked for; a table is drawn from JSON.
fn wire_format(format: OutputFormat) -> Format {
    match format {
        OutputFormat::Table | OutputFormat::Json => Format::Json,
        OutputFormat::Csv => Format::Csv,
        OutputFormat::Ndjson => Format::Ndjson,
        OutputFormat::Arrow => Format::Arrow,
        OutputFormat::Parquet => Format::Parquet,
    }
}

fn body(query: &Query) -> Value {
    let mut body = json!({"sql": query.sql});
    if !query.parameters.is_empty() {
        let parameters = query.parameters.iter().map(|text| parameter(text));
        body["parameters"] = parameters.collect();
    }
    if let Some(as_of) = query.as_of {
        body["as_of"] = json!(as_of);
    }
    if query.dry_run {
        body["dry_run"] = json!(true);
    }
    body
}

/// A parameter: JSON where the text is JSON, else the text itself.
fn parameter(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn copy(mut response: Response, out: &mut impl io::Write) -> anyhow::Result<()> {
    response.copy_to(out).context("the answer did not arrive whole; fetch it again")?;
    out.flush().context("the answer could not be written")
}

/// Draws an answer as a table with types, and a footer.
fn show(response: Response, asked: Instant) -> anyhow::Result<()> {
    let footer = footer(&response, asked);
    let answer: Value = response.json().context("the answer is no JSON")?;
    let empty = Vec::new();
    let columns = answer["columns"].as_array().unwrap_or(&empty);
    let headings: Vec<_> = columns
        .iter()
        .map(|column| {
            format!("{}\n{}", output::cell(&column["name"]), output::cell(&column["type"]))
        })
        .collect();
    let shown: Vec<_> = columns
        .iter()
        .zip(&headings)
        .map(|(column, heading)| Column {
            heading,
            is_number: matches!(column["type"].as_str(), Some("integer" | "number" | "decimal")),
        })
        .collect();
    let rows = answer["rows"].as_array().unwrap_or(&empty);
    output::table(
        &shown,
        rows.iter().map(|row| row.as_array().into_iter().flatten().map(output::cell).collect()),
    );
    output::line("");
    let row_count = answer["row_count"].as_u64().unwrap_or(0);
    output::line(format_args!(
        "{row_count} {}, {footer}",
        if row_count == 1 { "row" } else { "rows" }
    ));
    if answer["truncated"] == json!(true) {
        output::line("cut at the row limit, as asked");
    }
    tell(&answer["notices"]);
    Ok(())
}

/// Time, edition and place in the log of an answer.
fn footer(response: &Response, asked: Instant) -> String {
    format!(
        "{} ms, edition {}, log index {}",
        asked.elapsed().as_millis(),
        header(response, "Reading-Room-Edition"),
        header(response, "Reading-Room-Log-Index")
    )
}
