//! The HTTP client behind every command: over TCP to a server, over a Unix socket to a data folder.
//!
//! # Invariant
//! A refusal is shown in the server's own words; a failure names what could not be reached. That
//! requests came too fast is no refusal: what was not done is asked for again when there is room.

mod failure;
mod folder;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Method;
use reqwest::blocking::{Body, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::args::{self, Place, Target};

pub(crate) use failure::{Failure, reject_line};
pub(crate) use folder::{OpenFolder, socket_in};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests wait, at most, for room within a rate limit.
const RATE_WAIT_MAX: Duration = Duration::from_secs(120);

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
        Ok(Self { token, ..Self::anonymous(&base)? })
    }

    /// A server at an address, without a token.
    pub(crate) fn anonymous(url: &str) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        if !reqwest::Url::parse(&base).is_ok_and(|url| url.has_host()) {
            bail!("{url} is no address of a server; write it as http://127.0.0.1:8080");
        }
        let http = builder().build().context("the HTTP client could not be made")?;
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
    ///
    /// A request that came too fast was not looked at, so it is sent again; but for one whose body
    /// is a stream, which is gone.
    pub(crate) fn send(&self, mut request: RequestBuilder) -> Result<Response, Failure> {
        let begun = Instant::now();
        loop {
            let again = request.try_clone();
            let failure = match self.send_once(request) {
                Err(failure) => failure,
                answered => return answered,
            };
            match (again, failure.too_fast()) {
                (Some(again), Some(wait)) if begun.elapsed() + wait < RATE_WAIT_MAX => {
                    std::thread::sleep(wait);
                    request = again;
                }
                _ => return Err(failure),
            }
        }
    }

    fn send_once(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().map_err(|error| self.unreachable(error))?;
        if response.status().is_success() { Ok(response) } else { Err(Failure::problem(response)) }
    }

    /// Why a request did not get through.
    fn unreachable(&self, error: reqwest::Error) -> Failure {
        // Of a stream that was not taken, the library tells that and not why: where nothing
        // answers, any other request tells it.
        let told = if error.is_body() { self.http.get(&self.base).send().err() } else { None };
        Failure::unreachable(&self.base, told.filter(reqwest::Error::is_connect).unwrap_or(error))
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    /// A server that answers one request after the other with these; gives its address.
    fn server(answers: Vec<(u16, Value)>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let body = body.to_string();
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        format!("http://{address}")
    }

    fn too_fast() -> (u16, Value) {
        (429, json!({"code": "rate_limited", "detail": "too fast", "retry_after_s": 0}))
    }

    /// Whoever follows a long publication, or goes through all datasets, asks more than once.
    #[test]
    fn what_came_too_fast_is_asked_for_again() {
        let url = server(vec![too_fast(), too_fast(), (200, json!({"n": 1}))]);

        let answer: Value = Client::anonymous(&url).unwrap().get("/v1/me").unwrap();

        assert_eq!(answer["n"], 1);
    }

    #[test]
    fn a_budget_that_is_used_up_is_not_waited_for() {
        let used_up = json!({"code": "quota_exceeded", "detail": "no more", "retry_after_s": 0});
        let url = server(vec![(429, used_up), (200, json!({}))]);

        let failure = Client::anonymous(&url).unwrap().get::<Value>("/v1/me").unwrap_err();

        assert_eq!(failure.code(), Some("quota_exceeded"));
    }
}
