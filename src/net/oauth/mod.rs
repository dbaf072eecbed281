//! Access tokens for mail servers that take no password: drawn from a provider's token endpoint with a client's own
//! credentials or a refresh token (RFC 6749 4.4 and 6), kept in memory, renewed before they end and when a server refuses
//! one. A refresh token that the provider replaces goes to a `TokenKeeper` before anybody uses the new access token.
//! Never prints a token, never asks over a plain line (`net/tls.rs`). `answer.rs` reads what comes back.

mod answer;
mod error;
pub use error::{KeepError, TokenError};

use crate::net::{Endpoint, Secret, Tls, http};
use answer::{Fault, Granted};
use jiff::Timestamp;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// A token is renewed so long before its end, or at three quarters of a short life: a login must not outlive it.
const MARGIN_MAX: Duration = Duration::from_mins(5);
/// Time for one token request, from dialling to the last byte of the answer.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// How long we wait for another process that renews the same refresh token, in seconds.
const TURN_SECONDS_MAX: u64 = 10;
/// Largest file with a refresh token, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// How we prove to the provider who we are.
#[derive(Clone)]
pub enum Grant {
    /// With the client's id and secret alone.
    ClientCredentials,
    /// With a refresh token that somebody was given when they signed in.
    RefreshToken {
        /// The file that holds it; read again at every renewal, so that a new one needs no restart.
        file: PathBuf,
        /// Where the provider's replacement for it is kept.
        keeper: Arc<dyn TokenKeeper>,
    },
}

/// Where tokens come from.
#[derive(Clone)]
pub struct TokenSettings {
    /// The provider's host.
    pub endpoint: Endpoint,
    /// Path and query of the token endpoint.
    pub path: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// How we prove who we are.
    pub grant: Grant,
    /// What the token shall be good for.
    pub scope: Option<String>,
    /// Time for one token request; [`ANSWER_TIME_MAX`] unless a test is impatient.
    pub answer_time_max: Duration,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Keeps the refresh tokens that a provider puts in the place of the given ones. Its calls may block.
pub trait TokenKeeper: Send + Sync {
    /// Finds the newest token that took the place of `given`, once nobody else has it. Until it is dropped no other
    /// process gets to it: a token that works once must not be used twice.
    fn open(&self, given: &Secret) -> Result<Box<dyn KeptToken>, KeepError>;
}

/// The one who may renew a refresh token now.
pub trait KeptToken: Send {
    /// The token that took the place of the given one, if one did.
    fn newest(&self) -> Option<Secret>;

    /// Keeps a newer one, so that it is there after a power cut.
    fn replace(&self, newest: &Secret) -> Result<(), KeepError>;
}

/// When a token was drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Drawn {
    /// For whoever asked.
    Now,
    /// For somebody before.
    Earlier,
}

/// An access token for one login.
pub struct Issued {
    secret: Secret,
    drawn: Drawn,
}

impl Issued {
    /// What the client says in the mechanism XOAUTH2, before base64:
    /// <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>.
    pub fn xoauth2(&self, user: &str) -> Secret {
        Secret::new(format!("user={user}\x01auth=Bearer {}\x01\x01", self.secret.reveal()))
    }
}

/// What is in memory.
#[derive(Default)]
struct Held {
    access: Option<(Secret, Timestamp)>,
    /// A refresh token that could not be written down yet.
    unkept: Option<Secret>,
}

/// The access tokens of one client, shared by whoever logs in with them.
pub struct Tokens {
    settings: TokenSettings,
    held: Arc<Mutex<Held>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[tokens]")
    }
}

impl Tokens {
    /// Tokens that are drawn when one is first needed.
    pub fn new(settings: TokenSettings) -> Self {
        Self { settings, held: Arc::default() }
    }

    /// A token that does not end soon. Whoever else asks meanwhile waits for the same one.
    pub async fn current(self: &Arc<Self>) -> Result<Issued, TokenError> {
        let held = Arc::clone(&self.held).lock_owned().await;
        if let Some((secret, renew_at)) = &held.access
            && (self.settings.now)() < *renew_at
        {
            return Ok(Issued { secret: secret.clone(), drawn: Drawn::Earlier });
        }
        let ours = Arc::clone(self);
        // In a task of its own: a caller who gives up must not lose a refresh token that was just replaced.
        let renewing = tokio::spawn(async move { ours.renew(held).await });
        renewing.await.unwrap_or_else(|_| Err(TokenError::CutOff { url: self.url() }))
    }

    /// A mail server refused this token: nobody gets it any more. One that had been used before is replaced at once, a
    /// fresh one is not, because the next would be no better.
    pub async fn after_refusal(self: &Arc<Self>, refused: &Issued) -> Result<Option<Issued>, TokenError> {
        let mut held = self.held.lock().await;
        held.access.take_if(|(secret, _)| secret.reveal() == refused.secret.reveal());
        drop(held);
        match refused.drawn {
            Drawn::Now => Ok(None),
            Drawn::Earlier => self.current().await.map(Some),
        }
    }

    /// Waits until nobody draws a token: a process that ends in between may lose a refresh token that was just replaced.
    pub async fn settled(&self) {
        drop(self.held.lock().await);
    }

    async fn renew(&self, mut held: OwnedMutexGuard<Held>) -> Result<Issued, TokenError> {
        let begun = (self.settings.now)();
        let granted = match &self.settings.grant {
            Grant::ClientCredentials => self.ask(&[("grant_type", "client_credentials")]).await?,
            Grant::RefreshToken { file, keeper } => self.refresh(file, keeper, &mut held).await?,
        };
        // A clock at its end keeps no token.
        held.access = begun
            .checked_add(used_for(granted.lifetime))
            .ok()
            .map(|renew_at| (granted.access.clone(), renew_at));
        Ok(Issued { secret: granted.access, drawn: Drawn::Now })
    }

    async fn refresh(
        &self,
        file: &Path,
        keeper: &Arc<dyn TokenKeeper>,
        held: &mut Held,
    ) -> Result<Granted, TokenError> {
        let given = given_token(file.to_owned()).await?;
        let keeper = Arc::clone(keeper);
        let cut_off = |_| TokenError::CutOff { url: self.url() };
        let opening = spawn_blocking(move || keeper.open(&given).map(|kept| (kept, given)));
        let opened = timeout(Duration::from_secs(TURN_SECONDS_MAX), opening).await;
        let (kept, given) = opened
            .map_err(|_| TokenError::Busy { url: self.url(), seconds: TURN_SECONDS_MAX })?
            .map_err(cut_off)??;
        let used = held.unkept.clone().or_else(|| kept.newest()).unwrap_or(given);
        let granted = self.ask(&[("grant_type", "refresh_token"), ("refresh_token", used.reveal())]).await?;
        let newest = granted.refresh.clone().filter(|token| token.reveal() != used.reveal());
        let Some(newest) = newest.or_else(|| held.unkept.take()) else { return Ok(granted) };
        let keeping = spawn_blocking(move || kept.replace(&newest).map_err(|error| (error, newest)));
        if let Err((error, newest)) = keeping.await.map_err(cut_off)? {
            // The access token is good all the same; what could not be written is written at the next renewal.
            tracing::error!(%error, "a replaced refresh token is in memory only and lost at the next stop");
            held.unkept = Some(newest);
        }
        Ok(granted)
    }

    async fn ask(&self, grant: &[(&str, &str)]) -> Result<Granted, TokenError> {
        let settings = &self.settings;
        let url = || self.url();
        let time_max = settings.answer_time_max;
        let answer = http::post_form(&settings.endpoint, &settings.path, self.form(grant), time_max)
            .await
            .map_err(|source| TokenError::Line { url: url(), source })?;
        answer::read(answer.status, &answer.body).map_err(|fault| match fault {
            Fault::Refused { known, shown } => {
                TokenError::Refused { url: url(), code: shown, remedy: remedy(known, &settings.grant) }
            }
            Fault::Later(status) => TokenError::Later { url: url(), status },
            Fault::Malformed(why) => TokenError::Malformed { url: url(), why },
        })
    }

    fn form(&self, grant: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(grant).append_pair("client_id", &self.settings.client_id);
        if let Some(secret) = &self.settings.client_secret {
            // In the form, as Microsoft and Google document it, and not in a header (RFC 6749 2.3.1 allows both).
            form.append_pair("client_secret", secret.reveal());
        }
        if let Some(scope) = &self.settings.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    /// The token endpoint, for messages: without its query.
    fn url(&self) -> String {
        let scheme = if self.settings.endpoint.tls == Tls::None { "http" } else { "https" };
        let path = self.settings.path.split('?').next().unwrap_or_default();
        format!("{scheme}://{}{path}", self.settings.endpoint)
    }
}

/// How long a token of this life is given out.
fn used_for(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(MARGIN_MAX.min(lifetime / 4))
}

/// What to do about a refusal.
fn remedy(code: Option<&str>, grant: &Grant) -> &'static str {
    match (code, grant) {
        (Some("invalid_grant" | "interaction_required" | "consent_required"), Grant::RefreshToken { .. }) => {
            "sign in at the provider again and write the new refresh token into refresh_token_file"
        }
        (Some("invalid_client" | "unauthorized_client"), _) => {
            "correct client_id and client_secret_file; a secret may have ended"
        }
        (Some("invalid_scope" | "invalid_resource"), _) => "correct scope",
        (Some("unsupported_grant_type"), _) => "correct grant, or allow it at the provider",
        (Some("access_denied" | "consent_required" | "invalid_grant"), Grant::ClientCredentials) => {
            "let an administrator at the provider grant this client its rights"
        }
        _ => "see what the provider's pages say about that code",
    }
}

async fn given_token(file: PathBuf) -> Result<Secret, TokenError> {
    let shown = file.display().to_string();
    let failed = |why: String| TokenError::File { path: shown.clone(), why };
    let read = spawn_blocking(move || {
        let size = std::fs::metadata(&file)?.len();
        if size > FILE_BYTES_MAX {
            return Err(std::io::Error::other("it is too large"));
        }
        std::fs::read_to_string(&file)
    });
    let text =
        read.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    let token = Secret::new(text);
    match token.reveal().trim() {
        "" => Err(failed("it is empty".to_owned())),
        trimmed => Ok(Secret::new(trimmed.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::used_for;
    use std::time::Duration;

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let check = |lifetime: u64, used: u64| {
            let found = used_for(Duration::from_secs(lifetime));
            assert_eq!(found, Duration::from_secs(used), "{lifetime}");
        };
        check(3_600, 3_300);
        check(1_200, 900);
        check(60, 45);
        check(0, 0);
    }
}
