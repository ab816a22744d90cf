//! Values that are right once made, and the replies they get. No JSON, no I/O, no clock.

pub(crate) mod action;
pub(crate) mod amount;
pub(crate) mod authenticate;
pub(crate) mod call;
pub(crate) mod error;
pub(crate) mod id;
pub(crate) mod idempotency;
pub mod method;
pub(crate) mod open_order;
pub(crate) mod order;
pub(crate) mod order_pay;
pub(crate) mod refund;
pub(crate) mod refusal;
pub(crate) mod secret;
pub(crate) mod simulate;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod url;
pub(crate) mod version;

pub use action::{BankTransferDetails, FormField, FormFields, NextAction, QrImage, UpiLinks};
pub use amount::{Amount, Currency};
pub use authenticate::{Authenticate, AuthenticateReply, Otp};
pub use call::CallKind;
pub use error::{InvalidValue, Reason};
pub use id::{
    CfPaymentId, ClientId, CustomerId, InstrumentId, OfferId, OrderId, PaymentSessionId, Phone, Provider, RefundId, Vpa,
};
pub use idempotency::{DeviceSecret, Environment, IdempotencyKey, Operation, RequestId};
pub use method::MethodClass;
pub use open_order::OpenOrder;
pub(crate) use order::OrderTag;
pub use order::{CreateOrder, Customer, MARK_TAG, Order, Payment};
pub use order_pay::{OrderPay, OrderPayReply};
pub use refund::{CreateRefund, Refund, RefundReason, RefundSpeed};
pub use refusal::{Refusal, RefusalClass};
pub use secret::Secret;
pub use simulate::{Simulate, SimulatedStatus};
pub use status::{ActionWord, AuthenticateStatus, ChannelWord, MethodWord, OrderStatus, PaymentStatus, RefundStatus};
pub use text::Text;
pub(crate) use time::digits;
pub use time::{Timestamp, UnixSeconds};
pub use url::{UpiLink, Url, WrongLink};
pub use version::ApiVersion;

pub use super::json::escape::Escaped;
