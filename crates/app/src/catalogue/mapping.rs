//! Which code an error has. No `match` here has a wildcard over our own errors, so that none can
//! be forgotten.

use whimbrel_engine::TargetError;
use whimbrel_engine::lock::LockError;
use whimbrel_engine::rehearse::RehearseError;
use whimbrel_engine::run::{Cause, EnterError, Stop};
use whimbrel_engine::shadow::ShadowError;
use whimbrel_engine::state::StateError;
use whimbrel_engine::ways::Trouble;
use whimbrel_engine::wire::{ConnectCause, ConnectError, Failure, Refusal, ServerError};
use whimbrel_history::TextError;
use whimbrel_history::formats::ReadError;
use whimbrel_history::select::SelectError;

use super::Code;
use crate::database::DatabaseError;
use crate::error::Error;
use crate::workspace::WorkspaceError;

impl Error {
    /// Its place in the catalogue.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::Workspace(error) => workspace(error),
            Self::Database(error) => error.code(),
            Self::Files(_) => Code::FILE,
            Self::History(error) => match &error.source {
                ReadError::Files { .. } => Code::FILE,
                ReadError::Invalid { .. } => Code::HISTORY,
            },
            Self::Text(error) => text(error),
            Self::Script(_) => Code::SCRIPT,
            Self::Usage { code, .. } | Self::Refused { code, .. } | Self::NotThere { code, .. } => {
                code
            }
            Self::Select(error) => select(error),
            Self::Connect(error) => of_connect(error),
            Self::State(error) => state(error),
            Self::Enter(error) => enter(error),
            Self::Shadow(error) => shadow(error),
            Self::Rehearse(error) => rehearse(error),
            Self::Migration(error) => cause(&error.source.cause),
            Self::Hook(error) => error.code,
            Self::Stopped { source, .. } => stop(source),
            Self::Interrupted => Code::INTERRUPTED,
        }
    }
}

fn workspace(error: &WorkspaceError) -> &'static Code {
    match error {
        WorkspaceError::NoFolder { .. } => Code::NO_PROJECT_FOLDER,
        WorkspaceError::Config(_) => Code::CONFIGURATION,
        WorkspaceError::Files(_) => Code::FILE,
    }
}

impl DatabaseError {
    /// Its place in the catalogue.
    pub(crate) fn code(&self) -> &'static Code {
        match self {
            DatabaseError::Nowhere { .. } => Code::NO_DATABASE,
            DatabaseError::UnknownEnvironment { .. } => Code::UNKNOWN_ENVIRONMENT,
            DatabaseError::EnvironmentWithoutUrl { .. } => Code::ENVIRONMENT_WITHOUT_URL,
            DatabaseError::VariableNotSet { .. } => Code::VARIABLE_NOT_SET,
            DatabaseError::Url { source, .. } => target(source),
            DatabaseError::Way { code, .. } => code,
            DatabaseError::Files(_) => Code::FILE,
        }
    }
}

fn target(error: &TargetError) -> &'static Code {
    match error {
        TargetError::Scheme { .. }
        | TargetError::NotUrl
        | TargetError::Jdbc
        | TargetError::PrismaProxy { .. } => Code::NOT_A_URL,
        TargetError::Unescaped { .. }
        | TargetError::Encoding { .. }
        | TargetError::Brackets
        | TargetError::Port { .. } => Code::URL_CHARACTERS,
        TargetError::Placeholder => Code::PLACEHOLDER,
        TargetError::Ports { .. }
        | TargetError::Addresses { .. }
        | TargetError::String
        | TargetError::Keyword { .. }
        | TargetError::Misspelt { .. }
        | TargetError::Parameter
        | TargetError::Value { .. }
        | TargetError::Unsupported { .. }
        | TargetError::Identity => Code::URL_SETTING,
        TargetError::NoService { .. } | TargetError::ServiceLine { .. } => Code::SERVICE,
        TargetError::NoUser => Code::NO_USER,
    }
}

fn text(error: &TextError) -> &'static Code {
    match error {
        TextError::Read(_) => Code::FILE,
        TextError::Changed { .. } => Code::SCRIPT_CHANGED,
        TextError::NotText { .. } => Code::NOT_TEXT,
    }
}

fn select(error: &SelectError) -> &'static Code {
    match error {
        SelectError::Unknown { .. } => Code::UNKNOWN_MIGRATION,
        SelectError::Ambiguous { .. } => Code::AMBIGUOUS,
        SelectError::AlreadyApplied { .. } => Code::ALREADY_APPLIED,
        SelectError::NotApplied { .. } => Code::NOT_APPLIED,
        SelectError::NoFile { .. } => Code::NO_FILE,
        SelectError::NeedsFirst { .. } => Code::NEEDS_FIRST,
        SelectError::NoDown { .. } => Code::NO_DOWN,
    }
}

/// By the last host that was tried, as the message is.
pub(crate) fn of_connect(error: &ConnectError) -> &'static Code {
    match &error.last().cause {
        ConnectCause::Resolve(_) => Code::NO_ADDRESS,
        ConnectCause::Reach(_) => Code::UNREACHABLE,
        ConnectCause::Timeout { .. } => Code::CONNECT_TIMEOUT,
        ConnectCause::TlsNotOffered { .. } => Code::TLS_NOT_OFFERED,
        ConnectCause::TlsSetup(_) => Code::TLS_FILES,
        ConnectCause::Tls(_) => Code::CERTIFICATE,
        ConnectCause::NoPassword | ConnectCause::Passfile { .. } => Code::NO_PASSWORD,
        ConnectCause::NotAllowed { .. }
        | ConnectCause::Method { .. }
        | ConnectCause::NoChannelBinding => Code::AUTHENTICATION,
        ConnectCause::Imposter(_) | ConnectCause::Peer { .. } => Code::IMPOSTER,
        ConnectCause::Unfit { .. } => Code::UNFIT,
        ConnectCause::Lost(_) => Code::LOST_IN_LOGIN,
        ConnectCause::Way(Trouble::Unreached { .. }) => Code::WAY_UNREACHED,
        ConnectCause::Way(Trouble::Unknown { .. } | Trouble::Server(_)) => Code::WAY_UNKNOWN,
        ConnectCause::Protocol(_) | ConnectCause::NoKey => Code::NOT_POSTGRES,
        ConnectCause::Server(_) => error.refusal().map_or(Code::LOGIN_REFUSED, refusal),
    }
}

fn refusal(refusal: Refusal) -> &'static Code {
    match refusal {
        Refusal::UnknownTenant => Code::UNKNOWN_TENANT,
        Refusal::NoTenant => Code::NO_TENANT,
        Refusal::PoolTaken => Code::POOL_TAKEN,
        Refusal::ConnectionsTaken => Code::CONNECTIONS_TAKEN,
        Refusal::PoolerLostDatabase => Code::POOLER_LOST_DATABASE,
        Refusal::AddressNotAllowed => Code::ADDRESS_NOT_ALLOWED,
        Refusal::Banned => Code::BANNED,
        Refusal::TlsRequired => Code::TLS_REQUIRED,
        Refusal::StartupParameter => Code::STARTUP_PARAMETER,
        Refusal::PreparedStatements => Code::PREPARED_STATEMENTS,
        Refusal::CannotSetRole => Code::CANNOT_SET_ROLE,
        Refusal::WrongPassword => Code::WRONG_PASSWORD,
        Refusal::UnknownRole => Code::UNKNOWN_ROLE,
        Refusal::NoLogin => Code::NO_LOGIN,
        Refusal::NoRule => Code::NO_RULE,
        Refusal::NoSuchDatabase => Code::NO_SUCH_DATABASE,
        Refusal::Starting => Code::STARTING,
    }
}

/// A statement of our own that failed.
fn failure(failure: &Failure) -> &'static Code {
    if failure.is_lost() {
        return Code::CONNECTION_LOST;
    }
    match failure.code() {
        Some("42501") => Code::LEDGER_RIGHTS,
        Some("25006") => Code::LEDGER_READ_ONLY,
        Some(_) | None => Code::LEDGER_FAILED,
    }
}

fn state(error: &StateError) -> &'static Code {
    match error {
        StateError::Failed(source) => failure(source),
        StateError::Ledger { .. } | StateError::Journal(_) | StateError::Tool(_) => {
            Code::LEDGER_UNREADABLE
        }
        StateError::Missing { .. } => Code::LEDGER_FAILED,
    }
}

fn enter(error: &EnterError) -> &'static Code {
    match error {
        EnterError::Lock(LockError::Held { .. }) => Code::LOCKED,
        EnterError::Patience { .. } => Code::GAVE_UP_WAITING,
        EnterError::Lock(LockError::Connect(error)) | EnterError::Connect(error) => {
            of_connect(error)
        }
        EnterError::Lock(LockError::Failed(source)) | EnterError::WaitOut(source) => {
            failure(source)
        }
        EnterError::State(error) => state(error),
        EnterError::Interrupted { .. } => Code::INTERRUPTED,
    }
}

fn stop(stop: &Stop) -> &'static Code {
    match stop {
        Stop::Interrupted => Code::INTERRUPTED,
        Stop::Lost(_) => Code::CONNECTION_LOST,
        Stop::Connect(error) => of_connect(error),
        Stop::LockLost => Code::LOCK_LOST,
        Stop::LockTaken(_) => Code::LOCKED,
        Stop::TakenOver => Code::TAKEN_OVER,
        Stop::Text(_) => Code::TEXT_GONE,
        Stop::Ledger { source, .. } => failure(source),
    }
}

fn cause(cause: &Cause) -> &'static Code {
    match cause {
        Cause::Server(error) => server(error),
        Cause::UnknownOutcome { .. } => Code::UNKNOWN_OUTCOME,
        Cause::StepChanged { .. } => Code::STEP_CHANGED,
        Cause::StepsLost => Code::STEPS_LOST,
        Cause::NeedsJournal { .. } => Code::NEEDS_JOURNAL,
        Cause::PooledTimeout { .. } | Cause::PooledSetting { .. } => Code::POOLED,
        Cause::PoolOfOne { .. } => Code::POOL_OF_ONE,
        Cause::Text(_) => Code::TEXT_GONE,
        Cause::Unsendable { .. } => Code::UNSENDABLE,
        Cause::Refused { .. } => Code::CONTRADICTORY,
    }
}

/// What the server said of a migration, by what helps.
fn server(error: &ServerError) -> &'static Code {
    match error.code.as_str() {
        "42601" => Code::SYNTAX,
        "42P07" | "42701" | "42710" | "42P06" | "42723" | "42P04" => Code::EXISTS_ALREADY,
        "42P01" | "42703" | "42883" | "42704" | "3F000" => Code::NOT_THERE,
        "42501" => Code::STATEMENT_RIGHTS,
        "55P03" => Code::LOCKED_OUT,
        "40P01" | "40001" => Code::DEADLOCK,
        "57014" if error.is_of_unreadable_data() => Code::TEXT_GONE,
        "57014" => Code::CANCELLED,
        "2BP01" => Code::DEPENDENTS,
        "53100" => Code::DISK_FULL,
        "25006" => Code::READ_ONLY,
        code if code.starts_with("23") => Code::ROWS_CONTRADICT,
        code if code.starts_with("22") => Code::VALUE,
        _ => Code::MIGRATION_FAILED,
    }
}

fn shadow(error: &ShadowError) -> &'static Code {
    match error {
        ShadowError::UnknownMajor { .. } => Code::UNKNOWN_MAJOR,
        ShadowError::NoServer { .. } => Code::NO_SERVER,
        ShadowError::Npm { .. } => Code::NPM,
        ShadowError::WrongHash { .. } => Code::WRONG_HASH,
        ShadowError::BrokenArchive { .. } | ShadowError::UnsafeArchive { .. } => {
            Code::BROKEN_ARCHIVE
        }
        ShadowError::DiskFull { .. } => Code::SHADOW_DISK_FULL,
        ShadowError::CacheNotWritable { .. } => Code::CACHE,
        ShadowError::NotReadable { .. } => Code::SERVER_NOT_READABLE,
        ShadowError::CannotRun { .. } => Code::SERVER_CANNOT_RUN,
        ShadowError::NoUnprivilegedUser { .. } | ShadowError::NamelessUser { .. } => {
            Code::NO_OTHER_USER
        }
        ShadowError::NoPlace { .. } | ShadowError::SocketPath { .. } => Code::NO_PLACE,
        ShadowError::Initdb { .. } => Code::INITDB,
        ShadowError::Died { .. } | ShadowError::Silent { .. } => Code::SERVER_DIED,
        ShadowError::InUse { .. } => Code::FOLDER_IN_USE,
        ShadowError::PortTaken { .. } => Code::PORT_TAKEN,
        ShadowError::OtherPort { .. } => Code::OTHER_PORT,
        ShadowError::BrokenData { .. } => Code::BROKEN_DATA,
        ShadowError::NoHelper | ShadowError::Guard { .. } | ShadowError::Abandoned => {
            Code::NO_GUARD
        }
        ShadowError::WrongMajor { .. } => Code::WRONG_MAJOR,
        ShadowError::Sql { .. } | ShadowError::Connect { .. } | ShadowError::Shared => {
            Code::SHADOW_FAILED
        }
        ShadowError::Io { .. } => Code::SHADOW_FILES,
    }
}

fn rehearse(error: &RehearseError) -> &'static Code {
    match error {
        RehearseError::Shadow(error) => shadow(error),
        RehearseError::Stopped(Stop::Interrupted) => Code::INTERRUPTED,
        RehearseError::Stopped(Stop::Text(_)) => Code::TEXT_GONE,
        RehearseError::Connect(_)
        | RehearseError::Failed(_)
        | RehearseError::Stopped(
            Stop::Lost(_)
            | Stop::Connect(_)
            | Stop::LockLost
            | Stop::LockTaken(_)
            | Stop::TakenOver
            | Stop::Ledger { .. },
        ) => Code::SHADOW_FAILED,
    }
}
