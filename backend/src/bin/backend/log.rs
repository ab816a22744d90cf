//! The log on standard error.

use std::sync::Arc;

use backend::Notice;
use tracing::{Level, error, info, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::options::Log;

/// The least level. Libraries do not log here: their messages may contain what was sent.
pub(crate) fn begin(log: Log) {
    if log == Log::Json {
        let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        let ours = Targets::new().with_target("backend", Level::INFO);
        tracing_subscriber::registry().with(json.with_current_span(false).with_span_list(false)).with(ours).init();
    }
}

/// Logs the notices.
pub(crate) fn notices(log: Log) -> Arc<dyn Fn(&Notice) + Send + Sync> {
    match log {
        Log::Text => Arc::new(|notice| eprintln!("backend: {notice}")),
        Log::Json => Arc::new(|notice| {
            let (kind, order_id) = (notice.kind(), notice.order_id());
            match notice {
                Notice::NotKept(_) => error!(kind, "{notice}"),
                Notice::Refunded { .. } => info!(kind, order_id, "{notice}"),
                _ => warn!(kind, order_id, "{notice}"),
            }
        }),
    }
}

/// Logs that the backend ends.
pub(crate) fn stopping(log: Log) {
    match log {
        Log::Text => eprintln!("backend: stopping"),
        Log::Json => info!("stopping"),
    }
}
