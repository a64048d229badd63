//! Reading syntax trees, which come from callers.

use tokio::sync::oneshot;

use super::QueryError;
use crate::engine::parse::MAX_LEVELS;

/// Levels of a tree that any thread has stack for, and a size that takes it no time, in bytes.
const FEW_LEVELS: usize = 64;
const SMALL: usize = 256 * 1024;
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Reads a tree of at most so many levels as `read` is told.
pub async fn read<T: Send + 'static>(
    tree: String,
    read: impl Fn(&str, usize) -> Result<T, QueryError> + Send + 'static,
) -> Result<T, QueryError> {
    if tree.len() < SMALL {
        match read(&tree, FEW_LEVELS) {
            Err(QueryError::TooComplex(_)) => {}
            result => return result,
        }
    }
    // Trees are read by recursion, and long ones take time.
    let (sender, receiver) = oneshot::channel();
    let run = move || drop(sender.send(read(&tree, MAX_LEVELS)));
    let thread = std::thread::Builder::new().name("policy".into()).stack_size(STACK_BYTES);
    thread.spawn(run).map_err(|error| QueryError::Internal(format!("cannot start a thread: {error}")))?;
    receiver.await.map_err(|_| QueryError::Internal("a thread died".into()))?
}
