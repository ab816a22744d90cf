//! What idempotency keys count for.

/// Whether `x-idempotency-key` counts on calls that carry no merchant credentials. The documents leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKeys {
    /// The key counts on every POST.
    #[default]
    Honoured,
    /// The key counts only beside `x-client-id` and `x-client-secret`; without them the same request is done twice.
    Ignored,
}
