//! The command line.

use std::{path::PathBuf, process::ExitCode};

use access::Secret;
use anyhow::Context;
use base::Clock;
use campanile::{
    app::{self, App},
    config::{self, Config},
    folder, limits, router, telemetry,
};
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The real-time operations server for vulnerability programs.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// A file of settings; config.default.toml is the manual of its keys.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (also without any command).
    Serve,
    /// Bring the tables of the database up to date and end.
    Migrate,
    /// Print the settings in force, secrets hidden.
    Config,
    /// Print the description of the API.
    Openapi,
    /// Change the secret key while servers run. The new one is read from the standard input, or made in the data folder
    /// where the present one is there.
    RotateKey {
        /// End the change, once every server has the new key: the old one opens nothing any more.
        #[arg(long)]
        finish: bool,
        /// The present key is lost: begin anew with the one that is set now, or a new one. Stored URLs are lost with it.
        #[arg(long, conflicts_with = "finish")]
        lost: bool,
    },
    /// Look after people from the machine itself.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Subcommand)]
enum Admin {
    /// Make an administrator, or give an existing one a new password; read from the standard input.
    Password {
        /// The address they sign in with.
        email: String,
    },
}

/// How long the process waits for computations that nobody waits for, such as the matching of an import that was stopped.
const LEFT: std::time::Duration = std::time::Duration::from_secs(1);

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint(&format!("campanile: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    // Whatever is written from here on is its owner's alone.
    folder::keep_private();
    let file = arguments.config.as_deref();
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Openapi => print(router::document_text().trim_end()),
        Command::Config => print(&config::shown(file, config::environment()?)?),
        command => {
            let config = Config::load(file, config::environment()?)?;
            telemetry::start_log(&config.log_level, config.log_json)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let done = runtime.block_on(with_data(command, config));
            // What computes in the background and is not waited for any more.
            runtime.shutdown_timeout(LEFT);
            return done;
        }
    }
    Ok(())
}

async fn with_data(command: Command, config: Config) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        Command::Migrate => {
            app::migrate(&config, &clock).await?;
            print("the tables are up to date");
            Ok(())
        }
        Command::Admin(Admin::Password { email }) => {
            let password = secret_line().context("no password on the standard input")?;
            app::set_password(&config, &clock, &email, password.expose()).await?;
            print("done");
            Ok(())
        }
        Command::RotateKey { lost: true, .. } => {
            print(&app::replace_lost_key(&config, &clock).await?);
            Ok(())
        }
        Command::RotateKey { finish: true, .. } => {
            print(&app::finish_rotation(&config, &clock).await?);
            Ok(())
        }
        Command::RotateKey { .. } => {
            let in_settings = config.secret_key.is_some();
            let new = in_settings.then(secret_line).transpose();
            let new = new.context("no secret key on the standard input")?;
            print(&app::rotate_key(&config, &clock, new).await?);
            Ok(())
        }
        _ => serve(config, clock).await,
    }
}

/// The first line of the standard input.
fn secret_line() -> std::io::Result<Secret> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

async fn serve(config: Config, clock: Clock) -> anyhow::Result<()> {
    limits::raise_descriptors(config.stream_connections);
    let demo = config.demo;
    let url = config.public_url.clone();
    let app = App::start(config, clock).await?;
    let own = app.own_url();
    let elsewhere = (url != own).then(|| format!(" ({url})"));
    print(&format!(
        "Campanile listens on {own}{}",
        elsewhere.unwrap_or_default()
    ));
    if demo {
        print(campanile::demo::SIGN_IN);
    }
    stopped().await?;
    app.stop().await;
    Ok(())
}

/// Waits for SIGTERM or Ctrl-C.
async fn stopped() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program that answers at a terminal")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a program that answers at a terminal")]
fn eprint(text: &str) {
    eprintln!("{text}");
}
