//! The harness: one data folder, one real server on a port the system chose, and callers by
//! privilege. Everything goes through the command line and HTTP, as for anyone else.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::caller::Caller;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_readingroom");

/// Rates that no story but those about rates comes near.
pub(crate) const ROOMY: &str =
    "[rate_limits]\nprincipal_requests = 100000000\nproject_requests = 100000000\n";

/// How much of a server's own log is shown when a test fails.
const TAIL_LINES: usize = 40;

/// A data folder of a test, with or without a server on it.
pub(crate) struct Folder {
    dir: TempDir,
    name: String,
}

/// A running server on a folder.
///
/// Dropping it stops the server and checks that its log verifies: nothing a test did may have
/// left the book torn.
pub(crate) struct Room {
    pub folder: Folder,
    pub url: String,
    pub http: Client,
    server: Child,
    /// Kept open, since the server may have more to say.
    _said: BufReader<ChildStdout>,
}

impl Folder {
    /// Creates a project with these further words; gives what was printed.
    pub(crate) fn create_project(&self, title: &str, day: &str, more: &[&str]) -> String {
        let words = [
            "project",
            "create",
            "--title",
            title,
            "--purpose",
            "a test",
            "--organisation",
            "o-test",
            "--legal-basis",
            "40(12)",
            "--request-id",
            "R-1",
            "--applied",
            "2024-01-01",
            "--decided",
            "2024-01-02",
            "--valid-from",
            "2024-01-03",
            "--valid-until",
            day,
        ];
        self.done(&[&words[..], more].concat())
    }

    /// An empty data folder, made by `init`.
    pub(crate) fn new() -> Self {
        Self::configured(ROOMY)
    }

    /// An empty data folder with these settings.
    pub(crate) fn configured(settings: &str) -> Self {
        Self::named("data", settings)
    }

    /// No data folder yet, only where one is to lie.
    pub(crate) fn bare() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), name: "data".to_owned() }
    }

    /// An empty data folder with a name and settings.
    pub(crate) fn named(name: &str, settings: &str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), name: name.to_owned() }.init(settings)
    }

    /// Makes the data folder, where nothing is or an empty folder.
    pub(crate) fn init(self, settings: &str) -> Self {
        self.done(&["init"]);
        self.configure(settings);
        self
    }

    /// Writes its configuration anew, for the next start.
    pub(crate) fn configure(&self, settings: &str) {
        fs::write(self.path().join("readingroom.toml"), settings).unwrap();
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    /// The folder that it lies in, for what else a story needs.
    pub(crate) fn beside(&self) -> &Path {
        self.dir.path()
    }

    /// A file beside it, for what a steward delivers.
    pub(crate) fn delivery(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.beside().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs a local command on it: the words first, then `--data DIR`.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let path = self.path();
        let mut words = words.to_vec();
        words.extend(["--data", path.to_str().unwrap()]);
        run(&words)
    }

    /// Runs a local command that must do; gives its standard output.
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs a local command that must do, and gives its JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let mut words = words.to_vec();
        words.push("--json");
        serde_json::from_str(&self.done(&words)).unwrap()
    }

    /// Runs a local command that must be refused; gives what it says.
    pub(crate) fn refused(&self, words: &[&str]) -> String {
        refusal(words, &self.run(words))
    }

    /// The public key of its log.
    pub(crate) fn log_key(&self) -> String {
        ledger::SigningKey::load(&self.path().join("keys/log.key")).unwrap().vkey()
    }

    /// Whether its log verifies, and what `log verify` says.
    pub(crate) fn verify_log(&self) -> Output {
        self.run(&["log", "verify", "--key", &self.log_key()])
    }

    /// Starts a server on it that cannot write a file beyond this length, as on a full disk.
    pub(crate) fn serve_within(self, file_blocks_max: u32) -> Room {
        self.serve_under(&format!("trap '' XFSZ; ulimit -f {file_blocks_max}"))
    }

    /// Starts a server on it that may have so few files open.
    pub(crate) fn serve_with_open_files(self, open_files_max: u32) -> Room {
        self.serve_under(&format!("ulimit -n {open_files_max}"))
    }

    /// Starts a server on it under limits of a shell.
    fn serve_under(self, limits: &str) -> Room {
        let script = format!("{limits}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, PROGRAM]).env_remove("READINGROOM_TOKEN").stdin(Stdio::null());
        self.serve_by(shell)
    }

    /// Starts a server on it.
    pub(crate) fn serve(self) -> Room {
        self.serve_by(command(&[]))
    }

    fn serve_by(self, mut command: Command) -> Room {
        let log = File::options().create(true).append(true).open(self.server_log()).unwrap();
        let mut server = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| {
            panic!("the server did not start ({:?}): {first}{}", server.wait(), self.tail())
        });
        let http = Client::builder().no_proxy().timeout(None).build().unwrap();
        Room { url: url.to_owned(), folder: self, http, server, _said: said }
    }

    /// Where a server on it writes its own log.
    pub(crate) fn server_log(&self) -> PathBuf {
        self.beside().join("server.log")
    }

    fn tail(&self) -> String {
        let log = fs::read_to_string(self.server_log()).unwrap_or_default();
        let skipped = log.lines().count().saturating_sub(TAIL_LINES);
        log.lines().skip(skipped).map(|line| format!("{line}\n")).collect()
    }
}

impl Room {
    /// A room with nothing in it.
    pub(crate) fn empty() -> Self {
        Folder::new().serve()
    }

    /// A room with a few traders and listings, as of 2024-10-01.
    pub(crate) fn furnished() -> Self {
        let room = Self::empty();
        crate::furniture::publish(&room.folder);
        room
    }

    /// Nobody: a caller without a token.
    pub(crate) fn nobody(&self) -> Caller<'_> {
        Caller { room: self, token: None }
    }

    /// Someone with any token.
    pub(crate) fn bearer(&self, token: &str) -> Caller<'_> {
        Caller { room: self, token: Some(token.to_owned()) }
    }

    /// Someone with a role that has no project.
    pub(crate) fn role(&self, role: &str) -> Caller<'_> {
        let words = ["token", "issue", "--subject", role, "--role", role];
        self.bearer(self.folder.done(&words).trim())
    }

    /// A researcher of a project.
    pub(crate) fn researcher(&self, subject: &str, project: &str) -> Caller<'_> {
        let words =
            ["token", "issue", "--subject", subject, "--role", "researcher", "--project", project];
        self.bearer(self.folder.done(&words).trim())
    }

    /// A project with one member and grants of these datasets; gives its id and the member.
    pub(crate) fn project_of(&self, subject: &str, datasets: &[&str]) -> (String, Caller<'_>) {
        let project = self.project("a study");
        self.folder.done(&["member", "add", "--project", &project, "--subject", subject]);
        for dataset in datasets {
            self.grant(&project, dataset, &[]);
        }
        let caller = self.researcher(subject, &project);
        (project, caller)
    }

    /// A researcher granted these datasets.
    pub(crate) fn granted(&self, subject: &str, datasets: &[&str]) -> Caller<'_> {
        self.project_of(subject, datasets).1
    }

    /// A project that is valid now.
    pub(crate) fn project(&self, title: &str) -> String {
        self.project_until(title, "2099-12-31")
    }

    /// Grants a dataset with these further words; gives what was printed.
    pub(crate) fn grant(&self, project: &str, dataset: &str, more: &[&str]) -> String {
        let words = ["grant", "add", "--project", project, "--dataset", dataset];
        self.folder.done(&[&words[..], more].concat())
    }

    /// A project that is valid until a day.
    pub(crate) fn project_until(&self, title: &str, day: &str) -> String {
        self.folder.create_project(title, day, &[]).trim().to_owned()
    }

    /// The log's entries of a kind, as the auditor's tiles show them.
    pub(crate) fn entries(&self, kind: &str) -> Vec<Value> {
        crate::book::entries(self).into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// The current snapshot of a dataset.
    pub(crate) fn current(&self, dataset: &str) -> String {
        let shown = self.nobody().json(&format!("/v1/datasets/{dataset}"));
        shown["current"].as_str().unwrap().to_owned()
    }

    /// How many editions there are.
    pub(crate) fn editions(&self) -> usize {
        self.nobody().json("/v1/editions")["editions"].as_array().unwrap().len()
    }

    /// Ends the server at once, as a power cut would.
    pub(crate) fn kill(mut self) -> Folder {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.take_folder()
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Folder {
        self.terminate();
        self.take_folder()
    }

    /// The process id of the server.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.id()
    }

    fn terminate(&mut self) {
        if matches!(self.server.try_wait(), Ok(None)) {
            let id = rustix::process::Pid::from_child(&self.server);
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            let _ = self.server.wait();
        }
    }

    fn take_folder(&mut self) -> Folder {
        std::mem::replace(&mut self.folder, Folder::bare())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.terminate();
        if std::thread::panicking() {
            println!("the server's own log ends:\n{}", self.folder.tail());
        } else if self.folder.path().join("log").is_dir() {
            let verified = self.folder.verify_log();
            assert!(verified.status.success(), "{}", text(&verified.stderr));
        }
    }
}

/// The program with words, and nothing of the surroundings that it would heed.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).stdin(Stdio::null());
    command.env_remove("READINGROOM_TOKEN").env_remove("READINGROOM_URL");
    command.env("XDG_STATE_HOME", "/nowhere");
    command
}

/// Runs the program.
pub(crate) fn run(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

/// What a command that must be refused says.
pub(crate) fn refusal(words: &[&str], output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{words:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of inputs beside the checkout, or nothing with a line that says so.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    let corpora = std::env::var_os("READINGROOM_CORPORA").map(PathBuf::from);
    let path = match (corpora, name.strip_prefix("corpora/")) {
        (Some(corpora), Some(name)) => corpora.join(name),
        _ => beside,
    };
    if path.exists() {
        Some(path)
    } else {
        println!("skipped: {} is not here", path.display());
        None
    }
}
