//! `upi`: link, collect, QR.

use super::super::error::{InvalidValue, Reason};
use super::super::id::Vpa;
use super::super::time::Timestamp;
use super::super::version::ApiVersion;

/// A UPI payment; the variant is the channel, so that no channel can have members of another.
#[allow(clippy::large_enum_variant)] // no heap to box the larger one
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Upi {
    /// `link`: links for UPI apps. [`Upi::link`] makes one.
    Link {
        /// The payer's address, where known. Harmless here.
        upi_id: Option<Vpa>,
    },
    /// `collect`: a request in the payer's app, made by [`Collect::new`]. NPCI has been retiring it for merchants since 2026-02-28.
    Collect(Collect),
    /// `qrcode`: an image to scan.
    QrCode,
    /// `podQrCode`: an image to scan on delivery, since `2026-01-01`.
    PodQrCode,
}

/// A UPI collect request.
#[derive(Clone, Debug)]
pub struct Collect {
    pub(crate) upi_id: Vpa,
    pub(crate) expiry_minutes: Option<u8>,
    pub(crate) redirect_url: Option<bool>,
    pub(crate) authorize_only: Option<bool>,
    pub(crate) authorization: Option<Authorization>,
}

/// A one-time mandate: until when the payer approves, and from when to when the money may be taken.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub(crate) approve_by: Timestamp,
    pub(crate) start_time: Timestamp,
    pub(crate) end_time: Timestamp,
}

impl Upi {
    /// Links for UPI apps.
    pub const fn link() -> Self {
        Self::Link { upi_id: None }
    }

    pub(super) fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        match self {
            Self::PodQrCode => version.needs(ApiVersion::V2026_01_01, "podQrCode"),
            _ => Ok(()),
        }
    }
}

impl Collect {
    /// A request to this payer.
    pub fn new(upi_id: Vpa) -> Self {
        Self { upi_id, expiry_minutes: None, redirect_url: None, authorize_only: None, authorization: None }
    }

    /// How long the payer may take: 5 to 15 minutes (5 if not given).
    ///
    /// # Errors
    /// [`Reason::OutOfRange`].
    pub fn with_expiry_minutes(mut self, minutes: u8) -> Result<Self, InvalidValue> {
        if !(5..=15).contains(&minutes) {
            return Err(InvalidValue::new("upi_expiry_minutes", Reason::OutOfRange { min: 5, max: 15 }));
        }
        self.expiry_minutes = Some(minutes);
        Ok(self)
    }

    /// Asks for a page of the gateway that waits for the payer.
    #[must_use]
    pub fn with_redirect_url(mut self, wanted: bool) -> Self {
        self.redirect_url = Some(wanted);
        self
    }

    /// Holds the money under a one-time mandate instead of taking it.
    #[must_use]
    pub fn with_authorization(mut self, authorization: Authorization) -> Self {
        self.authorize_only = Some(true);
        self.authorization = Some(authorization);
        self
    }
}

impl Authorization {
    /// A mandate.
    pub const fn new(approve_by: Timestamp, start_time: Timestamp, end_time: Timestamp) -> Self {
        Self { approve_by, start_time, end_time }
    }
}
