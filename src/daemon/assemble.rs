//! Builds the parts of a daemon from its configuration: the only bridge between `config` and the plain values of the
//! layers below. Reads secrets from their files; connects to nothing but the state.

use super::logins::Logins;
use super::rate::Rate;
use crate::config::{self, Config, MailboxKind, OutboxKind, SenderAuth, SenderAuthMode};
use crate::connectors::{Connectors, SourceKind, SourceSettings};
use crate::crypto::MasterKey;
use crate::domain::calendar::Calendar;
use crate::domain::form::{DateOrder, Language, Languages};
use crate::domain::holidays;
use crate::domain::notice::Company;
use crate::env::Env;
use crate::ledger::Shipping;
use crate::mail::authentication::Trust;
use crate::mail::incoming;
use crate::mailbox::imap::{Idle, ImapMailbox, ImapSettings};
use crate::mailbox::maildir::{MaildirMailbox, MaildirSettings};
use crate::mailbox::{self, Mailbox};
use crate::net::{Endpoint, Secret, Tls};
use crate::outbox::Courier;
use crate::outbox::maildir::MaildirCourier;
use crate::outbox::smtp::{self, SmtpCourier, SmtpSettings};
use crate::render::Texts;
use crate::senders::Judge;
use crate::store::{Keyring, Store};
use crate::workflow::settings::{
    Answer, Approval, DailyDigest, DeliverySettings, MailboxRules, PlusAddressing, Reading, Settings,
    Verification,
};
use crate::workflow::{CapSettings, Workflow};
use anyhow::{Context, anyhow};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A mailbox with what its loop must know.
pub struct WatchedMailbox {
    /// The `[mailbox.NAME]`.
    pub name: String,
    /// The adapter.
    pub mailbox: Box<dyn Mailbox>,
    /// Look at least this often.
    pub poll: Duration,
}

/// The parts of a daemon.
pub struct Parts {
    /// The use-cases.
    pub workflow: Arc<Workflow>,
    /// Every mailbox.
    pub mailboxes: Vec<WatchedMailbox>,
    /// The way out.
    pub courier: Box<dyn Courier>,
    /// Mails that may leave in a minute.
    pub rate: Rate,
    /// Clock and entropy.
    pub env: Env,
}

/// Opens the state and builds everything else.
///
/// # Errors
/// One sentence: what was attempted, on what, why it failed.
pub async fn parts(config: &Config, env: Env) -> anyhow::Result<Parts> {
    let workflow = workflow(config, &env).await?;
    let mut logins = Logins::new(config, &env);
    Ok(Parts {
        workflow: Arc::new(workflow),
        mailboxes: mailboxes(config, &mut logins)?,
        courier: courier(config, &mut logins)?,
        rate: rate(config),
        env: env.clone(),
    })
}

/// Opens the state and the use-cases alone, as the commands need them.
pub async fn workflow(config: &Config, env: &Env) -> anyhow::Result<Workflow> {
    let store = store(config, env).await?;
    let (texts, connectors) = (texts(config)?, connectors(config)?);
    tokio::fs::create_dir_all(&config.delivery.package_dir).await.with_context(|| {
        format!("making [delivery] package_dir {}", config.delivery.package_dir.display())
    })?;
    Ok(Workflow::new(store, env.clone(), texts, settings(config)?, connectors).await?)
}

/// Opens the state alone, for looking into it, and makes sure that the master key fits.
pub async fn store(config: &Config, env: &Env) -> anyhow::Result<Store> {
    let key = master_key(config)?;
    let store = Store::open(
        &with_password(&config.state.url.to_url(), config.state.password_file.as_deref())?,
        Keyring::new(key),
        Arc::clone(&env.entropy),
    )
    .await?;
    store.check_master_key().await?;
    Ok(store)
}

/// The master key from its file.
pub fn master_key(config: &Config) -> anyhow::Result<MasterKey> {
    let key = secret(&config.keys.master_key_file, "the master key")?;
    MasterKey::from_file_text(key.reveal())
        .with_context(|| format!("reading the master key {}", config.keys.master_key_file.display()))
}

/// The built-in templates, with the operator's own in place of some.
pub fn texts(config: &Config) -> anyhow::Result<Texts> {
    match &config.templates {
        Some(folder) => Texts::with_overrides(folder),
        None => Texts::built_in(),
    }
    .context("reading the templates")
}

/// Every source, unconnected.
pub fn connectors(config: &Config) -> anyhow::Result<Connectors> {
    let settings = |(name, source): (&String, &config::Source)| {
        let erase_url =
            source.erase.as_ref().map(|(url, file)| with_password(&url.to_url(), file.as_deref()));
        Ok(SourceSettings {
            name: name.clone(),
            kind: match source.kind {
                config::SourceKind::Sqlite => SourceKind::Sqlite,
                config::SourceKind::Postgres => SourceKind::Postgres,
            },
            url: with_password(&source.url.to_url(), source.password_file.as_deref())?,
            erase_url: erase_url.transpose()?,
        })
    };
    let sources = config.sources.iter().map(settings).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Connectors::open(&sources)?)
}

/// A database's URL with the password from its file.
fn with_password(url: &str, file: Option<&Path>) -> anyhow::Result<String> {
    let Some(file) = file else {
        return Ok(url.to_owned());
    };
    let password = secret(file, "a database's password")?;
    let encoded: String =
        password
            .reveal()
            .bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{joint}password={encoded}"))
}

/// The configuration as the use-cases take it.
pub fn settings(config: &Config) -> anyhow::Result<Settings> {
    let mut regimes = config.regimes.known.clone();
    // Whoever is under the default law complains where the company says; the others where their own law does.
    for regime in regimes.iter_mut().filter(|regime| regime.name == config.regimes.default) {
        regime.authority.clone_from(&config.company.complaint_authority);
    }
    let regime = regimes.iter().find(|regime| regime.name == config.regimes.default);
    let regime = regime
        .cloned()
        .ok_or_else(|| anyhow!("[regimes] default {:?} is no regime", config.regimes.default))?;
    let mut own: Vec<_> = config.mailboxes.values().flat_map(|mailbox| mailbox.addresses.iter()).collect();
    own.push(&config.outbox.from);
    own.push(&config.company.support);
    Ok(Settings {
        company: Company {
            name: config.company.name.clone(),
            support: support(config),
            grievance_officer: config.company.grievance_officer.clone(),
        },
        automated_decisions: config.company.automated_decisions.clone(),
        from: config.outbox.from.clone(),
        plus_addressing: if config.outbox.plus_addressing { PlusAddressing::On } else { PlusAddressing::Off },
        own: own.into_iter().map(crate::domain::address::Address::without_detail).collect(),
        reading: Reading {
            region: config.reading.region.clone(),
            order: order(config),
            languages: languages(config),
        },
        limits: incoming::Limits {
            bytes_max: usize::try_from(config.limits.mail_bytes_max.bytes()).unwrap_or(usize::MAX),
            ..incoming::Limits::default()
        },
        trust: trust(config),
        judge: judge(config)?,
        calendar: calendar(config)?,
        regime,
        regimes,
        promise_days: config.promise.days,
        verification: Verification {
            account_roles: config.verification.account_roles.clone(),
            code_lifetime: SignedDuration::from_hours(i64::from(config.verification.code_hours)),
            reminder_days: config.verification.reminder_days.clone(),
            expire_days: config.verification.expire_days,
            tries_max: u8::try_from(config.verification.tries_max).unwrap_or(u8::MAX),
        },
        directory: config.directory.clone(),
        categories: config.data.clone(),
        delivery: DeliverySettings {
            attachment_bytes_max: config.delivery.attachment_bytes_max.bytes(),
            package_dir: config.delivery.package_dir.clone(),
            base_url: config.delivery.base_url.clone(),
            keep_days: config.delivery.keep_days,
        },
        approval: approval(config),
        ledger_dir: config.erasure.ledger_dir.clone(),
        ledger_shipping: shipping(config)?,
        retention_at: config.retention.at,
        daily_digest: if config.digest.daily { DailyDigest::On } else { DailyDigest::Off },
        caps: CapSettings {
            address_hour_max: config.limits.ack_per_address_hour,
            address_day_max: config.limits.ack_per_address_day,
            domain_hour_max: config.limits.ack_per_domain_hour,
            global_hour_max: config.limits.ack_per_hour,
        },
        mailboxes: mailbox_rules(config),
    })
}

fn approval(config: &Config) -> Approval {
    Approval {
        cooling_off: SignedDuration::from_hours(i64::from(config.approval.cooling_off_hours)),
        two_approvers_rows: config.approval.two_approvers_rows,
        two_approvers_percent: config.approval.two_approvers_percent,
        rows_per_day_max: config.approval.rows_per_day_max,
        accounts_per_day_max: config.approval.accounts_per_day_max,
        accounts_per_day_alarm: config.approval.accounts_per_day_alarm,
    }
}

/// Where the erasure ledger is shipped to, under the machine's name where no other is given.
fn shipping(config: &Config) -> anyhow::Result<Option<Shipping>> {
    let Some(folder) = config.erasure.ship_dir.clone() else { return Ok(None) };
    let name = if let Some(name) = &config.erasure.ship_name {
        name.clone()
    } else {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname");
        machine
            .context("the name of this machine cannot be read; write [erasure] ship_name")?
            .trim()
            .to_owned()
    };
    Ok(Some(Shipping { folder, name }))
}

fn support(config: &Config) -> String {
    let address = config.company.support.expose();
    if config.company.contact.is_empty() {
        address.to_owned()
    } else {
        format!("{address}, {}", config.company.contact)
    }
}

/// Whose header tells about senders.
pub fn trust(config: &Config) -> Trust {
    let SenderAuth { authserv_ids, received_above, .. } = &config.sender_auth;
    Trust { authserv_ids: authserv_ids.clone(), received_above_max: *received_above }
}

/// Who judges senders, where the configuration says that we do.
fn judge(config: &Config) -> anyhow::Result<Option<Arc<Judge>>> {
    match config.sender_auth.mode {
        SenderAuthMode::TrustHeader => Ok(None),
        SenderAuthMode::Evaluate => Ok(Some(Arc::new(Judge::new(config.sender_auth.resolver)?))),
    }
}

/// How numeric dates are read.
pub fn order(config: &Config) -> DateOrder {
    match config.reading.date_order {
        config::DateOrder::DayFirst => DateOrder::DayFirst,
        config::DateOrder::MonthFirst => DateOrder::MonthFirst,
    }
}

/// The languages in which forms are read, the operator's own words first.
pub fn languages(config: &Config) -> Arc<Languages> {
    let codes = config.reading.languages.iter();
    let shipped = codes.filter_map(|code| Some((code.clone(), Language::shipped(code)?)));
    let own = ("own".to_owned(), config.reading.words.clone());
    Arc::new(Languages::new(&[own].into_iter().chain(shipped).collect::<Vec<_>>()))
}

fn mailbox_rules(config: &Config) -> BTreeMap<String, MailboxRules> {
    let rules = config.mailboxes.iter().map(|(name, mailbox)| {
        let answer = if mailbox.answer { Answer::Yes } else { Answer::ObserveOnly };
        (name.clone(), MailboxRules { answer, since: mailbox.since })
    });
    rules.collect()
}

/// The business calendar, with the holidays of the configuration and of its file.
pub fn calendar(config: &Config) -> anyhow::Result<Calendar> {
    let calendar = &config.calendar;
    let mut days: BTreeMap<_, _> = calendar.holidays.iter().map(|&day| (day, "holiday".to_owned())).collect();
    if let Some(path) = &calendar.holidays_file {
        let what = || format!("reading [calendar] holidays_file {}", path.display());
        let bytes = std::fs::read(path).with_context(what)?;
        days.extend(holidays::holidays(&String::from_utf8_lossy(&bytes)).with_context(what)?);
    }
    Calendar::new(calendar.timezone.clone(), &calendar.workdays, calendar.opens, calendar.closes, days)
        .context("making the business calendar")
}

/// Every configured mailbox, unconnected.
pub fn mailboxes<'a>(config: &'a Config, logins: &mut Logins<'a>) -> anyhow::Result<Vec<WatchedMailbox>> {
    config
        .mailboxes
        .iter()
        .map(|(name, settings)| {
            Ok(WatchedMailbox {
                name: name.clone(),
                mailbox: mailbox(settings, config.limits.mail_bytes_max.bytes(), logins)?,
                poll: settings.poll.duration(),
            })
        })
        .collect()
}

fn mailbox<'a>(
    settings: &'a config::Mailbox,
    mail_bytes_max: u64,
    logins: &mut Logins<'a>,
) -> anyhow::Result<Box<dyn Mailbox>> {
    let after = match &settings.after {
        config::After::Leave => mailbox::After::Leave,
        config::After::Keyword => mailbox::After::Keyword,
        config::After::Move { folder } => mailbox::After::Move { folder: folder.clone() },
    };
    Ok(match &settings.kind {
        MailboxKind::Imap { server, folder, idle } => Box::new(ImapMailbox::new(ImapSettings {
            endpoint: endpoint(server),
            login: logins.login(server)?.ok_or_else(|| anyhow!("a mailbox needs a user and a proof"))?,
            folder: folder.clone(),
            after,
            idle: if *idle { Idle::Offered } else { Idle::Off },
            limits: mailbox::imap::Limits { mail_bytes_max, ..mailbox::imap::Limits::default() },
        })),
        MailboxKind::Maildir { path } => {
            Box::new(MaildirMailbox::new(MaildirSettings { dir: path.clone(), after, mail_bytes_max }))
        }
    })
}

/// The way out, unconnected.
pub fn courier<'a>(config: &'a Config, logins: &mut Logins<'a>) -> anyhow::Result<Box<dyn Courier>> {
    Ok(match &config.outbox.kind {
        OutboxKind::Smtp { server, connections_max, rate_per_minute: _ } => {
            Box::new(SmtpCourier::new(SmtpSettings {
                endpoint: endpoint(server),
                login: logins.login(server)?,
                hello: config.outbox.from.domain().to_owned(),
                limits: smtp::Limits {
                    connections_max: usize::from(*connections_max),
                    ..smtp::Limits::default()
                },
            }))
        }
        OutboxKind::Maildir { path } => Box::new(MaildirCourier::new(path.clone())),
    })
}

fn rate(config: &Config) -> Rate {
    match &config.outbox.kind {
        OutboxKind::Smtp { rate_per_minute, .. } => Rate::per_minute(*rate_per_minute),
        OutboxKind::Maildir { .. } => Rate::unlimited(),
    }
}

fn endpoint(server: &config::Server) -> Endpoint {
    Endpoint {
        host: server.host.clone(),
        port: server.port,
        tls: match server.tls {
            config::Tls::Implicit => Tls::Implicit,
            config::Tls::StartTls => Tls::StartTls,
            config::Tls::None => Tls::None,
        },
        ca_file: server.ca_file.clone(),
    }
}

/// A secret from its file, without the line end behind it.
pub(super) fn secret(path: &Path, what: &str) -> anyhow::Result<Secret> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {what} from {}", path.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
