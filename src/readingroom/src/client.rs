//! The HTTP client behind every command: over TCP to a server, over a Unix socket to a data folder.
//!
//! # Invariant
//! A refusal is shown in the server's own words; a failure names what could not be reached.

mod failure;
mod folder;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use reqwest::blocking::{Body, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::{self, Place, Target};

pub(crate) use failure::{Failure, reject_line};
pub(crate) use folder::{OpenFolder, socket_in};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address that requests over the control socket name; nothing resolves it.
const SOCKET_BASE: &str = "http://reading-room";

/// A server that commands talk to.
pub(crate) struct Client {
    http: reqwest::blocking::Client,
    base: String,
    token: Option<String>,
    actor: Option<String>,
    /// Keeps a folder open that this command opened itself.
    _folder: Option<OpenFolder>,
}

impl Client {
    /// A server at an address, with the token of the environment or of the last log-in.
    pub(crate) fn remote(url: &str) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        let token = crate::login::token_for(&base)?;
        let http = builder().build().context("the HTTP client could not be made")?;
        Ok(Self { http, base, token, actor: None, _folder: None })
    }

    /// A server at an address, without a token.
    pub(crate) fn anonymous(url: &str) -> anyhow::Result<Self> {
        let http = builder().build().context("the HTTP client could not be made")?;
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, token: None, actor: None, _folder: None })
    }

    /// The data folder or the server that a command names.
    pub(crate) fn to(target: &Target) -> anyhow::Result<Self> {
        match args::place(target.data.as_deref(), target.url.as_deref()) {
            Place::Folder(data) => Self::folder(data, target.actor.clone()),
            Place::Server(url) => Self::remote(&url),
        }
    }

    /// A data folder: through the server that owns it, or opened here.
    fn folder(data: &Path, actor: Option<String>) -> anyhow::Result<Self> {
        let folder = if folder::is_served(data) { None } else { Some(OpenFolder::open(data)?) };
        let socket = socket_in(data)?;
        let http = builder()
            .unix_socket(socket.path())
            .build()
            .context("the HTTP client could not be made")?;
        // The descriptor behind the socket's path must outlive the client.
        std::mem::forget(socket);
        Ok(Self { http, base: SOCKET_BASE.to_owned(), token: None, actor, _folder: folder })
    }

    /// A request to a path that begins with `/`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(actor) = &self.actor {
            request = request.header("Reading-Room-Actor", actor);
        }
        request
    }

    /// Sends a request, and turns a refusal into a failure.
    pub(crate) fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().map_err(|error| Failure::unreachable(&self.base, error))?;
        if response.status().is_success() { Ok(response) } else { Err(Failure::problem(response)) }
    }

    /// The JSON at a path.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        json(self.send(self.request(Method::GET, path))?)
    }

    /// The JSON that comes back for a JSON body.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        json(self.send(self.request(Method::POST, path).json(body))?)
    }

    /// Posts a JSON body for which nothing comes back.
    pub(crate) fn tell(&self, path: &str, body: &Value) -> Result<(), Failure> {
        self.send(self.request(Method::POST, path).json(body)).map(drop)
    }

    /// Deletes what is at a path.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, path)).map(drop)
    }

    /// Posts bytes that are streamed from a reader.
    pub(crate) fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        body: Body,
    ) -> Result<T, Failure> {
        let mut request = self.request(Method::POST, path).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        json(self.send(request)?)
    }

    /// All items of a paged list.
    pub(crate) fn list(&self, path: &str, items: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut request = self.request(Method::GET, path);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let mut page: Value = json(self.send(request)?)?;
            if let Some(Value::Array(found)) = page.get_mut(items).map(Value::take) {
                all.extend(found);
            }
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(all),
            }
        }
    }
}

/// What every connection has in common.
fn builder() -> reqwest::blocking::ClientBuilder {
    reqwest::blocking::Client::builder()
        .user_agent(concat!("readingroom/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(None::<Duration>)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
}

/// Reads a response as JSON.
fn json<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let url = response.url().to_string();
    response.json().map_err(|error| Failure::unreachable(&url, error))
}
