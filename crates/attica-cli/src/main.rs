//! The `attica` command: arguments in, documents and one exit code out. What is computed is decided
//! in the libraries; here are files, terminals and words to the user.
//!
//! Exit codes: 0 done, 1 the analysis failed, 2 bad input or usage, 130 interrupted.

mod args;
mod commands;
mod output;
mod progress;
mod say;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use say::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    output::clean_up_when_interrupted();
    if let Some(threads) = args.threads
        && let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()
    {
        say::note(&format!("--threads {threads} is ignored: {error}"));
    }
    let json = args.command.json();
    let done = match args.command {
        Command::Run(args) => commands::run::run(&args),
        Command::Demo(args) => commands::demo::demo(&args),
        Command::New(args) => commands::new::new(&args),
        Command::Check(args) => commands::check::check(&args),
        Command::Fit(args) => commands::fit::fit(&args),
        Command::Did(args) => commands::did::did(&args),
        Command::Index(args) => commands::index::index(&args),
        Command::Audit(args) => commands::audit::audit(&args),
        Command::Schema(args) => {
            commands::schema::schema(&args);
            Ok(())
        }
        Command::Render(args) => commands::render::render(&args),
        Command::Export(args) => commands::export::export(&args),
        Command::Package(args) => commands::package::package(&args),
        Command::Verify(args) => commands::package::verify(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure, json);
            ExitCode::from(failure.code)
        }
    }
}

/// What every command returns.
type Done = Result<(), Failure>;
