use serde::Serialize;

/// The last row of the chain; before the first row number 0 with an empty hash. Whoever stores it elsewhere notices a
/// later rewrite of the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    pub seq: i64,
    pub hash: String,
}
