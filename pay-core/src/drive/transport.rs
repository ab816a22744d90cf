//! The trait that sends a request to an endpoint.

use super::super::sale::delivery::{Delivery, ErrorKind, Failure};
use super::super::wire::api::Endpoint;
use super::super::wire::http::{Request, ResponseHead};

/// An error of a transport. The sale reads two facts of it.
pub trait Error: core::error::Error {
    /// What went wrong.
    fn kind(&self) -> ErrorKind;

    /// Whether the request can have arrived. [`Delivery::NotSent`] only if no byte of it can have left.
    fn delivery(&self) -> Delivery;

    /// Both facts.
    fn failure(&self) -> Failure {
        Failure { kind: self.kind(), delivery: self.delivery() }
    }
}

/// The error type shared by the blocking and the async trait.
pub trait ErrorType {
    /// The transport's error.
    type Error: Error;
}

/// Sends a request to one [`Endpoint`] and receives the answer: at most once, without retry, redirect or plain text.
///
/// An answer of any status is `Ok`; its body is `rx[..head.body_len]`. A body longer than `rx` is `Ok` with
/// `head.truncated`. Everything happens within `request.timeout_ms`. After an error the connection is closed. A
/// kept-alive connection that the server has closed is noticed before the first byte of a request, or the error is
/// [`Delivery::Unknown`].
///
/// Cancellation: dropping the future is safe for memory and *unknown* for money: the request may have arrived. The
/// transport must drop the connection then.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Transport: ErrorType {
    /// The endpoint that this transport sends to.
    fn endpoint(&self) -> &Endpoint;

    /// Closes the connection, if there is one: its last answer belonged to another request, and so might the next.
    fn disconnect(&mut self);

    /// Sends one request and receives one answer.
    ///
    /// # Errors
    /// The transport's own error; it says what went wrong and whether the request can have arrived.
    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error>;
}

impl<T: ErrorType + ?Sized> ErrorType for &mut T {
    type Error = T::Error;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn endpoint(&self) -> &Endpoint {
        T::endpoint(self)
    }

    fn disconnect(&mut self) {
        T::disconnect(self);
    }

    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error> {
        T::exchange(self, request, rx).await
    }
}

/// The same for threads that may block.
pub mod blocking {
    use super::{Endpoint, ErrorType, Request, ResponseHead};

    /// [`super::Transport`] without `async`: same name, same methods, same contract.
    pub trait Transport: ErrorType {
        /// The endpoint that this transport sends to.
        fn endpoint(&self) -> &Endpoint;

        /// Closes the connection, if there is one.
        fn disconnect(&mut self);

        /// Sends one request and receives one answer.
        ///
        /// # Errors
        /// The transport's own error; it says what went wrong and whether the request can have arrived.
        fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error>;
    }

    impl<T: Transport + ?Sized> Transport for &mut T {
        fn endpoint(&self) -> &Endpoint {
            T::endpoint(self)
        }

        fn disconnect(&mut self) {
            T::disconnect(self);
        }

        fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error> {
            T::exchange(self, request, rx)
        }
    }
}

/// Makes a blocking transport an async one that never yields.
#[derive(Debug)]
pub struct Blocking<T>(pub T);

impl<T: ErrorType> ErrorType for Blocking<T> {
    type Error = T::Error;
}

impl<T: blocking::Transport> Transport for Blocking<T> {
    fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    fn disconnect(&mut self) {
        self.0.disconnect();
    }

    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Self::Error> {
        self.0.exchange(request, rx)
    }
}
