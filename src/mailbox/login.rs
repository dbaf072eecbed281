//! How a connection to an IMAP server begins: greeting, STARTTLS, and who we are, by LOGIN, AUTHENTICATE PLAIN or XOAUTH2.
//! The initial response goes out with the command where the server takes one (RFC 4959). Never sends a password or token
//! that the server did not offer to take. `link.rs` goes on from here.

use crate::mailbox::guard::Guard;
use crate::mailbox::imap::ImapSettings;
use crate::mailbox::{MailboxError, wire};
use crate::net::oauth::{Issued, Tokens};
use crate::net::tls::{Stream, dial, protect};
use crate::net::{Login, NetError, Secret, Tls, lines};
use async_imap::error::Error as ImapError;
use async_imap::{Authenticator, Client, Session};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::timeout;

/// Room above the mail size limit before a literal is refused: servers state sizes a little wrong.
const LITERAL_SLACK_BYTES: u64 = 1024 * 1024;
/// Most untagged lines in the answer to a command before login.
const LINES_BEFORE_LOGIN_MAX: usize = 32;

/// A session on a line.
pub(super) type Entered = Session<Guard<Stream>>;

/// Dials, starts TLS and logs in.
pub(super) async fn enter(settings: &ImapSettings) -> Result<Entered, MailboxError> {
    match &settings.login {
        Login::Password { user, password } => with_password(settings, user, password).await,
        Login::Token { user, tokens } => with_token(settings, user, tokens).await,
    }
}

/// How a password is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Login,
    AuthenticatePlain,
}

async fn with_password(
    settings: &ImapSettings,
    user: &str,
    password: &Secret,
) -> Result<Entered, MailboxError> {
    let server = settings.endpoint.to_string();
    let (stream, offered) = greet(settings).await?;
    match way(&server, &offered, user, password)? {
        Way::Login => {
            let entering = client(stream, settings).login(user, password.reveal());
            settle(entering, settings, "LOGIN").await
        }
        Way::AuthenticatePlain => {
            let response = Secret::new(format!("\0{user}\0{}", password.reveal()));
            authenticate(stream, settings, &offered, "PLAIN", response).await
        }
    }
}

/// LOGIN where it can carry user and password, because every server knows it; else AUTHENTICATE PLAIN.
fn way(server: &str, offered: &[String], user: &str, password: &Secret) -> Result<Way, MailboxError> {
    let offers = |word: &str| offered.iter().any(|capability| capability == word);
    let setting = |why| MailboxError::Setting { server: server.to_owned(), what: "user or password", why };
    let texts = [user, password.reveal()];
    if texts.iter().any(|text| text.contains(['\0', '\r', '\n'])) {
        return Err(setting("it holds a line break or a NUL"));
    }
    // A quoted string has seven bits (RFC 3501 9, `QUOTED-CHAR`); PLAIN has UTF-8 (RFC 4616 2).
    let carried = texts.iter().all(|text| text.is_ascii());
    match (offers("LOGINDISABLED"), carried, offers("AUTH=PLAIN")) {
        (false, true, _) => Ok(Way::Login),
        (_, _, true) => Ok(Way::AuthenticatePlain),
        (true, _, false) => Err(MailboxError::LoginDisabled { server: server.to_owned() }),
        (false, false, false) => {
            Err(setting("it holds characters beyond ASCII, and the server does not offer AUTH=PLAIN"))
        }
    }
}

/// Logs in with a token; where the server refuses an older one, once more with a new one, over a new line.
async fn with_token(
    settings: &ImapSettings,
    user: &str,
    tokens: &Arc<Tokens>,
) -> Result<Entered, MailboxError> {
    let token = tokens.current().await?;
    let first = present(settings, user, &token).await;
    let Err(MailboxError::TokenRefused { .. }) = first else { return first };
    let Some(newer) = tokens.after_refusal(&token).await? else { return first };
    let second = present(settings, user, &newer).await;
    if let Err(MailboxError::TokenRefused { .. }) = second {
        tokens.after_refusal(&newer).await?;
    }
    second
}

async fn present(settings: &ImapSettings, user: &str, token: &Issued) -> Result<Entered, MailboxError> {
    let server = settings.endpoint.to_string();
    let (stream, offered) = greet(settings).await?;
    if !offered.iter().any(|word| word == "AUTH=XOAUTH2") {
        return Err(MailboxError::TokensNotOffered { server });
    }
    authenticate(stream, settings, &offered, "XOAUTH2", token.xoauth2(user)).await.map_err(
        |error| match error {
            MailboxError::LoginRefused { server } => MailboxError::TokenRefused { server },
            other => other,
        },
    )
}

/// Answers what the server asks for during AUTHENTICATE: the response once, then nothing. After it a server asks only in
/// order to tell why it refuses (XOAUTH2's error in JSON), and wants an empty line before it says NO.
struct Answers(Option<Secret>);

impl Authenticator for &mut Answers {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().map(|secret| secret.reveal().to_owned()).unwrap_or_default()
    }
}

async fn authenticate(
    stream: Stream,
    settings: &ImapSettings,
    offered: &[String],
    mechanism: &'static str,
    response: Secret,
) -> Result<Entered, MailboxError> {
    let mut answers = Answers(None);
    let command = if offered.iter().any(|word| word == "SASL-IR") {
        Secret::new(format!("{mechanism} {}", STANDARD.encode(response.reveal())))
    } else {
        answers.0 = Some(response);
        Secret::new(mechanism.to_owned())
    };
    let entering = client(stream, settings).authenticate(command.reveal(), &mut answers);
    settle(entering, settings, "AUTHENTICATE").await
}

fn client(stream: Stream, settings: &ImapSettings) -> Client<Guard<Stream>> {
    let literal_max = settings.limits.mail_bytes_max.saturating_add(LITERAL_SLACK_BYTES);
    Client::new(Guard::new(stream, literal_max))
}

/// Waits for the end of a login, and says how it went without a word of the server.
async fn settle(
    entering: impl Future<Output = Result<Entered, (ImapError, Client<Guard<Stream>>)>>,
    settings: &ImapSettings,
    what: &'static str,
) -> Result<Entered, MailboxError> {
    let server = settings.endpoint.to_string();
    let entered = timeout(settings.limits.command_max, AssertUnwindSafe(entering).catch_unwind()).await;
    Err(match entered {
        Ok(Ok(Ok(mut session))) => {
            session.get_mut().scanner_mut().entered();
            return Ok(session);
        }
        Ok(Ok(Err((ImapError::No(_), _)))) => MailboxError::LoginRefused { server },
        Ok(Ok(Err((ImapError::Bad(_), _)))) => MailboxError::Refused { server, what, status: "BAD" },
        Ok(Ok(Err((_, client)))) => match client.get_ref().broken() {
            Some(why) => MailboxError::Malformed { server, what, why },
            None => MailboxError::Lost { server, what },
        },
        Ok(Err(_)) => MailboxError::Malformed { server, what, why: "a response that no parser can stand" },
        Err(_) => MailboxError::Timeout { server, what, seconds: settings.limits.command_max.as_secs() },
    })
}

/// Reads the greeting and the capabilities before login, and starts TLS where that is the way.
async fn greet(settings: &ImapSettings) -> Result<(Stream, Vec<String>), MailboxError> {
    let endpoint = &settings.endpoint;
    let mut stream = dial(endpoint).await?;
    let greeting = lines::read(&mut stream, endpoint).await?;
    let word = greeting.split_ascii_whitespace().nth(1).unwrap_or_default();
    if !word.eq_ignore_ascii_case("OK") {
        // PREAUTH too: it would skip STARTTLS and our login (RFC 9051 11.1).
        return Err(MailboxError::Refused {
            server: endpoint.to_string(),
            what: "connection",
            status: "no OK",
        });
    }
    let mut offered = exchange(&mut stream, settings, "P1", "CAPABILITY").await?.capabilities;
    if endpoint.tls == Tls::StartTls {
        let server = endpoint.to_string();
        if !offered.iter().any(|word| word == "STARTTLS") {
            return Err(NetError::StartTls { server, why: "does not offer it" }.into());
        }
        if !exchange(&mut stream, settings, "P2", "STARTTLS").await?.accepted {
            return Err(NetError::StartTls { server, why: "refused it" }.into());
        }
        stream = protect(endpoint, stream).await?;
        offered = exchange(&mut stream, settings, "P3", "CAPABILITY").await?.capabilities;
    }
    Ok((stream, offered))
}

struct Exchanged {
    accepted: bool,
    capabilities: Vec<String>,
}

async fn exchange(
    stream: &mut Stream,
    settings: &ImapSettings,
    tag: &str,
    command: &str,
) -> Result<Exchanged, MailboxError> {
    let endpoint = &settings.endpoint;
    lines::write(stream, endpoint, &format!("{tag} {command}")).await?;
    let mut capabilities = Vec::new();
    for _ in 0..LINES_BEFORE_LOGIN_MAX {
        let line = lines::read(stream, endpoint).await?;
        let mut words = wire::words_of(line.as_bytes()).into_iter();
        match (words.next().as_deref(), words.next().as_deref()) {
            (Some("*"), Some("CAPABILITY")) => capabilities = words.collect(),
            (Some("*"), _) => {}
            (Some(theirs), status) if theirs == tag => {
                return Ok(Exchanged { accepted: status == Some("OK"), capabilities });
            }
            _ => break,
        }
    }
    let server = endpoint.to_string();
    Err(NetError::Malformed { server, why: "the answer to a command before login" }.into())
}

#[cfg(test)]
mod tests {
    use super::{Way, way};
    use crate::mailbox::MailboxError;
    use crate::net::Secret;

    #[test]
    fn a_password_goes_out_in_a_way_that_the_server_takes_and_that_can_carry_it() {
        let check = |offered: &str, password: &str, expected: Result<Way, &str>| {
            let offered: Vec<String> = offered.split_whitespace().map(str::to_owned).collect();
            let found = way("host:143", &offered, "support", &Secret::new(password.to_owned()));
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{offered:?}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, _) => panic!("{offered:?}: {found:?}"),
            }
        };
        check("IMAP4REV1 AUTH=PLAIN", "secret", Ok(Way::Login));
        check("IMAP4REV1", "secret", Ok(Way::Login));
        check("LOGINDISABLED AUTH=PLAIN", "secret", Ok(Way::AuthenticatePlain));
        check("AUTH=PLAIN", "gehe\u{ef}m", Ok(Way::AuthenticatePlain));
        check("LOGINDISABLED", "secret", Err("does not take passwords"));
        check("IMAP4REV1", "gehe\u{ef}m", Err("beyond ASCII"));
        check("AUTH=PLAIN", "se\r\ncret", Err("line break"));
        check("AUTH=PLAIN", "se\0cret", Err("NUL"));
        let refused = way("host:143", &[], "supp\u{f6}rt", &Secret::new("x".to_owned()));
        assert!(matches!(refused, Err(MailboxError::Setting { .. })));
    }
}
