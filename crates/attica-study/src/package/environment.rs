//! `environment.json`: the program and the machine that a package was made with.

use serde::{Deserialize, Serialize};

/// What numbers may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of Attica.
    pub attica: String,
    /// Operating system.
    pub system: String,
    /// Processor family.
    pub architecture: String,
    /// Instructions of the processor that change how sums are rounded.
    pub processor: Vec<String>,
}

impl Environment {
    /// Of this program on this machine.
    pub fn here() -> Self {
        Self {
            attica: env!("CARGO_PKG_VERSION").to_owned(),
            system: std::env::consts::OS.to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            processor: features(),
        }
    }

    /// As a file.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    let known = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
    ];
    known.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<String> {
    Vec::new()
}
