//! Serving: the doors of an open data folder, and how they close.
//!
//! TCP listeners (with TLS where a certificate is set), the control socket in the data folder, and
//! where set a listener of their own for metrics.
//!
//! # Rooms
//! - [`control`]: the control socket; [`tls`]: certificate and key; [`memory`]: is there enough?

mod control;
mod memory;
mod tls;

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Extensions, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use utoipa_actix_web::AppExt as _;

use crate::Application;
use crate::http::door::admit::{Peer, admit};
use crate::http::door::request::{no_operation, surround};
use crate::http::wire::params::path_config;
use crate::http::{self, health};
use crate::settings::Settings;

pub use control::ControlSocket;
pub use tls::TlsError;

/// Connections that one thread serves at one time, if there are descriptors for them.
const CONNECTIONS_MAX: usize = 10_000;

/// Descriptors that connections leave to the log, to workers and to the files of snapshots: a log
/// that cannot open its next tile accepts nothing any more.
const DESCRIPTORS_KEPT: u64 = 4_096;

/// How many connections one of some threads may have: a share of what the kept descriptors leave.
fn connections_max(threads: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it cannot be raised, what is there is shared out.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let Some(limit) = limit else { return CONNECTIONS_MAX };
    let left = limit.saturating_sub(DESCRIPTORS_KEPT).max(limit / 4);
    let share = usize::try_from(left).unwrap_or(usize::MAX) / threads.max(1);
    share.clamp(1, CONNECTIONS_MAX)
}

/// The doors cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The control socket cannot be made.
    #[error("the control socket cannot be made")]
    Control(#[source] io::Error),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server's threads cannot be started.
    #[error("the server cannot be started")]
    Start(#[source] io::Error),
}

/// The listeners of a server; none of them is only for this machine's operator.
#[derive(Debug, Default)]
pub struct Doors {
    /// Where everything is served.
    pub listeners: Vec<TcpListener>,
    /// Where metrics are served, if apart.
    pub metrics: Option<TcpListener>,
}

impl Doors {
    /// Listens where the settings say; port 0 takes a free one.
    ///
    /// # Errors
    /// The address that cannot be listened on.
    pub fn open(settings: &Settings) -> Result<Self, ServeError> {
        let listen = |address: SocketAddr| {
            TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })
        };
        Ok(Self {
            listeners: vec![listen(settings.listen)?],
            metrics: settings.metrics_listen.map(listen).transpose()?,
        })
    }
}

/// A server that serves.
pub struct Serving {
    room: Arc<Application>,
    addresses: Vec<SocketAddr>,
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<io::Result<()>>>,
    _control: ControlSocket,
}

/// Serves an application through its control socket and through other doors, on threads of its own.
///
/// # Errors
/// [`ServeError`]; nothing is served then.
pub fn serve(room: Arc<Application>, doors: Doors) -> Result<Serving, ServeError> {
    let (control, listener) = ControlSocket::open(room.data_dir()).map_err(ServeError::Control)?;
    let addresses = doors.listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>();
    let addresses: Vec<_> = addresses.map_err(ServeError::Start)?;
    room.note_addresses(&addresses);
    if !addresses.is_empty() {
        memory::warn_if_short(room.settings());
    }
    let tls = room.settings().tls.as_ref().map(tls::config).transpose()?;
    let (tell, told) = mpsc::channel();
    let shared = Arc::clone(&room);
    let run = move || {
        let system = actix_web::rt::System::new();
        system.block_on(async move {
            let servers = build(shared, doors, listener, tls)?;
            // Whoever asked for it may be gone; then the server ends with its last handle.
            let _ = tell.send(servers.iter().map(Server::handle).collect::<Vec<_>>());
            futures::future::try_join_all(servers).await.map(drop)
        })
    };
    let thread = std::thread::Builder::new().name("door".to_owned()).spawn(run);
    let thread = thread.map_err(ServeError::Start)?;
    match told.recv() {
        Ok(handles) => {
            Ok(Serving { room, addresses, handles, thread: Some(thread), _control: control })
        }
        Err(_) => Err(ServeError::Start(thread_fault(thread))),
    }
}

/// Why a server's thread ended before it served.
fn thread_fault(thread: JoinHandle<io::Result<()>>) -> io::Error {
    match thread.join() {
        Ok(Err(error)) => error,
        Ok(Ok(())) | Err(_) => io::Error::other("the server's thread ended early"),
    }
}

/// The servers behind the doors.
fn build(
    room: Arc<Application>,
    doors: Doors,
    control: std::os::unix::net::UnixListener,
    tls: Option<rustls::ServerConfig>,
) -> io::Result<Vec<Server>> {
    let settings = room.settings().http.clone();
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let threads = if settings.threads > 0 { settings.threads } else { cores };
    let shared = web::Data::from(Arc::clone(&room));
    let mut server = HttpServer::new(move || {
        let app = App::new().app_data(web::Data::clone(&shared)).app_data(path_config());
        app.into_utoipa_app()
            .configure(http::operations)
            .into_app()
            .default_service(web::to(no_operation))
            .wrap(from_fn(admit))
            .wrap(from_fn(surround))
    })
    .on_connect(note_peer)
    .disable_signals()
    .tcp_nodelay(true)
    // Who closes a connection waits for nothing any more: decision 13.
    .h1_allow_half_closed(false)
    .max_connections(connections_max(threads))
    .client_request_timeout(Duration::from_secs(settings.head_timeout_s))
    .keep_alive(Duration::from_secs(settings.keep_alive_s))
    .shutdown_timeout(settings.shutdown_grace_s)
    .workers(threads);
    server = server.listen_uds(control)?;
    for listener in doors.listeners {
        server = match &tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls.clone())?,
            None => server.listen(listener)?,
        };
    }
    let mut servers = vec![server.run()];
    if let Some(listener) = doors.metrics {
        servers.push(metrics_server(room, listener)?);
    }
    Ok(servers)
}

/// The server of metrics alone.
fn metrics_server(room: Arc<Application>, listener: TcpListener) -> io::Result<Server> {
    let shared = web::Data::from(room);
    let server = HttpServer::new(move || {
        let numbers = |room: web::Data<Application>| async move { health::numbers(&room) };
        App::new().app_data(web::Data::clone(&shared)).route("/metrics", web::get().to(numbers))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

/// Notes who is at the other end of a control socket.
fn note_peer(connection: &dyn Any, extensions: &mut Extensions) {
    if let Some(socket) = connection.downcast_ref::<actix_web::rt::net::UnixStream>()
        && let Ok(credentials) = socket.peer_cred()
    {
        extensions.insert(Peer { user_id: credentials.uid() });
    }
}

impl Serving {
    /// The addresses that are listened on.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The application that is served.
    #[must_use]
    pub fn application(&self) -> &Arc<Application> {
        &self.room
    }

    /// Serves until the process is told to end (SIGTERM, SIGINT), then closes in good order.
    ///
    /// # Errors
    /// When signals cannot be waited for, or the server failed.
    pub fn wait(self) -> io::Result<()> {
        let (tell, told) = mpsc::channel();
        let signal = self.room.spawn(async move {
            let ended = end_signal().await;
            // The receiver waits below.
            let _ = tell.send(ended);
        });
        let ended = told.recv().unwrap_or_else(|_| Err(io::Error::other("no signals can be had")));
        signal.abort();
        ended?;
        tracing::info!("told to end; closing");
        self.stop()
    }

    /// Closes in good order: nothing new is begun, what runs may end, the log is sealed.
    ///
    /// # Errors
    /// When the server failed.
    pub fn stop(mut self) -> io::Result<()> {
        self.close()
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let grace = Duration::from_secs(self.room.settings().http.shutdown_grace_s);
        let (room, handles) = (Arc::clone(&self.room), std::mem::take(&mut self.handles));
        let (tell, told) = mpsc::channel();
        self.room.spawn(async move {
            room.close(grace).await;
            for handle in handles {
                handle.stop(true).await;
            }
            drop(room);
            // The receiver waits below.
            let _ = tell.send(());
        });
        // An error means that the task is gone, and its handles with it.
        let _ = told.recv();
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(cause = %error, "the server did not close in good order");
        }
    }
}

/// Waits until the process is told to end.
async fn end_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
