//! Reading Room: the one binary. The plot is [`run`]; each command tells its own part.

mod args;
mod client;
mod commands;
mod hosting;
mod login;
mod output;
mod pages;
mod telemetry;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(telemetry::told(&error));
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked.
fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(demo) => commands::demo::run(&demo),
        Command::Init(init) => commands::server::init(&init),
        Command::Serve(serve) => commands::server::serve(&serve),
        Command::Generate(generate) => commands::server::generate(&generate),
        Command::Publish(publish) => commands::publish::run(&publish),
        Command::Snapshots(command) => commands::snapshots::run(command),
        Command::Redact(redact) => commands::redact::run(&redact),
        Command::Retention(command) => commands::redact::retention(command),
        Command::Editions(command) => commands::catalogue::editions(command),
        Command::Project(command) => commands::registrar::project(command),
        Command::Member(command) => commands::registrar::member(command),
        Command::Grant(command) => commands::registrar::grant(command),
        Command::Token(command) => commands::registrar::token(command),
        Command::Login(login) => login::run(&login),
        Command::Datasets(remote) => commands::catalogue::datasets(&remote),
        Command::Codebook(codebook) => commands::catalogue::codebook(&codebook),
        Command::Me(remote) => commands::catalogue::me(&remote),
        Command::Query(query) => commands::query::run(&query),
        Command::Log(command) => commands::audit::run(command),
        Command::Openapi => {
            output::text(gateway::openapi_yaml());
            Ok(())
        }
        Command::DatasetPages { folder } => pages::write(&folder),
        Command::SqlPage => pages::print_sql(),
        Command::Worker => worker::run(),
    }
}
