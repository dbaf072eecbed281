//! One SMTP connection over lettre: greeted, protected, logged in, one mail after the other. The envelope goes out in one
//! write where the server pipelines (RFC 2920). Reduces every reply to its codes; never shows a server's text. Whether a
//! connection is still fit for the next mail comes back with each result; `smtp.rs` holds the connections.

use crate::net::tls::{Stream, dial, protect};
use crate::net::{Endpoint, Login, NetError, Secret, Tls, lines};
use crate::outbox::smtp::SmtpSettings;
use crate::outbox::wire::{MailEnd, Wire, body_of};
use crate::outbox::{CourierError, Delivery, Parcel};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Noop, Quit, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::error::Error as _;
use std::fmt::{self, Display};
use std::time::Duration;
use tokio::time::timeout;

/// Most lines in a reply before TLS.
const REPLY_LINES_MAX: usize = 100;
/// Time to say good-bye, in seconds.
const QUIT_SECONDS_MAX: u64 = 5;

/// What became of a parcel, and of the connection.
pub(super) enum Sent {
    /// Decided; the connection may go on.
    Settled(Delivery),
    /// Decided; the connection is of no more use.
    Broken(Delivery),
    /// The connection broke before the server had the mail: it can safely be sent again over another one.
    Unsent(String),
}

/// An open, logged-in connection.
pub(super) struct Dialog {
    connection: AsyncSmtpConnection,
    end: MailEnd,
    command_max: Duration,
    pipelining: bool,
    eight_bit: bool,
    utf8: bool,
}

/// Who we say that we are.
enum Caller<'a> {
    Nobody,
    Password(&'a Credentials),
    /// The whole response of XOAUTH2.
    Token(&'a Secret),
}

/// How a step went wrong.
enum Fault {
    /// The server said no; its codes.
    Reply(String),
    /// No answer.
    Lost(&'static str),
}

impl Dialog {
    /// Dials, starts TLS, logs in. Where the server refuses an older access token, once more with a new one, over a new
    /// line.
    pub(super) async fn open(settings: &SmtpSettings) -> Result<Self, CourierError> {
        let (user, tokens) = match &settings.login {
            None => return Self::open_as(settings, Caller::Nobody).await,
            Some(Login::Password { user, password }) => {
                let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
                return Self::open_as(settings, Caller::Password(&credentials)).await;
            }
            Some(Login::Token { user, tokens }) => (user, tokens),
        };
        let token = tokens.current().await?;
        let first = Self::open_as(settings, Caller::Token(&token.xoauth2(user))).await;
        let Err(CourierError::TokenRefused { .. }) = first else { return first };
        let Some(newer) = tokens.after_refusal(&token).await? else { return first };
        let second = Self::open_as(settings, Caller::Token(&newer.xoauth2(user))).await;
        if let Err(CourierError::TokenRefused { .. }) = second {
            tokens.after_refusal(&newer).await?;
        }
        second
    }

    async fn open_as(settings: &SmtpSettings, caller: Caller<'_>) -> Result<Self, CourierError> {
        let endpoint = &settings.endpoint;
        let hello = ClientId::Domain(settings.hello.clone());
        let mut stream = dial(endpoint).await?;
        let mut before: &'static [u8] = b"";
        if endpoint.tls == Tls::StartTls {
            stream = start_tls(stream, endpoint, &settings.hello).await?;
            before = b"220 protected\r\n";
        }
        let end = MailEnd::default();
        let wire = Box::new(Wire::new(stream, before, end.clone()));
        let command_max = settings.limits.command_max;
        let greeted =
            timeout(command_max * 2, AsyncSmtpConnection::connect_with_transport(wire, &hello)).await;
        let connection = settled(greeted).map_err(|fault| refused(fault, endpoint, "the greeting"))?;
        let mut dialog =
            Self { connection, end, command_max, pipelining: false, eight_bit: false, utf8: false };
        match caller {
            Caller::Nobody => {}
            Caller::Password(credentials) => dialog.log_in(endpoint, credentials).await?,
            Caller::Token(response) => dialog.present(endpoint, response).await?,
        }
        // Asked again because lettre keeps few of the keywords, and RFC 4954 4 lets them change at login.
        let reply = dialog.command(Ehlo::new(hello)).await.map_err(|f| refused(f, endpoint, "EHLO"))?;
        let offers =
            |keyword: &str| reply.message().any(|line| first_word(line).eq_ignore_ascii_case(keyword));
        (dialog.pipelining, dialog.eight_bit, dialog.utf8) =
            (offers("PIPELINING"), offers("8BITMIME"), offers("SMTPUTF8"));
        Ok(dialog)
    }

    async fn log_in(&mut self, endpoint: &Endpoint, credentials: &Credentials) -> Result<(), CourierError> {
        let server = endpoint.to_string();
        if self.connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            return Err(CourierError::LoginNotOffered { server });
        }
        let entering = timeout(self.command_max, self.connection.auth(DEFAULT_MECHANISMS, credentials)).await;
        match settled(entering) {
            Ok(_) => Ok(()),
            Err(Fault::Reply(code)) => Err(CourierError::LoginRefused { server, code }),
            Err(fault) => Err(refused(fault, endpoint, "AUTH")),
        }
    }

    /// Logs in with an access token. lettre's own dialog gives up at the request that XOAUTH2 refuses with, before the
    /// empty line that the server wants and before the code that says what is wrong.
    async fn present(&mut self, endpoint: &Endpoint, response: &Secret) -> Result<(), CourierError> {
        let server = endpoint.to_string();
        if !self.connection.server_info().supports_auth_mechanism(Mechanism::Xoauth2) {
            return Err(CourierError::TokensNotOffered { server });
        }
        let command = Secret::new(format!("AUTH XOAUTH2 {}\r\n", STANDARD.encode(response.reveal())));
        let mut answer = self.command(command.reveal()).await;
        if answer.as_ref().is_ok_and(|reply| reply.has_code(334)) {
            answer = self.command("\r\n").await;
        }
        match answer {
            Ok(reply) if reply.has_code(235) => Ok(()),
            Ok(reply) => Err(CourierError::Refused { server, what: "AUTH", code: codes(&reply) }),
            Err(Fault::Reply(code)) if code.starts_with('5') => {
                Err(CourierError::TokenRefused { server, code })
            }
            Err(Fault::Reply(code)) => Err(CourierError::LoginRefused { server, code }),
            Err(fault) => Err(refused(fault, endpoint, "AUTH")),
        }
    }

    /// Hands over one parcel.
    pub(super) async fn send(&mut self, parcel: &Parcel) -> Sent {
        let body = body_of(&parcel.bytes);
        let envelope = match self.envelope(parcel, &body) {
            Ok(envelope) => envelope,
            Err(missing) => return Sent::Settled(Delivery::Rejected { reply: missing.to_owned() }),
        };
        fault!("smtp.envelope.before", else Sent::Unsent("told to fail at MAIL".to_owned()));
        match self.announce(&envelope).await {
            Ok(()) => self.hand_over(&body).await,
            Err((step, Fault::Reply(code))) => self.turned_down(&code, step).await,
            Err((step, Fault::Lost(why))) => Sent::Unsent(format!("{why} at {step}")),
        }
    }

    fn envelope(&self, parcel: &Parcel, body: &[u8]) -> Result<Envelope, &'static str> {
        let from = parcel.envelope_from.as_ref().map_or("", |address| address.expose());
        let to = parcel.to.expose();
        let mut options = String::new();
        if !body.is_ascii() {
            if !self.eight_bit {
                return Err("the server does not offer 8BITMIME");
            }
            options.push_str(" BODY=8BITMIME");
        }
        if !(from.is_ascii() && to.is_ascii()) {
            if !self.utf8 {
                return Err("the server does not offer SMTPUTF8");
            }
            options.push_str(" SMTPUTF8");
        }
        Ok(Envelope { mail: format!("MAIL FROM:<{from}>{options}\r\n"), rcpt: format!("RCPT TO:<{to}>\r\n") })
    }

    /// Sends the envelope and asks for DATA, up to the point where the server waits for the mail.
    async fn announce(&mut self, envelope: &Envelope) -> Result<(), (&'static str, Fault)> {
        if !self.pipelining {
            self.command(&envelope.mail).await.map_err(|fault| ("MAIL", fault))?;
            self.command(&envelope.rcpt).await.map_err(|fault| ("RCPT", fault))?;
            return self.command(Data).await.map(|_| ()).map_err(|fault| ("DATA", fault));
        }
        let mail = self.command(envelope).await.map(|_| ());
        if let Err(Fault::Lost(why)) = mail {
            return Err(("MAIL", Fault::Lost(why)));
        }
        let rcpt = self.reply().await.map(|_| ());
        if let Err(Fault::Lost(why)) = rcpt {
            return Err(("RCPT", Fault::Lost(why)));
        }
        let data = self.reply().await.map(|_| ());
        let refused = mail.map_err(|fault| ("MAIL", fault)).and(rcpt.map_err(|fault| ("RCPT", fault)));
        if refused.is_err() && data.is_ok() {
            // RFC 2920 3.1: a server that takes DATA without a recipient wants a lone dot. Its answer settles nothing.
            let answer = self.command(".\r\n").await;
            self.end.clear();
            if let Err(Fault::Lost(why)) = answer {
                return Err(("DATA", Fault::Lost(why)));
            }
        }
        refused.and(data.map_err(|fault| ("DATA", fault)))
    }

    async fn hand_over(&mut self, body: &[u8]) -> Sent {
        self.end.clear();
        fault!("smtp.data.before", else Sent::Unsent("told to fail at DATA".to_owned()));
        // The whole transaction is bounded by the caller; a large mail may take longer than a command.
        match reduced(self.connection.message(body).await) {
            Ok(response) => {
                // The server has it, and what it said is lost (RFC 1047).
                fault!("smtp.data.after", else Sent::Broken(Delivery::Uncertain { reason: "told to fail".to_owned() }));
                Sent::Settled(Delivery::Accepted { reply: codes(&response) })
            }
            Err(Fault::Reply(code)) => self.turned_down(&code, "the mail").await,
            Err(Fault::Lost(why)) if self.end.is_written() => {
                Sent::Broken(Delivery::Uncertain { reason: format!("{why} behind the end of the mail") })
            }
            Err(Fault::Lost(why)) => Sent::Unsent(format!("{why} within the mail")),
        }
    }

    async fn turned_down(&mut self, code: &str, step: &'static str) -> Sent {
        let reply = format!("{code} to {step}");
        let delivery =
            if is_for_later(code) { Delivery::Deferred { reply } } else { Delivery::Rejected { reply } };
        // 421: the server is closing the line (RFC 5321 3.8).
        if code.starts_with("421") || self.command(Rset).await.is_err() {
            return Sent::Broken(delivery);
        }
        Sent::Settled(delivery)
    }

    /// Whether the server still answers.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.command(Noop).await.is_ok()
    }

    /// Whether the whole of the last mail has left us.
    pub(super) fn mail_end(&self) -> MailEnd {
        self.end.clone()
    }

    /// Says good-bye, briefly.
    pub(super) async fn quit(mut self) {
        // A server that does not answer good-byes is left without one.
        let _ = timeout(Duration::from_secs(QUIT_SECONDS_MAX), self.connection.command(Quit)).await;
    }

    async fn command(&mut self, command: impl Display) -> Result<Response, Fault> {
        settled(timeout(self.command_max, self.connection.command(command)).await)
    }

    async fn reply(&mut self) -> Result<Response, Fault> {
        settled(timeout(self.command_max, self.connection.read_response()).await)
    }
}

/// The lines before the mail; shown at once they are the pipelined group of RFC 2920.
struct Envelope {
    mail: String,
    rcpt: String,
}

impl Display for &Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}DATA\r\n", self.mail, self.rcpt)
    }
}

fn settled<T>(outcome: Result<Result<T, SmtpError>, tokio::time::error::Elapsed>) -> Result<T, Fault> {
    outcome.map_or(Err(Fault::Lost("no answer in time")), reduced)
}

fn reduced<T>(outcome: Result<T, SmtpError>) -> Result<T, Fault> {
    outcome.map_err(|error| match error.status() {
        Some(code) => {
            // lettre hands the reply's text over as the error's source; only its leading code may leave here.
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            Fault::Reply(with_enhanced(&code.to_string(), &text))
        }
        None if error.is_response() => Fault::Lost("an answer that is none"),
        None => Fault::Lost("the line broke"),
    })
}

fn codes(response: &Response) -> String {
    with_enhanced(&response.code().to_string(), response.first_line().unwrap_or_default())
}

/// `250` and, where the text begins with one, the enhanced status code (RFC 2034).
fn with_enhanced(code: &str, text: &str) -> String {
    let word = first_word(text);
    let class = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    if word.split('.').count() == 3 && word.split('.').all(class) {
        format!("{code} {word}")
    } else {
        code.to_owned()
    }
}

/// Whether a refusal may pass: 4xx; 503 and 5.5.0, which speak of the conversation and not of the mail; 530 to 538, which
/// speak of our login.
fn is_for_later(code: &str) -> bool {
    let number = first_word(code);
    code.starts_with('4') || code.ends_with(" 5.5.0") || ["503", "530", "534", "535", "538"].contains(&number)
}

fn first_word(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or_default()
}

fn refused(fault: Fault, endpoint: &Endpoint, what: &'static str) -> CourierError {
    let server = endpoint.to_string();
    match fault {
        Fault::Reply(code) => CourierError::Refused { server, what, code },
        Fault::Lost(why) => CourierError::Lost { server, what, why },
    }
}

/// Greets in the clear and starts TLS; lettre's own way would keep what stands behind the answer (CVE-2021-38371).
async fn start_tls(mut stream: Stream, endpoint: &Endpoint, hello: &str) -> Result<Stream, CourierError> {
    let server = endpoint.to_string();
    let (code, _) = reply_before_tls(&mut stream, endpoint).await?;
    if code != "220" {
        return Err(CourierError::Refused { server, what: "the connection", code });
    }
    lines::write(&mut stream, endpoint, &format!("EHLO {hello}")).await?;
    let (_, texts) = reply_before_tls(&mut stream, endpoint).await?;
    if !texts.iter().any(|text| first_word(text).eq_ignore_ascii_case("STARTTLS")) {
        return Err(NetError::StartTls { server, why: "does not offer it" }.into());
    }
    lines::write(&mut stream, endpoint, "STARTTLS").await?;
    let (code, _) = reply_before_tls(&mut stream, endpoint).await?;
    if code != "220" {
        return Err(NetError::StartTls { server, why: "refused it" }.into());
    }
    Ok(protect(endpoint, stream).await?)
}

/// Reads one reply: its code and the texts of its lines.
async fn reply_before_tls(
    stream: &mut Stream,
    endpoint: &Endpoint,
) -> Result<(String, Vec<String>), CourierError> {
    let malformed = || NetError::Malformed { server: endpoint.to_string(), why: "a reply before TLS" };
    let mut texts = Vec::new();
    for _ in 0..REPLY_LINES_MAX {
        let line = lines::read(stream, endpoint).await?;
        let (code, rest) = line.split_at_checked(3).ok_or_else(malformed)?;
        texts.push(rest.get(1..).unwrap_or_default().to_owned());
        if !rest.starts_with('-') {
            return Ok((code.to_owned(), texts));
        }
    }
    Err(malformed().into())
}

#[cfg(test)]
mod tests {
    use super::{is_for_later, with_enhanced};

    #[test]
    fn replies_are_reduced_to_their_codes() {
        let check = |code: &str, text: &str, expected: &str| assert_eq!(with_enhanced(code, text), expected);
        check("250", "2.0.0 Ok: queued as 4Bx", "250 2.0.0");
        check("550", "5.1.1 <asha@acme.example>: unknown", "550 5.1.1");
        check("550", "asha@acme.example unknown", "550");
        check("550", "1.2.3.4 is listed", "550");
        check("550", "asha.b.c is unknown", "550");
        check("250", "", "250");
    }

    #[test]
    fn refusals_that_do_not_speak_of_the_mail_may_pass() {
        let check = |code: &str, later: bool| assert_eq!(is_for_later(code), later, "{code}");
        check("421 4.3.2", true);
        check("450", true);
        check("550 5.5.0", true);
        check("503", true);
        check("530 5.7.0", true);
        check("550 5.1.1", false);
        check("554 5.7.1", false);
        check("552 5.3.4", false);
    }
}
