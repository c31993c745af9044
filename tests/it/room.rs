//! The harness: one data folder, one real server on a port the system chose, and callers by
//! privilege. Everything goes through the command line and HTTP, as for anyone else.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_readingroom");

/// A data folder of a test, with or without a server on it.
pub struct Folder {
    dir: TempDir,
}

/// A running server on a folder.
///
/// Dropping it stops the server and checks that its log verifies: nothing a test did may have
/// left the book torn.
pub struct Room {
    pub folder: Folder,
    pub url: String,
    server: Child,
    http: Client,
}

/// Someone with a token, or nobody.
#[derive(Clone)]
pub struct Caller<'a> {
    room: &'a Room,
    pub token: Option<String>,
}

impl Folder {
    /// An empty data folder, made by `init`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Self { dir };
        let made = run(&["init", "--data", folder.path().to_str().unwrap()]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        folder
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside it, for what a steward delivers.
    pub fn delivery(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs a local command on it: the words first, then `--data DIR`.
    pub fn run(&self, words: &[&str]) -> Output {
        let path = self.path();
        let mut words = words.to_vec();
        words.extend(["--data", path.to_str().unwrap()]);
        run(&words)
    }

    /// Runs a local command that must do; gives its standard output.
    pub fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a local command that must be refused; gives what it says.
    pub fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    /// The public key of its log.
    pub fn log_key(&self) -> String {
        let keys = std::fs::read_to_string(self.path().join("keys/log.vkey")).unwrap();
        keys.trim().to_owned()
    }

    /// Whether its log verifies, and what `log verify` says.
    pub fn verify_log(&self) -> Output {
        self.run(&["log", "verify", "--key", &self.log_key()])
    }

    /// Starts a server on it.
    pub fn serve(self) -> Room {
        self.serve_with(&[])
    }

    /// Starts a server on it with further words.
    pub fn serve_with(self, words: &[&str]) -> Room {
        let mut server = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.path())
            .args(words)
            .env_remove("READINGROOM_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("the server did not start: {first}")).to_owned();
        let http = Client::builder().no_proxy().timeout(None).build().unwrap();
        Room { folder: self, url, server, http }
    }
}

impl Room {
    /// A room with nothing in it.
    pub fn empty() -> Self {
        Folder::new().serve()
    }

    /// A room with a few traders and listings, as of 2026-10-01.
    pub fn furnished() -> Self {
        let folder = Folder::new();
        crate::furniture::publish(&folder);
        folder.serve()
    }

    /// Nobody: a caller without a token.
    pub fn nobody(&self) -> Caller<'_> {
        Caller { room: self, token: None }
    }

    /// Someone with any token.
    pub fn bearer(&self, token: &str) -> Caller<'_> {
        Caller { room: self, token: Some(token.to_owned()) }
    }

    /// Someone with a role that has no project.
    pub fn role(&self, role: &str) -> Caller<'_> {
        let token = self.folder.done(&["token", "issue", "--subject", role, "--role", role]);
        self.bearer(token.trim())
    }

    /// A researcher of a project.
    pub fn researcher(&self, subject: &str, project: &str) -> Caller<'_> {
        let words =
            ["token", "issue", "--subject", subject, "--role", "researcher", "--project", project];
        self.bearer(self.folder.done(&words).trim())
    }

    /// A project with one member and grants of these datasets; gives its id and the member.
    pub fn project_of(&self, subject: &str, datasets: &[&str]) -> (String, Caller<'_>) {
        let project = self.project(subject);
        self.folder.done(&["member", "add", "--project", &project, "--subject", subject]);
        for dataset in datasets {
            self.folder.done(&["grant", "add", "--project", &project, "--dataset", dataset]);
        }
        let caller = self.researcher(subject, &project);
        (project, caller)
    }

    /// A researcher granted these datasets.
    pub fn granted(&self, subject: &str, datasets: &[&str]) -> Caller<'_> {
        self.project_of(subject, datasets).1
    }

    /// A project that is valid now.
    pub fn project(&self, title: &str) -> String {
        let words = [
            "project", "create", "--title", title, "--purpose", "a test", "--organisation", "o-test",
            "--legal-basis", "40(12)", "--request-id", "R-1", "--applied", "2026-01-01",
            "--decided", "2026-01-02", "--valid-from", "2026-01-03", "--valid-until", "2099-12-31",
        ];
        self.folder.done(&words).trim().to_owned()
    }

    /// The log's entries of a kind, as the auditor's tiles show them.
    pub fn entries(&self, kind: &str) -> Vec<Value> {
        crate::book::entries(self).into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// Ends the server at once, as a power cut would.
    pub fn kill(mut self) -> Folder {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.take_folder()
    }

    /// Asks the server to stop, and waits until it has.
    pub fn stop(mut self) -> Folder {
        self.terminate();
        self.take_folder()
    }

    /// The process id of the server.
    pub fn server_id(&self) -> u32 {
        self.server.id()
    }

    fn terminate(&mut self) {
        let id = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.server.wait();
    }

    fn take_folder(&mut self) -> Folder {
        let empty = tempfile::tempdir().unwrap();
        std::mem::replace(&mut self.folder, Folder { dir: empty })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let log = self.folder.path().join("log");
        if !log.is_dir() || std::thread::panicking() {
            self.terminate();
            return;
        }
        self.terminate();
        let verified = self.folder.verify_log();
        assert!(verified.status.success(), "{}", text(&verified.stderr));
    }
}

impl Caller<'_> {
    /// A request of this caller.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.room.http.request(method, format!("{}{path}", self.room.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Gets a path.
    pub fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().unwrap()
    }

    /// Posts JSON to a path.
    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().unwrap()
    }

    /// Deletes a path.
    pub fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).send().unwrap()
    }

    /// Asks a question, as CSV.
    pub fn ask(&self, sql: &str) -> Response {
        self.ask_with(&json!({"sql": sql}), "text/csv")
    }

    /// Asks a question with everything it may carry.
    pub fn ask_with(&self, body: &Value, accept: &str) -> Response {
        self.request(Method::POST, "/v1/queries").header("Accept", accept).json(body).send().unwrap()
    }

    /// The answer to a question, as CSV.
    pub fn csv(&self, sql: &str) -> String {
        let answer = self.ask(sql);
        let status = answer.status();
        let body = answer.text().unwrap();
        assert!(status.is_success(), "{status}: {body}");
        body
    }

    /// The problem that a question meets.
    pub fn problem(&self, sql: &str) -> Value {
        problem(self.ask(sql))
    }
}

/// The problem document of a refusal.
pub fn problem(response: Response) -> Value {
    let status = response.status().as_u16();
    assert!(400 <= status, "{status}: {}", response.text().unwrap());
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let problem: Value = response.json().unwrap();
    assert_eq!(problem["status"], status, "{problem}");
    problem
}

/// A header of a response, or the empty text.
pub fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    value.unwrap_or_default()
}

/// Runs the program.
pub fn run(words: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(words)
        .env_remove("READINGROOM_TOKEN")
        .env_remove("READINGROOM_URL")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of inputs beside the checkout, or nothing with a line that says so.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.exists() {
        Some(path)
    } else {
        println!("skipped: ../shared/{name} is not here");
        None
    }
}
