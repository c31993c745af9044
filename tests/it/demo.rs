//! The demo: the main job in one command, as a visitor meets it.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::blocking::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::room::{command, text};

/// The last line of the card.
const LAST: &str = "Ctrl-C ends the server.";

/// A demo that runs.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    card: Vec<String>,
    json: Value,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let words = ["demo", "--port", "0", "--scale", "small", "--data", data.to_str().unwrap()];
        let mut process =
            command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut card = Vec::new();
        for line in lines.by_ref().map(Result::unwrap) {
            card.push(line);
            if card.last().is_some_and(|line| line.contains(LAST)) {
                break;
            }
        }
        let json = std::fs::read(data.join("demo.json")).unwrap();
        Self { process, lines, card, json: serde_json::from_slice(&json).unwrap() }
    }

    /// The commands that the card says to paste.
    fn commands(&self) -> Vec<&str> {
        let lines = self.card.iter().skip_while(|line| !line.starts_with("Three commands")).skip(1);
        lines.filter(|line| !line.is_empty() && !line.contains(LAST)).map(String::as_str).collect()
    }

    fn get(&self, path: &str, token: &str) -> Value {
        let url = format!("{}{path}", self.json["url"].as_str().unwrap());
        let client = Client::builder().no_proxy().build().unwrap();
        let response = client.get(url).bearer_auth(token).send().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().unwrap()
    }

    /// Presses Ctrl-C.
    fn end(mut self) {
        let id = Pid::from_child(&self.process);
        kill_process(id, Signal::INT).unwrap();
        assert!(self.process.wait().unwrap().success());
        assert_eq!(self.lines.next().map(Result::unwrap), None);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a line as a visitor pastes it.
fn paste(line: &str) -> Option<String> {
    if line.starts_with("curl") && Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: there is no curl");
        return None;
    }
    let output = Command::new("sh").args(["-c", line]).env("NO_PROXY", "*").output().unwrap();
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    Some(text(&output.stdout))
}

/// What a visitor sees in the first minute works, all of it, and again the next day.
#[test]
fn a_visitor_is_given_an_address_tokens_and_three_commands_that_work() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let demo = Demo::start(&data);
    let roles = ["researcher", "steward", "registrar", "regulator", "auditor"];

    let pasted: Vec<_> = demo.commands().into_iter().map(paste).collect();

    assert_eq!(pasted.len(), 3, "{:?}", demo.card);
    assert!(pasted.iter().flatten().all(|printed| !printed.trim().is_empty()), "{pasted:?}");
    assert!(pasted[2].as_ref().unwrap().contains("entries verified"), "{pasted:?}");
    for role in roles {
        let token = demo.json["tokens"][role].as_str().unwrap();
        assert_eq!(demo.get("/v1/me", token)["principal"]["role"], role);
        assert!(demo.card.iter().any(|line| line.starts_with(role) && line.contains(token)));
    }
    let editions = demo.get("/v1/editions", "")["editions"].clone();
    let project = demo.json["project"].clone();
    demo.end();
    let again = Demo::start(&data);
    assert_eq!(again.json["project"], project);
    assert_eq!(again.get("/v1/editions", "")["editions"], editions, "nothing is made twice");
    assert!(again.commands().into_iter().all(|line| paste(line).is_none_or(|it| !it.is_empty())));
    again.end();
}
