//! Callers' SQL is parsed, planned and run in processes of their own, which can open the named tables and nothing else.
//!
//! * [`process`]: the server's handle on one worker; [`pool`]: those that are ready
//! * [`protocol`]: what both say to each other
//! * [`serve`]: the worker's side: [`sandbox`] closes everything else, [`instance`] is the engine

mod instance;
mod pool;
mod process;
mod protocol;
pub mod sandbox;
mod serve;

pub use instance::Instance;
pub use pool::{Pool, Spawn};
pub use process::Worker;
pub use protocol::{Finished, Kind, Prepare, Request, Run, Start, TableSpec};
pub use serve::{send_rows, serve};
