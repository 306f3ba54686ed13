//! What a strict referee would say of the design.

use attica::text::Text;
use serde::{Deserialize, Serialize};

/// One remark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    /// Which rule speaks: `leads`, `bad_controls`, ...
    pub rule: String,
    /// 1 the effect may not be identified, 2 its uncertainty may be wrong, 3 readers will ask.
    pub importance: u8,
    /// The remark, with its number.
    pub said: Text,
    /// What would answer it.
    pub answer: Text,
    /// Key of the step of this study that answers it, where there is one.
    pub section: Option<String>,
}
