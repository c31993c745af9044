//! `init`, `serve`, `generate`: a data folder, the server on it, and exports to fill it with.

use std::path::Path;

use anyhow::Context as _;
use gateway::settings::TlsSettings;
use gateway::{Application, Settings};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandbox::{Layer, Level, Wall};
use world::{Scale, WorldReport, WorldSettings};

use crate::args::{Generate, Init, ScaleName, Serve};
use crate::hosting::{Doors, Hosted};
use crate::output;
use crate::telemetry;

/// Runs `init`.
pub(crate) fn init(init: &Init) -> anyhow::Result<()> {
    make_folder(&init.data)?;
    let folder = init.data.display();
    output::line(format_args!(
        "{folder} is ready: read {folder}/readingroom.toml, then `readingroom serve --data {folder}`"
    ));
    Ok(())
}

/// Makes an empty data folder.
pub(crate) fn make_folder(data: &Path) -> anyhow::Result<()> {
    Application::init(data).map_err(anyhow::Error::from)
}

/// Runs `serve`.
pub(crate) fn serve(serve: &Serve) -> anyhow::Result<()> {
    telemetry::begin("info");
    let running = start(&serve.data, serve.config.as_deref(), |settings| {
        if let Some(listen) = serve.listen {
            settings.listen = listen;
        }
        settings.workers.sandbox = serve.sandbox.unwrap_or(settings.workers.sandbox);
        if let (Some(certificate), Some(key)) = (&serve.tls_cert, &serve.tls_key) {
            settings.tls = Some(TlsSettings { certificate: certificate.clone(), key: key.clone() });
        }
    })?;
    output::line(format_args!("Reading Room listens on {}", running.url()?));
    running.wait()
}

/// Opens a data folder and serves it, with its configuration as the command line changes it.
pub(crate) fn start(
    data: &Path,
    config: Option<&Path>,
    adjust: impl FnOnce(&mut Settings),
) -> anyhow::Result<Hosted> {
    let mut settings = settings_of(data, config)?;
    adjust(&mut settings);
    let hosted = Hosted::open(data, settings, Doors::All)?;
    warn_of_holes(hosted.wall());
    Ok(hosted)
}

/// Says in red what does not stand of the wall.
fn warn_of_holes(wall: &Wall) {
    let missing: Vec<&str> = wall.missing().map(Layer::as_str).collect();
    match wall.level {
        Level::Off => output::warning(format_args!(
            "the sandbox is off: whoever breaks the engine is on this machine as this user; \
             docs/sandbox.md says what each layer holds back"
        )),
        Level::BestEffort if !missing.is_empty() => output::warning(format_args!(
            "the sandbox has not all of its layers here; missing: {}",
            missing.join(", ")
        )),
        Level::BestEffort | Level::Strict => {}
    }
}

/// The configuration of a data folder.
pub(crate) fn settings_of(data: &Path, config: Option<&Path>) -> anyhow::Result<Settings> {
    let in_folder = data.join(gateway::application::folder::SETTINGS_FILE);
    match config {
        Some(file) => Settings::load(file).map_err(anyhow::Error::from),
        None if in_folder.exists() => Settings::load(&in_folder).map_err(anyhow::Error::from),
        // Opening the folder says what is wrong with it, better than a missing file would.
        None => Ok(Settings::default()),
    }
}

/// Runs `generate`.
pub(crate) fn generate(generate: &Generate) -> anyhow::Result<()> {
    let report = generate_into(&generate.out, generate.scale, generate.seed)?;
    for edition in &report.editions {
        for delivery in &edition.deliveries {
            output::line(format_args!(
                "{}: {} rows in {} files",
                delivery.dataset,
                delivery.rows,
                delivery.files.len()
            ));
        }
        output::line(format_args!("{} rows in all, as of {}\n", edition.rows(), edition.as_of));
    }
    output::line(format_args!("what is true of them: {}", report.truths.display()));
    Ok(())
}

/// Writes the exports of a world into a folder.
pub(crate) fn generate_into(
    out: &Path,
    scale: ScaleName,
    seed: u64,
) -> anyhow::Result<WorldReport> {
    let scale = match scale {
        ScaleName::Small => Scale::Small,
        ScaleName::Medium => Scale::Medium,
        ScaleName::Large => Scale::Large,
    };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("generate {bar:32} {human_pos}/{human_len} rows {elapsed}")
            .expect("invariant: a constant template parses");
    bar.set_style(style);
    if bar.is_hidden() {
        output::note(format_args!("generating the {scale} world of seed {seed}"));
    }
    let report = world::generate(&WorldSettings::new(seed, scale), out, |progress| {
        bar.set_length(progress.rows_expected);
        bar.set_position(progress.rows);
    })
    .with_context(|| format!("the world cannot be written to {}", out.display()))?;
    bar.finish_and_clear();
    Ok(report)
}
