//! A data folder that this process owns, and the doors through which it is reached.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use domain::SystemClock;
use gateway::serve::{self, ServeError, Serving};
use gateway::{Application, Settings};
use sandbox::Wall;

/// Which doors a data folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doors {
    /// All that the settings say, and the control socket.
    All,
    /// The control socket alone, for the command that opened the folder.
    ControlOnly,
}

/// A data folder that this process owns and serves; closed in good order when this is dropped.
pub(crate) struct Hosted {
    serving: Serving,
    scheme: &'static str,
    wall: Wall,
}

impl Hosted {
    /// Opens a data folder and its doors.
    ///
    /// # Order
    /// The doors come first: a port that is taken leaves the folder as it was.
    pub(crate) fn open(data: &Path, settings: Settings, doors: Doors) -> anyhow::Result<Self> {
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let doors = match doors {
            Doors::All => serve::Doors::open(&settings).map_err(explained)?,
            Doors::ControlOnly => serve::Doors::default(),
        };
        let room = Application::open(data, settings, Arc::new(SystemClock))
            .with_context(|| format!("{} cannot be opened", data.display()))?;
        let wall = room.pool().wall();
        let serving = serve::serve(room, doors)
            .with_context(|| format!("{} cannot be served", data.display()))?;
        Ok(Self { serving, scheme, wall })
    }

    /// The address of its first door.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        let address = self.serving.addresses().first().context("it listens nowhere")?;
        Ok(format!("{}://{address}", self.scheme))
    }

    /// The wall that stands around its workers.
    pub(crate) fn wall(&self) -> &Wall {
        &self.wall
    }

    /// Serves until the process is told to end, then closes in good order.
    pub(crate) fn wait(self) -> anyhow::Result<()> {
        self.serving.wait().context("the server failed")
    }
}

/// What to do about an address that cannot be listened on.
fn explained(error: ServeError) -> anyhow::Error {
    let in_use = match &error {
        ServeError::Listen { source, .. } => source.kind() == std::io::ErrorKind::AddrInUse,
        ServeError::Control(_) | ServeError::Tls(_) | ServeError::Start(_) => false,
    };
    let error = anyhow::Error::from(error);
    if in_use {
        return error.context("the port is taken; name another, or port 0 for a free one");
    }
    error
}
