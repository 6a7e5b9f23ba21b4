//! A proxy that knows the protocol and does harm at a chosen message.
//!
//! First a run is recorded: every message in both directions, each with its [`Point`]. Then the
//! same run is made again for each point, with a [`Fault`] there.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::Notify;
use whimbrel_engine::Target;

use super::frames::{self, Direction, Frame, GSS_REQUEST, Point, Record, SSL_REQUEST};
use super::socket::Socket;
use super::{Front, Link, Listen};

/// How much is read at once.
const READ: usize = 64 * 1024;

/// A proxy for plain connections, between a client and a server or a pooler.
///
/// It says itself that there is no TLS, so that a client with `sslmode=prefer` can be recorded.
#[derive(Debug)]
pub struct FaultProxy {
    front: Front,
    shared: Arc<Shared>,
}

impl FaultProxy {
    /// Stands between the server that the target leads to and whoever comes.
    pub fn start(target: &Target, listen: Listen) -> Self {
        let shared = Arc::new(Shared::default());
        let front = Front::start(target, listen, {
            let shared = Arc::clone(&shared);
            move |link| {
                let connection = shared.connected();
                serve(link, connection)
            }
        });
        Self { front, shared }
    }

    /// The same server, seen through the proxy.
    pub fn target(&self) -> &Target {
        &self.front.target
    }

    /// Begins a new run: counts connections from 0 again and forgets what was recorded. What is
    /// left of the run before is still carried, and recorded nowhere.
    pub fn begin(&self) {
        let mut state = self.shared.state();
        *state = State { run: state.run + 1, ..State::default() };
    }

    /// All messages of this run so far, in the order in which they went by.
    pub fn record(&self) -> Vec<Record> {
        self.shared.state().record.clone()
    }

    /// Waits until every connection of this run has ended, so that the record is whole.
    pub async fn ended(&self) {
        loop {
            let news = self.shared.news.notified();
            if self.shared.state().open == 0 {
                return;
            }
            news.await;
        }
    }

    /// Prepares a fault, in place of any that has not struck.
    pub fn arm(&self, fault: Fault) {
        let mut state = self.shared.state();
        state.armed = Some(fault);
        state.struck = None;
        state.call_panicked = false;
    }

    /// Takes back a fault that has not struck.
    pub fn disarm(&self) {
        self.shared.state().armed = None;
    }

    /// The message at which the fault has struck, if it has.
    ///
    /// # Panics
    /// When its call panicked.
    pub fn struck(&self) -> Option<Record> {
        let state = self.shared.state();
        let (struck, panicked) = (state.struck.clone(), state.call_panicked);
        drop(state);
        assert!(!panicked, "the call of the fault at {struck:?} panicked");
        struck
    }

    /// Waits until the fault has struck and its call has returned.
    pub async fn strike(&self) -> Record {
        loop {
            let news = self.shared.news.notified();
            if let Some(record) = self.struck() {
                return record;
            }
            news.await;
        }
    }
}

/// Harm at a message: a call, a cut, or a call and then a cut.
pub struct Fault {
    at: At,
    when: When,
    call: Option<Call>,
    cut: Option<Cut>,
}

type Call = Box<dyn FnOnce(Record) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The message of a fault.
pub enum At {
    /// The one at this point.
    Point(Point),
    /// The first from now on that looks like this.
    First(Box<dyn Fn(&Record) -> bool + Send>),
}

/// Whether the message still gets through.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum When {
    /// The fault comes first.
    Before,
    /// The message was passed on.
    After,
}

/// How a connection is cut, on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// As by a process that ends: what was sent arrives, then the end.
    Fin,
    /// As by a machine that forgot the connection.
    Reset,
}

impl At {
    /// The first message from now on that looks like this.
    pub fn first(looks: impl Fn(&Record) -> bool + Send + 'static) -> Self {
        Self::First(Box::new(looks))
    }

    fn is(&self, record: &Record) -> bool {
        match self {
            Self::Point(point) => *point == record.point,
            Self::First(looks) => looks(record),
        }
    }
}

impl From<Point> for At {
    fn from(point: Point) -> Self {
        Self::Point(point)
    }
}

impl Fault {
    /// A fault that strikes there; what it does is still to be said.
    pub fn new(when: When, at: impl Into<At>) -> Self {
        Self { at: at.into(), when, call: None, cut: None }
    }

    /// Calls something, and holds the message's direction back until it returns: kills a process,
    /// ends a session of the server, restarts it. Called on the proxy's thread, which must not be
    /// blocked for long.
    #[must_use]
    pub fn calling<F>(mut self, call: impl FnOnce(Record) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.call = Some(Box::new(|record| Box::pin(call(record))));
        self
    }

    /// Cuts the message's connection, after the call if there is one.
    #[must_use]
    pub fn cutting(mut self, cut: Cut) -> Self {
        self.cut = Some(cut);
        self
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = match self.at {
            At::Point(point) => point.to_string(),
            At::First(_) => "the first that looks so".to_owned(),
        };
        write!(f, "Fault({:?} {at}, call: {}, cut: {:?})", self.when, self.call.is_some(), self.cut)
    }
}

/// What the test and the connections share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    run: usize,
    connections: usize,
    open: usize,
    record: Vec<Record>,
    armed: Option<Fault>,
    struck: Option<Record>,
    call_panicked: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it has the state")
    }

    fn strike(&self, run: usize, record: Record, call_returned: bool) {
        let mut state = self.state();
        if state.run == run {
            state.struck = Some(record);
            state.call_panicked = !call_returned;
        }
        drop(state);
        self.news.notify_waiters();
    }

    fn connected(self: &Arc<Self>) -> Connection {
        let mut state = self.state();
        let number = state.connections;
        state.connections += 1;
        state.open += 1;
        Connection {
            shared: Arc::clone(self),
            run: state.run,
            number,
            process_id: Mutex::new(None),
        }
    }
}

/// One connection of a run.
struct Connection {
    shared: Arc<Shared>,
    run: usize,
    number: usize,
    process_id: Mutex<Option<u32>>,
}

impl Connection {
    /// Writes a message down; answers with the fault if it is to strike here.
    fn note(&self, direction: Direction, message: usize, frame: &Frame) -> (Record, Option<Fault>) {
        let process_id = {
            let mut known = self.process_id.lock().expect("nothing panics while it has it");
            *known = known.or_else(|| frames::process_id(frame));
            *known
        };
        let point = Point { connection: self.number, direction, message };
        let record = Record { point, name: frame.name, text: frame.text.clone(), process_id };
        let mut state = self.shared.state();
        if state.run != self.run {
            return (record, None);
        }
        state.record.push(record.clone());
        let fault = state.armed.take_if(|fault| fault.at.is(&record));
        (record, fault)
    }

    /// Passes a message on, with its fault before or after it.
    async fn pass(
        &self,
        fault: Fault,
        record: Record,
        frame: &Frame,
        to: &mut (impl AsyncWriteExt + Unpin),
    ) -> Result<(), End> {
        if fault.when == When::After {
            to.write_all(&frame.bytes).await?;
        }
        // A task of its own: the connection may well end during the call, and its pumps with it.
        let (shared, run) = (Arc::clone(&self.shared), self.run);
        let struck = tokio::spawn(async move {
            let call = match fault.call {
                Some(call) => tokio::spawn(call(record.clone())).await,
                None => Ok(()),
            };
            shared.strike(run, record, call.is_ok());
        });
        struck.await.expect("a strike does not panic");
        if let Some(cut) = fault.cut {
            return Err(End::Cut(cut));
        }
        if fault.when == When::Before {
            to.write_all(&frame.bytes).await?;
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if state.run == self.run {
            state.open -= 1;
        }
        drop(state);
        self.shared.news.notify_waiters();
    }
}

/// How a connection ended.
enum End {
    /// Somebody hung up, or the network did.
    HungUp,
    Cut(Cut),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::HungUp
    }
}

async fn serve(link: Link, connection: Connection) {
    let Link { mut client, server } = link;
    let Ok(mut server) = Socket::dial(&server).await else { return };
    let mut asking = Pump::new(&connection, Direction::Frontend);
    let mut end = asking.open(&mut client, &mut server).await;
    if end.is_ok() {
        let (mut client_read, mut client_write) = tokio::io::split(client);
        let (mut server_read, mut server_write) = tokio::io::split(server);
        let mut answering = Pump::new(&connection, Direction::Backend);
        let both = tokio::try_join!(
            asking.run(&mut client_read, &mut server_write),
            answering.run(&mut server_read, &mut client_write),
        );
        end = both.map(|_| ());
        client = client_read.unsplit(client_write);
        server = server_read.unsplit(server_write);
    }
    for mut socket in [client, server] {
        match end {
            Err(End::Cut(Cut::Reset)) => socket.reset_on_close(),
            // Whoever is gone already hears of no end.
            Ok(()) | Err(End::HungUp | End::Cut(Cut::Fin)) => drop(socket.shutdown().await),
        }
    }
}

/// One direction of a connection.
struct Pump<'a> {
    connection: &'a Connection,
    direction: Direction,
    messages: usize,
    arrived: BytesMut,
}

impl<'a> Pump<'a> {
    fn new(connection: &'a Connection, direction: Direction) -> Self {
        Self { connection, direction, messages: 0, arrived: BytesMut::new() }
    }

    /// Carries what a client begins with, and answers the questions that are about encryption.
    async fn open(&mut self, client: &mut Socket, server: &mut Socket) -> Result<(), End> {
        loop {
            let Some(frame) = frames::opening(&mut self.arrived) else {
                if client.read_buf(&mut self.arrived).await? == 0 {
                    return Err(End::HungUp);
                }
                continue;
            };
            if matches!(frame.name, SSL_REQUEST | GSS_REQUEST) {
                self.carry(&frame, &mut tokio::io::sink()).await?;
                client.write_all(b"N").await?;
            } else {
                return self.carry(&frame, server).await;
            }
        }
    }

    /// Carries messages until the sender hangs up.
    async fn run(
        &mut self,
        from: &mut ReadHalf<Socket>,
        to: &mut WriteHalf<Socket>,
    ) -> Result<(), End> {
        loop {
            let mut ready = Vec::new();
            while let Some(frame) = frames::frame(self.direction, &mut self.arrived) {
                match self.note(&frame) {
                    (_, None) => ready.extend_from_slice(&frame.bytes),
                    (record, Some(fault)) => {
                        to.write_all(&ready).await?;
                        ready.clear();
                        self.connection.pass(fault, record, &frame, to).await?;
                    }
                }
            }
            to.write_all(&ready).await?;
            self.arrived.reserve(READ);
            if from.read_buf(&mut self.arrived).await? == 0 {
                to.shutdown().await?;
                return Ok(());
            }
        }
    }

    async fn carry(
        &mut self,
        frame: &Frame,
        to: &mut (impl AsyncWriteExt + Unpin),
    ) -> Result<(), End> {
        match self.note(frame) {
            (_, None) => Ok(to.write_all(&frame.bytes).await?),
            (record, Some(fault)) => self.connection.pass(fault, record, frame, to).await,
        }
    }

    fn note(&mut self, frame: &Frame) -> (Record, Option<Fault>) {
        let noted = self.connection.note(self.direction, self.messages, frame);
        self.messages += 1;
        noted
    }
}
