//! Whimbrel inside a Python program: the compiled half of the package `whimbrel`.
//!
//! It is one function, `call`, whose answers are the reports of the command as JSON; the
//! package's Python half makes typed values of them. Python's lock is free while a call works.

mod event;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde_json::{Value, json};
use whimbrel_app::wire::ErrorShown;
use whimbrel_app::{Ahead, Error, Event, Interrupt, Migrator, Readiness};

/// How often a call looks whether Python has a signal for it.
const GLANCE: Duration = Duration::from_millis(50);

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Stop>()?;
    module.add_function(wrap_pyfunction!(call, module)?)
}

/// The wish that a call ends; asked twice, at once.
#[pyclass(frozen)]
#[derive(Default)]
struct Stop(Interrupt);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Asks.
    fn ask(&self) {
        self.0.ask();
    }
}

/// What a call is to do, as the Python half says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Wanted {
    what: String,
    folder: String,
    database_url: Option<String>,
    history: Option<String>,
    target: Option<String>,
    wait: Option<f64>,
    refuse_ahead: bool,
    rehearse: bool,
    helper: Option<String>,
}

/// Does one thing, on a thread of its own; the answer is JSON.
///
/// The thread that called stays to hear Python's signals: one of them that raises, as Ctrl-C
/// does, asks for a clean stop, and is raised when that has come.
#[pyfunction]
fn call(
    py: Python<'_>,
    wanted: &Bound<'_, PyAny>,
    stop: &Stop,
    on_event: Option<Py<PyAny>>,
) -> PyResult<String> {
    let wanted: Wanted = wanted.extract()?;
    let interrupt = stop.0.clone();
    let migrator = migrator(&wanted, &interrupt, on_event)?;
    let work: fn(&Migrator) -> Value = match wanted.what.as_str() {
        "plan" => plan,
        "run" => run,
        "readiness" => readiness,
        other => return Err(PyValueError::new_err(format!("`{other}` is nothing to do"))),
    };
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    thread::Builder::new()
        .name("whimbrel".to_owned())
        // Nobody waits where the interpreter ends.
        .spawn(move || sender.send(work(&migrator).to_string()).unwrap_or_default())
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start a thread: {error}")))?;
    let mut raised = None;
    loop {
        let answer = py.detach(|| glance(&receiver));
        match answer {
            Ok(answer) => return raised.map_or(Ok(answer), Err),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = py.check_signals() {
                    interrupt.ask();
                    raised = Some(error);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("whimbrel panicked: this is a bug"));
            }
        }
    }
}

fn glance(receiver: &Mutex<Receiver<String>>) -> Result<String, RecvTimeoutError> {
    let receiver = receiver.lock().map_err(|_| RecvTimeoutError::Disconnected)?;
    receiver.recv_timeout(GLANCE)
}

fn migrator(
    wanted: &Wanted,
    interrupt: &Interrupt,
    on_event: Option<Py<PyAny>>,
) -> PyResult<Migrator> {
    let folder = Migrator::folder(&wanted.folder);
    let mut migrator = folder.map_err(|error| PyValueError::new_err(error.to_string()))?;
    migrator = migrator.interrupt(interrupt.clone()).when_ahead(if wanted.refuse_ahead {
        Ahead::Refuse
    } else {
        Ahead::Serve
    });
    if let Some(url) = &wanted.database_url {
        migrator = migrator.database_url(url);
    }
    if let Some(history) = &wanted.history {
        migrator = migrator.history(history);
    }
    if let Some(target) = &wanted.target {
        migrator = migrator.to(target);
    }
    if let Some(seconds) = wanted.wait {
        let limit = Duration::try_from_secs_f64(seconds);
        let limit = limit.map_err(|error| PyValueError::new_err(format!("wait: {error}")))?;
        migrator = migrator.wait(limit);
    }
    if wanted.rehearse {
        migrator = migrator.rehearse();
    }
    if let Some(helper) = &wanted.helper {
        migrator = migrator.helper(helper);
    }
    Ok(match on_event {
        Some(callback) => migrator.on_event(move |event| tell(&callback, event)),
        None => migrator,
    })
}

/// Passes an event on; what the callback raises is reported, and stops nothing.
fn tell(callback: &Py<PyAny>, event: &Event) {
    let Some(event) = event::shown(event) else { return };
    Python::attach(|py| {
        if let Err(error) = callback.call1(py, (event.to_string(),)) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    });
}

fn plan(migrator: &Migrator) -> Value {
    match migrator.plan_blocking() {
        Ok(report) => json!({ "report": report }),
        Err(error) => json!({ "error": shown(&error) }),
    }
}

fn run(migrator: &Migrator) -> Value {
    match migrator.attempt_blocking() {
        Ok(report) => match report.errors.first() {
            None => json!({ "report": report }),
            Some(error) => json!({ "report": report, "error": error }),
        },
        Err(error) => json!({ "error": shown(&error) }),
    }
}

fn readiness(migrator: &Migrator) -> Value {
    match migrator.readiness_blocking() {
        Ok(Readiness::Ready) => json!({ "state": "ready", "ids": [] }),
        Ok(Readiness::Pending(ids)) => json!({ "state": "pending", "ids": ids }),
        Ok(Readiness::Ahead(ids)) => json!({ "state": "ahead", "ids": ids }),
        Err(error) => json!({ "error": shown(&error) }),
    }
}

fn shown(error: &Error) -> ErrorShown {
    ErrorShown::new(error, error.code(), &error.hints(), &error.places())
}
