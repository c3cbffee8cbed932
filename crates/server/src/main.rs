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
    /// Settings file; config.default.toml documents its keys.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (also without any command).
    Serve,
    /// Migrate the database and exit.
    Migrate,
    /// Print the effective settings, secrets hidden.
    Config,
    /// Print the OpenAPI document.
    Openapi,
    /// Rotate the secret key while servers run. The new one is read from standard input, or generated in the data folder
    /// if the current one is there.
    RotateKey {
        /// Finish the rotation, once every server has the new key: the old one is no longer accepted.
        #[arg(long)]
        finish: bool,
        /// The current key is lost: start over with the one that is set now, or a new one. Stored URLs are lost.
        #[arg(long, conflicts_with = "finish")]
        lost: bool,
    },
    /// Manage users from the command line.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Subcommand)]
enum Admin {
    /// Create an administrator, or set a user's password; the password is read from standard input.
    Password {
        /// The email address used to sign in.
        email: String,
    },
}

/// How long the process waits at exit for abandoned computations, such as the matching of an import that was stopped.
const EXIT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

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
    // Files written from here on are private to their owner.
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
            // Abandoned background computations.
            runtime.shutdown_timeout(EXIT_TIMEOUT);
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
            print("the database is up to date");
            Ok(())
        }
        Command::Admin(Admin::Password { email }) => {
            let password = secret_line().context("no password on standard input")?;
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
            let new = new.context("no secret key on standard input")?;
            print(&app::rotate_key(&config, &clock, new).await?);
            Ok(())
        }
        _ => serve(config, clock).await,
    }
}

/// The first line of standard input.
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

#[expect(clippy::print_stdout, reason = "output of the command line")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "output of the command line")]
fn eprint(text: &str) {
    eprintln!("{text}");
}
