//! Proxies between a client and a server.
//!
//! Each lives on a thread of its own with its own runtime, so that it works whatever the test
//! does meanwhile: wait for a child process, block, or end its runtime.

mod delay;
mod fault;
mod frames;
mod socket;

use std::future::Future;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;
use tokio::sync::oneshot;
use whimbrel_engine::{Host, SslMode, Target};

pub use delay::DelayProxy;
pub use fault::{At, Cut, Fault, FaultProxy, When};
pub use frames::{Direction, Point, Record};

use socket::{Listener, Socket};

/// What a proxy listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A port of 127.0.0.1.
    Tcp,
    /// A unix socket, in a folder that only this user may enter: not for a PgBouncer that became
    /// another user.
    Socket,
}

/// The side of a proxy that clients see. Ends with this value.
#[derive(Debug)]
struct Front {
    target: Target,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: Option<TempDir>,
}

impl Front {
    /// Listens, and serves each client with the server that `target` leads to.
    fn start<F>(target: &Target, listen: Listen, serve: impl Fn(Link) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let host = target.hosts.first().expect("a target has at least one host").clone();
        let folder = (listen == Listen::Socket)
            .then(|| tempfile::tempdir().expect("make a folder for the proxy's socket"));
        let (stop, stopped) = oneshot::channel();
        let (ours, bound) = std::sync::mpsc::channel();
        let path = folder.as_ref().map(|folder| folder.path().to_owned());
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime needs nothing that a test process lacks");
            runtime.block_on(async move {
                let listener = Listener::bind(path.as_deref()).await.expect("listen for clients");
                ours.send(listener.host()).expect("the test waits for the proxy");
                tokio::select! {
                    () = accept(listener, host, serve) => {}
                    _ = stopped => {}
                }
            });
            // Whatever is under way ends with the runtime, its connections with it.
        });
        let host = bound.recv().expect("the proxy listens");
        let target = Target { hosts: vec![host], ssl_mode: SslMode::Disable, ..target.clone() };
        Self { target, stop: Some(stop), thread: Some(thread), _folder: folder }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A client and the server that it wants.
struct Link {
    client: Socket,
    server: Host,
}

async fn accept<F>(listener: Listener, server: Host, serve: impl Fn(Link) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A client that is gone before it was accepted is none.
        let Ok(client) = listener.accept().await else { continue };
        tokio::spawn(serve(Link { client, server: server.clone() }));
    }
}
