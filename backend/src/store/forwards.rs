//! Order Pay calls that were about to go to the gateway.

use std::io;

use pay_core::model::PaymentSessionId;
use sqlx::Row;

use crate::book::Moment;
use crate::rules::Forward;

use super::orders::{Store, number};

impl Store {
    /// Stores that an Order Pay is about to go to the gateway. Returns the session to send: that of the first call under this key, by
    /// whichever backend, so that a repeat has the same body.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub(crate) fn keep_forward(&self, forward: &Forward<'_>, at: Moment) -> io::Result<PaymentSessionId> {
        const KEEP: &str =
            "INSERT INTO forwards (order_id, idempotency_key, method, session, at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING";
        const FIRST: &str = "SELECT session FROM forwards WHERE order_id = $1 AND idempotency_key = $2";
        let named = |query: &'static str| {
            sqlx::query(query).bind(forward.order.to_string()).bind(forward.key.as_str().to_owned())
        };
        let keep = named(KEEP).bind(forward.method.to_owned()).bind(forward.session.expose().to_owned());
        self.sql.run(keep.bind(number(at.0)?).execute(self.sql.pool()))?;
        let row = self.sql.run(named(FIRST).fetch_one(self.sql.pool()))?;
        let session: String = row.try_get(0).map_err(io::Error::other)?;
        PaymentSessionId::parse(&session).map_err(io::Error::other)
    }
}
