use std::collections::BTreeSet;
use std::future::Future;

use axum::http::{HeaderMap, Method};
use axum::response::Response;

use crate::server::{ApiResult, AppState};

/// An argument of handlers.
pub trait Argument {
    /// Statuses with which it answers instead of the handler.
    const STATUSES: &'static [u16];
    /// Whether it is read from a body that may be absent.
    const IS_OPTIONAL_BODY: bool = false;
}

/// What handlers return.
pub trait Outcome {
    /// Statuses of failures that can happen in any handler that returns this.
    const STATUSES: &'static [u16];
    /// Whether browsers see errors as pages.
    const IS_PAGE: bool = false;
}

/// A handler with these arguments.
pub trait Handler<Arguments> {
    const IS_PAGE: bool;
    const HAS_OPTIONAL_BODY: bool;

    fn statuses(is_safe: bool) -> BTreeSet<u16>;
}

/// A panic.
const ANY: u16 = 500;
/// What [`crate::server::http::middleware::cross_site`] answers to methods that change something.
const UNSAFE: u16 = 403;
/// A full queue, an internal failure, a closed database, a deadline, a full disk.
pub const FALLIBLE: &[u16] = &[429, 500, 503, 504, 507];

macro_rules! handler {
    ($($argument:ident)*) => {
        impl<F, R, $($argument,)*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            R: Future,
            R::Output: Outcome,
            $($argument: Argument,)*
        {
            const IS_PAGE: bool = <R::Output as Outcome>::IS_PAGE;
            const HAS_OPTIONAL_BODY: bool = false $(|| $argument::IS_OPTIONAL_BODY)*;

            fn statuses(is_safe: bool) -> BTreeSet<u16> {
                let around = [ANY].into_iter().chain((!is_safe).then_some(UNSAFE));
                let within = [<R::Output as Outcome>::STATUSES, $($argument::STATUSES),*];
                around.chain(within.into_iter().flatten().copied()).collect()
            }
        }
    };
}

handler!();
handler!(A);
handler!(A B);
handler!(A B C);
handler!(A B C D);
handler!(A B C D E);
handler!(A B C D E G);

impl Argument for AppState {
    const STATUSES: &'static [u16] = &[];
}

impl Argument for HeaderMap {
    const STATUSES: &'static [u16] = &[];
}

impl Argument for Method {
    const STATUSES: &'static [u16] = &[];
}

impl<T> Outcome for ApiResult<T> {
    const STATUSES: &'static [u16] = FALLIBLE;
}

impl Outcome for Response {
    const STATUSES: &'static [u16] = &[];
}
