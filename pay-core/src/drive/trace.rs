//! One line for each exchange, where a feature asks for it: the call, and its status or failure. Never a body, a URL or an id.

macro_rules! trace {
    ($request:expr, $result:expr) => {{
        #[cfg(feature = "log")]
        match &$result {
            Ok(head) => log::debug!("{:?}: status {}", $request.call.kind(), head.status),
            Err(failure) => log::debug!("{:?}: {failure}", $request.call.kind()),
        }
        #[cfg(feature = "defmt")]
        match &$result {
            Ok(head) => defmt::debug!("{}: status {=u16}", $request.call.kind(), head.status),
            Err(failure) => defmt::debug!("{}: {}", $request.call.kind(), failure),
        }
    }};
}
pub(super) use trace;
