//! The two connections of a terminal.

use super::super::sale::Failure;
use super::super::wire::{Request, ResponseHead, Route};
use super::transport::{self, Blocking, Error as _, Transport};

/// The connection that pays (to the gateway), and the one that answers for orders (to the holder of the merchant's
/// keys).
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)] // a terminal has one or two
pub enum Routes<P, A = P> {
    /// One for both: a desktop with keys, or a terminal that cannot ask at all.
    Same(P),
    /// The gateway to pay at, the merchant's backend to ask.
    Two {
        /// To the gateway.
        pay: P,
        /// To the backend.
        ask: A,
    },
}

impl<P> Routes<P, P> {
    /// One transport for both.
    pub const fn same(transport: P) -> Self {
        Self::Same(transport)
    }
}

impl<P, A> Routes<P, A> {
    /// One transport for each.
    pub const fn two(pay: P, ask: A) -> Self {
        Self::Two { pay, ask }
    }
}

impl<P, A> Routes<P, A> {
    /// The same, for async transports.
    pub(crate) fn blocking(self) -> Routes<Blocking<P>, Blocking<A>> {
        match self {
            Self::Same(pay) => Routes::Same(Blocking(pay)),
            Self::Two { pay, ask } => Routes::Two { pay: Blocking(pay), ask: Blocking(ask) },
        }
    }
}

impl<P: Transport, A: Transport> Routes<P, A> {
    pub(crate) async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Failure> {
        match self {
            Self::Two { ask, .. } if request.call.route() == Route::Ask => {
                ask.exchange(request, rx).await.map_err(|error| error.failure())
            }
            Self::Same(pay) | Self::Two { pay, .. } => pay.exchange(request, rx).await.map_err(|error| error.failure()),
        }
    }
}

impl<P: Transport, A: Transport> Routes<P, A> {
    pub(crate) fn disconnect(&mut self, route: Route) {
        match self {
            Self::Two { ask, .. } if route == Route::Ask => ask.disconnect(),
            Self::Same(pay) | Self::Two { pay, .. } => pay.disconnect(),
        }
    }
}

impl<P: transport::blocking::Transport, A: transport::blocking::Transport> Routes<P, A> {
    pub(crate) fn disconnect_blocking(&mut self, route: Route) {
        match self {
            Self::Two { ask, .. } if route == Route::Ask => ask.disconnect(),
            Self::Same(pay) | Self::Two { pay, .. } => pay.disconnect(),
        }
    }
}

impl<P: transport::blocking::Transport, A: transport::blocking::Transport> Routes<P, A> {
    pub(crate) fn exchange_blocking(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Failure> {
        match self {
            Self::Two { ask, .. } if request.call.route() == Route::Ask => {
                ask.exchange(request, rx).map_err(|error| error.failure())
            }
            Self::Same(pay) | Self::Two { pay, .. } => pay.exchange(request, rx).map_err(|error| error.failure()),
        }
    }
}
