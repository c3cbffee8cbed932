//! An engine that runs in the background of a test.

use tokio::{sync::oneshot, task::JoinHandle};

use crate::Engine;

/// A running engine.
pub(crate) struct Running {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn start(engine: Engine) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Self {
            stop: Some(stop),
            task: tokio::spawn(engine.run(shutdown)),
        }
    }

    /// Shuts it down in order.
    pub(crate) async fn stop(mut self) {
        self.ask_to_stop();
        self.task.await.unwrap();
    }

    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
