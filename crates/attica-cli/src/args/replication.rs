//! What can be asked of `attica export`, `attica package` and `attica verify`.

use std::path::PathBuf;

use attica_study::export::Software;
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub struct Export {
    /// The study file
    pub study: PathBuf,
    /// Software that the script is for
    #[arg(long)]
    pub to: To,
    /// The script to write; its data go beside it as FILE.csv [default: reproduce.do, reproduce.R or reproduce.py]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Folder that the data files are in; by default that of the study file
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Replace files of that name
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum To {
    /// reghdfe and community commands
    Stata,
    /// fixest and the packages of the estimators
    R,
    /// pyfixest
    Python,
}

impl From<To> for Software {
    fn from(to: To) -> Self {
        match to {
            To::Stata => Self::Stata,
            To::R => Self::R,
            To::Python => Self::Python,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct Package {
    /// The study file
    pub study: PathBuf,
    /// The folder to write, or a file that ends in .zip
    #[arg(long, value_name = "DIR|ZIP", default_value = "replication-package")]
    pub out: PathBuf,
    /// Folder that the data files are in; by default that of the study file
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Replace what was changed by hand, or a zip file of that name
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The folder or zip file that `attica package` wrote
    pub package: PathBuf,
    /// Print one JSON object on stdout
    #[arg(long)]
    pub json: bool,
}
