//! Connector and transport that report what they do.

use core::fmt;

use embedded_io_async::{ErrorType, Read, Write};
use pay_core::drive::transport::{self, Error as _, Transport};
use pay_core::sale::Delivery;
use pay_core::wire::{Endpoint, Request, ResponseHead, Route};
use transport_embassy::{Connect, ConnectError};

use crate::report::Report;

/// A connector that reports its connections.
pub(crate) struct Watched<'r, 'w, C> {
    pub(crate) inner: C,
    pub(crate) report: &'r Report<'w>,
}

/// A transport that reports its exchanges.
pub(crate) struct Reported<'r, 'w, T> {
    pub(crate) inner: T,
    pub(crate) report: &'r Report<'w>,
}

impl<C: ErrorType> ErrorType for Watched<'_, '_, C> {
    type Error = C::Error;
}

impl<C: Read> Read for Watched<'_, '_, C> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, C::Error> {
        self.inner.read(buf).await
    }
}

impl<C: Write> Write for Watched<'_, '_, C> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, C::Error> {
        self.inner.write(buf).await
    }

    async fn flush(&mut self) -> Result<(), C::Error> {
        self.inner.flush().await
    }
}

impl<C: Connect> Connect for Watched<'_, '_, C> {
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError> {
        self.inner.connect(host, port).await?;
        self.report.connected(host, port);
        Ok(())
    }

    fn peer_closed(&mut self) -> bool {
        self.inner.peer_closed()
    }

    fn abort(&mut self) {
        self.inner.abort();
    }
}

impl<T: transport::ErrorType> transport::ErrorType for Reported<'_, '_, T> {
    type Error = T::Error;
}

impl<T: Transport<Error: fmt::Display>> Transport for Reported<'_, '_, T> {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn disconnect(&mut self) {
        self.inner.disconnect();
    }

    /// Only when it is over is it known whether anything left, so `sent` comes with the answer, or with its loss.
    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, T::Error> {
        let call = request.call.kind();
        let result = self.inner.exchange(request, rx).await;
        if !matches!(&result, Err(error) if error.delivery() == Delivery::NotSent) {
            self.report.sent(call);
        }
        match &result {
            Ok(head) if request.call.route() == Route::Pay => self.report.reply(call, head.status),
            Ok(head) => self.report.status(call, head.status),
            Err(error) => self.report.failed(call, error.delivery(), error),
        }
        result
    }
}
