//! The texts that a caller shows or logs.

use pay_core::sale::{Conflict, Delivery, ErrorKind, Failure, LimitReached, Millis, SaleError};
use pay_core::wire::EncodeError;

// Meant to notice: a text that is empty, and one that stands for another.
#[test]
fn what_went_wrong_is_said_in_words() {
    let failure = |delivery| Failure { kind: ErrorKind::TimedOut, delivery }.to_string();
    for (said, want) in [
        (ErrorKind::Resolve.to_string(), "the host's address could not be found"),
        (ErrorKind::Connect.to_string(), "no connection"),
        (ErrorKind::Tls.to_string(), "the TLS handshake failed"),
        (ErrorKind::Untrusted.to_string(), "the server's certificate is not trusted"),
        (ErrorKind::TimedOut.to_string(), "timed out"),
        (ErrorKind::Closed.to_string(), "the connection ended early"),
        (ErrorKind::ResponseTooLarge.to_string(), "the answer's head is too large"),
        (ErrorKind::BadResponse.to_string(), "the answer is not HTTP"),
        (ErrorKind::Abandoned.to_string(), "the exchange was given up"),
        (ErrorKind::Other.to_string(), "the exchange failed"),
        (failure(Delivery::NotSent), "timed out; nothing was sent"),
        (failure(Delivery::Unknown), "timed out; the request may have arrived"),
        (LimitReached::Open.to_string(), "too many sales are unsettled"),
        (LimitReached::Total.to_string(), "too much money is in unsettled sales"),
        (LimitReached::Age.to_string(), "a sale is unsettled for too long"),
        (Conflict::Stale.to_string(), "order_id: the journal knows this order already; resume it"),
        (
            Conflict::OtherIntent.to_string(),
            "order_id: the journal has it with another amount, currency, environment or attempt",
        ),
        (Conflict::KeyReused.to_string(), "x-idempotency-key: the journal has it with another order"),
        (SaleError::RxTooSmall { needed: 4_096 }.to_string(), "the receive buffer is too small: 4096 bytes are needed"),
        (SaleError::NotNow.to_string(), "the sale is not at a point where this can be done"),
        (SaleError::TooManyAttempts.to_string(), "the sale has had its attempts"),
        (SaleError::KeyReused.to_string(), "x-idempotency-key: was used for another attempt of this sale"),
        (SaleError::CardNotRelayed.to_string(), "payment_method: a card is not paid through the merchant's backend"),
        (SaleError::OtherSession.to_string(), "payment_session_id: is not the session of this order"),
        (Millis(1_500).to_string(), "1500 ms"),
    ] {
        assert_eq!(said, want);
    }
    // The value that does not fit is named by whoever knows it.
    let too_small = EncodeError::BufferTooSmall { needed: 900 };
    assert_eq!(SaleError::Encode(too_small).to_string(), too_small.to_string());
}
