//! Waits for the signal to end.

use tokio::runtime::Runtime;

/// Receives SIGTERM and SIGINT from the moment it is created.
pub(crate) struct Stop {
    runtime: Runtime,
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stop {
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _inside = runtime.enter();
            [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]
        };
        Ok(Self { runtime, signals })
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    /// Waits for the first of them.
    #[cfg(unix)]
    pub(crate) fn wait(self) {
        let Self { runtime, signals: [mut terminate, mut interrupt] } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
    }

    #[cfg(not(unix))]
    pub(crate) fn wait(self) {
        let _ = self.runtime.block_on(tokio::signal::ctrl_c());
    }
}
