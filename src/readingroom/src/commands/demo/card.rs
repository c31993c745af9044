//! The reader's card of the demo: address, tokens, and three commands to paste.

use std::path::Path;

use anyhow::Context as _;
use domain::Role;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::output;

/// How long the demo's tokens work: the most there is.
const TOKEN_TTL_S: u64 = 24 * 60 * 60;

/// The file in the data folder with the same, for machines.
const CARD_FILE: &str = "demo.json";

/// What a visitor of the demo needs.
pub(super) struct Card(Value);

impl Card {
    /// Issues one token for each role and gathers the rest.
    pub(super) fn draw(client: &Client, url: &str, project: &str) -> anyhow::Result<Self> {
        let mut tokens = Map::new();
        for role in Role::ALL {
            let body = match role {
                Role::Researcher => {
                    json!({"subject": super::MEMBER, "role": role, "project": project, "ttl_s": TOKEN_TTL_S})
                }
                Role::Steward | Role::Registrar | Role::Regulator | Role::Auditor => {
                    json!({"subject": format!("demo-{role}"), "role": role, "ttl_s": TOKEN_TTL_S})
                }
            };
            let issued: Value = client.post("/v1/tokens", &body)?;
            tokens.insert(role.to_string(), issued["token"].clone());
        }
        let keys: Value = client.get("/v1/keys")?;
        Ok(Self(json!({
            "url": url,
            "tokens": tokens,
            "project": project,
            "log_key": keys["log"],
        })))
    }

    /// Writes the card into the data folder, readable by its owner only: it holds tokens.
    pub(super) fn keep(&self, data: &Path) -> anyhow::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::PermissionsExt as _;
        let mut file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(data)
            .context("demo.json cannot be written")?;
        file.write_all(&serde_json::to_vec_pretty(&self.0)?)?;
        file.write_all(b"\n")?;
        file.persist(data.join(CARD_FILE)).context("demo.json cannot be written")?;
        Ok(())
    }

    /// Prints the card.
    pub(super) fn show(&self, data: &Path) {
        let url = output::cell(&self.0["url"]);
        output::line(format_args!("\nReading Room is open at {url}\n"));
        for role in Role::ALL {
            let token = output::cell(&self.0["tokens"][role.as_str()]);
            output::line(format_args!("{:11}{token}", role.as_str()));
        }
        let program = std::env::current_exe().unwrap_or_else(|_| "readingroom".into());
        let program = program.display();
        let data = data.display();
        let researcher = output::cell(&self.0["tokens"]["researcher"]);
        let log_key = output::cell(&self.0["log_key"]);
        output::line("\nThree commands to paste into another terminal:\n");
        output::line(format_args!(
            "curl -s {url}/v1/queries -H 'Authorization: Bearer {researcher}' -H 'Content-Type: application/json' \
             -H 'Accept: text/csv' -d '{{\"sql\": \"SELECT category, count(*) AS actions FROM moderation_actions \
             GROUP BY category ORDER BY actions DESC\"}}'\n"
        ));
        output::line(format_args!(
            "READINGROOM_TOKEN={researcher} {program} query --url {url} \"SELECT platform_name, count(*) AS statements \
             FROM statements_of_reasons GROUP BY platform_name ORDER BY statements DESC\"\n"
        ));
        output::line(format_args!("{program} log verify --data {data} --key '{log_key}'\n"));
        output::line(
            "The same tokens stand in demo.json of the data folder. Ctrl-C ends the server.",
        );
    }
}
