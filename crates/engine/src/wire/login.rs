//! The startup message and whatever the server asks before it lets us in.

use std::collections::BTreeMap;
use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding as ScramBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::ServerError;
use super::channel::Channel;
use super::connect_error::ConnectCause;
use super::session::TransactionStatus;
use crate::{ChannelBinding, Host, Secret, Target};

/// Who wants in.
pub(super) struct Credentials<'a> {
    pub(super) target: &'a Target,
    /// The host that was reached.
    pub(super) host: &'a Host,
    /// The name to be seen under, unless the target has one.
    pub(super) application: &'a str,
    /// What SCRAM can be bound to.
    pub(super) binding: Option<Vec<u8>>,
}

/// What the server said when it let us in.
#[derive(Debug)]
pub(super) struct Welcome {
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) key: Option<CancelKey>,
    pub(super) status: TransactionStatus,
}

/// What a statement of the session is cancelled with.
#[derive(Clone, Copy, Debug)]
pub(super) struct CancelKey {
    pub(super) process_id: i32,
    pub(super) secret: i32,
}

/// Why the server did not let us in.
pub(super) struct LoginError {
    pub(super) cause: ConnectCause,
    /// Whether it had asked for anything before.
    pub(super) asked: bool,
}

impl From<ConnectCause> for LoginError {
    fn from(cause: ConnectCause) -> Self {
        Self { cause, asked: true }
    }
}

/// Sends the startup message and answers questions until the server is ready.
pub(super) async fn login(
    channel: &mut Channel,
    credentials: &Credentials<'_>,
) -> Result<Welcome, LoginError> {
    let mut login = Login { credentials, scram: Scram::NotBegun, asked: false };
    login.run(channel).await.map_err(|cause| LoginError { cause, asked: login.asked })
}

struct Login<'a> {
    credentials: &'a Credentials<'a>,
    scram: Scram,
    asked: bool,
}

/// How far the proof of the password has come. The server proves itself last, and nothing it
/// says before counts as a welcome.
enum Scram {
    NotBegun,
    Under { way: Box<ScramSha256>, bound: bool },
    Done { bound: bool },
}

impl Login<'_> {
    async fn run(&mut self, channel: &mut Channel) -> Result<Welcome, ConnectCause> {
        self.introduce(channel)?;
        channel.send().await.map_err(lost)?;
        loop {
            match receive(channel).await? {
                Message::AuthenticationOk => break,
                Message::NoticeResponse(_) => {}
                message => {
                    self.answer(message, channel)?;
                    channel.send().await.map_err(lost)?;
                }
            }
        }
        if !self.asked {
            self.check_allowed("none")?;
        }
        self.asked = true;
        self.check_proofs()?;
        channel.trust_lengths();
        welcome(channel).await
    }

    fn introduce(&self, channel: &mut Channel) -> Result<(), ConnectCause> {
        let Credentials { target, application, .. } = self.credentials;
        let application = target.application_name.as_deref().unwrap_or(application);
        let mut parameters = vec![
            ("user", target.user.as_str()),
            ("database", target.database.as_str()),
            ("application_name", application),
            ("client_encoding", "UTF8"),
        ];
        // PgBouncer refuses clients that send `options` unless it was told not to.
        parameters.extend(target.options.as_deref().map(|options| ("options", options)));
        parameters.extend(target.startup.iter().map(|(name, value)| (*name, value.as_str())));
        frontend::startup_message(parameters, &mut channel.outbox).map_err(ConnectCause::Protocol)
    }

    /// Writes the answer to what the server asks.
    fn answer(&mut self, message: Message, channel: &mut Channel) -> Result<(), ConnectCause> {
        if let Message::ErrorResponse(body) = &message {
            let error = ServerError::read(body.fields()).map_err(ConnectCause::Protocol)?;
            return Err(ConnectCause::Server(Box::new(error)));
        }
        self.asked = true;
        if let Some(method) = method_of(&message) {
            self.check_allowed(method)?;
        }
        let method = |method| Err(ConnectCause::Method { method });
        match message {
            Message::AuthenticationCleartextPassword => {
                self.refuse_unbound()?;
                let password = self.password()?.reveal().as_bytes();
                frontend::password_message(password, &mut channel.outbox)
                    .map_err(ConnectCause::Protocol)
            }
            Message::AuthenticationMd5Password(body) => {
                self.refuse_unbound()?;
                let user = self.credentials.target.user.as_bytes();
                let hash = md5_hash(user, self.password()?.reveal().as_bytes(), body.salt());
                frontend::password_message(hash.as_bytes(), &mut channel.outbox)
                    .map_err(ConnectCause::Protocol)
            }
            Message::AuthenticationSasl(body) => self.begin_scram(&body, channel),
            Message::AuthenticationSaslContinue(body) => {
                let Scram::Under { way, .. } = &mut self.scram else { return Err(unexpected()) };
                way.update(body.data()).map_err(ConnectCause::Protocol)?;
                frontend::sasl_response(way.message(), &mut channel.outbox)
                    .map_err(ConnectCause::Protocol)
            }
            Message::AuthenticationSaslFinal(body) => {
                let Scram::Under { way, bound } = &mut self.scram else {
                    return Err(unexpected());
                };
                way.finish(body.data()).map_err(ConnectCause::Imposter)?;
                self.scram = Scram::Done { bound: *bound };
                Ok(())
            }
            Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => method("GSSAPI"),
            Message::AuthenticationSspi => method("SSPI"),
            Message::AuthenticationKerberosV5 => method("Kerberos"),
            Message::AuthenticationScmCredential => method("SCM credential"),
            _ => Err(unexpected()),
        }
    }

    /// Chooses how to prove the password: bound to the TLS connection where both sides can.
    fn begin_scram(
        &mut self,
        offer: &AuthenticationSaslBody,
        channel: &mut Channel,
    ) -> Result<(), ConnectCause> {
        if !matches!(self.scram, Scram::NotBegun) {
            return Err(unexpected());
        }
        let mechanisms: Vec<&str> = offer.mechanisms().collect().map_err(ConnectCause::Protocol)?;
        let offered = |mechanism: &str| mechanisms.contains(&mechanism);
        let wanted = self.credentials.target.channel_binding != ChannelBinding::Disable;
        let binding = self.credentials.binding.clone().filter(|_| wanted);
        let (mechanism, binding) = match binding {
            Some(hash) if offered(SCRAM_SHA_256_PLUS) => {
                (SCRAM_SHA_256_PLUS, ScramBinding::tls_server_end_point(hash))
            }
            // Tells the server that we could have, so that it notices if somebody in between
            // took its offer away.
            Some(_) if offered(SCRAM_SHA_256) => (SCRAM_SHA_256, ScramBinding::unrequested()),
            None if offered(SCRAM_SHA_256) => (SCRAM_SHA_256, ScramBinding::unsupported()),
            Some(_) | None => return Err(ConnectCause::Method { method: "an unknown SASL" }),
        };
        let bound = mechanism == SCRAM_SHA_256_PLUS;
        if !bound {
            self.refuse_unbound()?;
        }
        let way = Box::new(ScramSha256::new(self.password()?.reveal().as_bytes(), binding));
        frontend::sasl_initial_response(mechanism, way.message(), &mut channel.outbox)
            .map_err(ConnectCause::Protocol)?;
        self.scram = Scram::Under { way, bound };
        Ok(())
    }

    /// Refuses whatever is not bound to the TLS connection, where that is required.
    fn refuse_unbound(&self) -> Result<(), ConnectCause> {
        match self.credentials.target.channel_binding {
            ChannelBinding::Require => Err(ConnectCause::NoChannelBinding),
            ChannelBinding::Prefer | ChannelBinding::Disable => Ok(()),
        }
    }

    /// Refuses a method that `require_auth` does not allow.
    fn check_allowed(&self, method: &'static str) -> Result<(), ConnectCause> {
        match &self.credentials.target.require_auth {
            Some(required) if !required.allows(method) => Err(ConnectCause::NotAllowed { method }),
            Some(_) | None => Ok(()),
        }
    }

    fn check_proofs(&self) -> Result<(), ConnectCause> {
        match self.scram {
            Scram::Under { .. } => {
                let text = "it let us in before it had proved anything";
                Err(ConnectCause::Imposter(io::Error::other(text)))
            }
            Scram::Done { bound: true } => Ok(()),
            Scram::NotBegun | Scram::Done { bound: false } => self.refuse_unbound(),
        }
    }

    fn password(&self) -> Result<&Secret, ConnectCause> {
        let Credentials { target, host, .. } = self.credentials;
        target.password_for(host).ok_or_else(|| {
            match (&target.passfile.path, &target.passfile.fault) {
                (Some(path), Some(fault)) => {
                    ConnectCause::Passfile { path: path.clone(), fault: fault.clone() }
                }
                _ => ConnectCause::NoPassword,
            }
        })
    }
}

/// The way in which a message asks who we are, as `require_auth` calls it.
fn method_of(message: &Message) -> Option<&'static str> {
    Some(match message {
        Message::AuthenticationCleartextPassword => "password",
        Message::AuthenticationMd5Password(_) => "md5",
        Message::AuthenticationSasl(_) => "scram-sha-256",
        Message::AuthenticationGss => "gss",
        Message::AuthenticationSspi => "sspi",
        _ => return None,
    })
}

/// Collects what the server says of itself until it is ready.
async fn welcome(channel: &mut Channel) -> Result<Welcome, ConnectCause> {
    let mut parameters = BTreeMap::new();
    let mut key = None;
    loop {
        match receive(channel).await? {
            Message::ParameterStatus(body) => {
                let name = body.name().map_err(ConnectCause::Protocol)?;
                let value = body.value().map_err(ConnectCause::Protocol)?;
                parameters.insert(name.to_owned(), value.to_owned());
            }
            Message::BackendKeyData(body) => {
                key = Some(CancelKey { process_id: body.process_id(), secret: body.secret_key() });
            }
            Message::ReadyForQuery(body) => {
                let status = TransactionStatus::read(body.status());
                let status = status.map_err(ConnectCause::Protocol)?;
                return Ok(Welcome { parameters, key, status });
            }
            Message::NoticeResponse(_) => {}
            Message::ErrorResponse(body) => {
                let error = ServerError::read(body.fields()).map_err(ConnectCause::Protocol)?;
                return Err(ConnectCause::Server(Box::new(error)));
            }
            _ => return Err(unexpected()),
        }
    }
}

async fn receive(channel: &mut Channel) -> Result<Message, ConnectCause> {
    channel.receive().await.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => ConnectCause::Protocol(error),
        _ => ConnectCause::Lost(error),
    })
}

fn lost(error: io::Error) -> ConnectCause {
    ConnectCause::Lost(error)
}

fn unexpected() -> ConnectCause {
    ConnectCause::Protocol(io::Error::other("a message that has no place in a login"))
}
