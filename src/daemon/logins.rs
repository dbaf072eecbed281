//! Who we are at mail servers, from the configuration: passwords from their files, and access tokens, drawn once for
//! whoever logs in with the same client, so that a mailbox and the outbox never race for one refresh token.
//! Asks no server; `assemble.rs` hands the result to the adapters.

use super::assemble::{master_key, secret};
use super::tokens::TokenFolder;
use crate::config::{self, Config, Grant, OAuth2, Proof};
use crate::env::Env;
use crate::net::oauth::{self, TokenKeeper, TokenSettings, Tokens};
use crate::net::{Endpoint, Login, Tls};
use std::sync::Arc;

/// The logins of one configuration.
pub struct Logins<'a> {
    config: &'a Config,
    env: &'a Env,
    keeper: Option<Arc<dyn TokenKeeper>>,
    tokens: Vec<(&'a OAuth2, Arc<Tokens>)>,
}

impl<'a> Logins<'a> {
    /// No login yet.
    pub fn new(config: &'a Config, env: &'a Env) -> Self {
        Self { config, env, keeper: None, tokens: Vec::new() }
    }

    /// The login of a server, if it wants one.
    pub fn login(&mut self, server: &'a config::Server) -> anyhow::Result<Option<Login>> {
        let Some(login) = &server.login else { return Ok(None) };
        let user = login.user.clone();
        Ok(Some(match &login.proof {
            Proof::PasswordFile(file) => Login::Password { user, password: secret(file, "a password")? },
            Proof::OAuth2(oauth2) => Login::Token { user, tokens: self.tokens(oauth2)? },
        }))
    }

    fn tokens(&mut self, oauth2: &'a OAuth2) -> anyhow::Result<Arc<Tokens>> {
        if let Some((_, tokens)) = self.tokens.iter().find(|(known, _)| *known == oauth2) {
            return Ok(Arc::clone(tokens));
        }
        let clock = Arc::clone(&self.env.clock);
        let client_secret = oauth2.client_secret_file.as_deref();
        let tokens = Arc::new(Tokens::new(TokenSettings {
            endpoint: Endpoint {
                host: oauth2.token_url.host.clone(),
                port: oauth2.token_url.port,
                tls: if oauth2.token_url.https { Tls::Implicit } else { Tls::None },
                ca_file: oauth2.ca_file.clone(),
            },
            path: oauth2.token_url.path.clone(),
            client_id: oauth2.client_id.clone(),
            client_secret: client_secret.map(|file| secret(file, "a client's secret")).transpose()?,
            grant: self.grant(&oauth2.grant)?,
            scope: oauth2.scope.clone(),
            answer_time_max: oauth::ANSWER_TIME_MAX,
            now: Arc::new(move || clock.now()),
        }));
        self.tokens.push((oauth2, Arc::clone(&tokens)));
        Ok(tokens)
    }

    fn grant(&mut self, grant: &Grant) -> anyhow::Result<oauth::Grant> {
        let Grant::RefreshToken { file } = grant else { return Ok(oauth::Grant::ClientCredentials) };
        // Read at every renewal; here, so that a daemon without one does not start.
        secret(file, "a refresh token")?;
        Ok(oauth::Grant::RefreshToken { file: file.clone(), keeper: self.keeper()? })
    }

    fn keeper(&mut self) -> anyhow::Result<Arc<dyn TokenKeeper>> {
        if let Some(keeper) = &self.keeper {
            return Ok(Arc::clone(keeper));
        }
        let key = master_key(self.config)?;
        let entropy = Arc::clone(&self.env.entropy);
        let keeper: Arc<dyn TokenKeeper> =
            Arc::new(TokenFolder::new(self.config.keys.token_dir.clone(), key, entropy));
        self.keeper = Some(Arc::clone(&keeper));
        Ok(keeper)
    }
}
