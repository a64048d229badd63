//! Standard input and output, where they are a console.

use winapi_util::HandleRef;
use winapi_util::console::{mode, set_mode};

/// `ENABLE_ECHO_INPUT`
const ECHO: u32 = 0x4;

/// Turns the echo of what is typed off until dropped.
pub struct Hidden(Option<u32>);

impl Hidden {
    pub fn stdin() -> Self {
        let Ok(previous) = mode(HandleRef::stdin()) else { return Self(None) };
        Self(set_mode(HandleRef::stdin(), previous & !ECHO).is_ok().then_some(previous))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(previous) = self.0 {
            let _ = set_mode(HandleRef::stdin(), previous);
        }
    }
}
