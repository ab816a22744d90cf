//! Sends a till's requests over its routes, and lets the observer hear of it.

use core::fmt::Display;

use super::super::drive::Routes;
use super::super::drive::transport::{Error, Transport};
use super::super::sale::Failure;
use super::super::wire::{Request, ResponseHead, Route};
use super::observer::{Heard, Observer};

/// What came of it, for the sale; the observer hears the transport's own words.
fn heard<E: Error + Display>(
    request: &Request<'_>,
    result: Result<ResponseHead, E>,
    observer: &mut impl Observer,
) -> Result<ResponseHead, Failure> {
    let failure = result.as_ref().map(|head| head.status).map_err(|error| error.failure());
    let error = result.as_ref().err().map(|error| error as &dyn Display);
    let (call, route) = (request.call.kind(), request.call.route());
    observer.exchanged(Heard { call, route, result: failure, error });
    result.map_err(|error| error.failure())
}

pub(super) async fn exchange<P: Transport, A: Transport>(
    routes: &mut Routes<P, A>,
    request: &Request<'_>,
    rx: &mut [u8],
    observer: &mut impl Observer,
) -> Result<ResponseHead, Failure> {
    match routes {
        Routes::Two { ask, .. } if request.call.route() == Route::Ask => {
            heard(request, ask.exchange(request, rx).await, observer)
        }
        Routes::Same(pay) | Routes::Two { pay, .. } => heard(request, pay.exchange(request, rx).await, observer),
    }
}
