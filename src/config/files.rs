//! The part of the check that looks at files: secrets are there and closed to others, folders and databases exist. Never
//! reads a secret's content. `mod.rs` keeps this apart from parsing, which does no I/O beyond its own file.

use super::problem::{Findings, Folders, Problem};
use super::{Config, DatabaseUrl, Grant, MailboxKind, OAuth2, OutboxKind, Proof, Server};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Permission bits that let everybody on the machine read, write or search.
const OTHERS: u32 = 0o007;

pub(super) fn check(config: &Config, file: &str) -> Vec<Problem> {
    let folders = Folders { base: PathBuf::new(), credentials: None };
    let mut findings = Findings::new(file, &folders);
    secret("keys", "master_key_file", &config.keys.master_key_file, &mut findings);
    if let Some(path) = &config.state.password_file {
        secret("state", "password_file", path, &mut findings);
    }
    if let DatabaseUrl::Sqlite { path } = &config.state.url {
        // The database itself is made on the first start.
        folder("state", "url", path.parent().unwrap_or(Path::new("")), &mut findings);
    }
    for (name, mailbox) in &config.mailboxes {
        let section = format!("mailbox.{name}");
        match &mailbox.kind {
            MailboxKind::Imap { server, .. } => server_files(&section, server, &mut findings),
            MailboxKind::Maildir { path } => folder(&section, "path", path, &mut findings),
        }
    }
    match &config.outbox.kind {
        OutboxKind::Smtp { server, .. } => server_files("outbox", server, &mut findings),
        OutboxKind::Maildir { path } => folder("outbox", "path", path, &mut findings),
    }
    for (name, source) in &config.sources {
        if let DatabaseUrl::Sqlite { path } = &source.url {
            plain(&format!("sources.{name}"), "url", path, &mut findings);
        }
    }
    if let Some(path) = &config.calendar.holidays_file {
        plain("calendar", "holidays_file", path, &mut findings);
    }
    if let Some(path) = &config.templates {
        folder("", "templates", path, &mut findings);
    }
    // The daemon makes it, but not the folder that it lies in.
    let packages = &config.delivery.package_dir;
    let packages = if packages.exists() { packages } else { packages.parent().unwrap_or(packages) };
    folder("delivery", "package_dir", packages, &mut findings);
    findings.finish().0
}

fn server_files(section: &str, server: &Server, findings: &mut Findings<'_>) {
    match server.login.as_ref().map(|login| &login.proof) {
        Some(Proof::PasswordFile(file)) => secret(section, "password_file", file, findings),
        Some(Proof::OAuth2(oauth2)) => token_files(&format!("{section}.oauth2"), oauth2, findings),
        None => {}
    }
    if let Some(path) = &server.ca_file {
        plain(section, "ca_file", path, findings);
    }
}

fn token_files(section: &str, oauth2: &OAuth2, findings: &mut Findings<'_>) {
    if let Some(file) = &oauth2.client_secret_file {
        secret(section, "client_secret_file", file, findings);
    }
    if let Grant::RefreshToken { file } = &oauth2.grant {
        secret(section, "refresh_token_file", file, findings);
    }
    if let Some(path) = &oauth2.ca_file {
        plain(section, "ca_file", path, findings);
    }
}

fn secret(section: &str, key: &str, path: &Path, findings: &mut Findings<'_>) {
    plain(section, key, path, findings);
    match std::fs::metadata(path) {
        Ok(meta) if meta.permissions().mode() & OTHERS != 0 => {
            let what = format!("the secret {} is open to everybody on this machine", path.display());
            findings.add(section, key, what, format!("chmod 600 {}", path.display()));
        }
        Ok(meta) if meta.len() == 0 => {
            let what = format!("the secret {} is empty", path.display());
            findings.add(section, key, what, "write the secret into it");
        }
        Ok(_) | Err(_) => {}
    }
}

fn plain(section: &str, key: &str, path: &Path, findings: &mut Findings<'_>) {
    match std::fs::File::open(path).and_then(|file| file.metadata()) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => {
            let what = format!("{} is no file", path.display());
            findings.add(section, key, what, "name a file");
        }
        Err(error) => {
            let what = format!("cannot read {}: {error}", path.display());
            findings.add(section, key, what, "create it or let the daemon's user read it");
        }
    }
}

fn folder(section: &str, key: &str, path: &Path, findings: &mut Findings<'_>) {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => {
            findings.add(section, key, format!("{} is no folder", path.display()), "name a folder");
        }
        Err(error) => {
            let what = format!("cannot use the folder {}: {error}", path.display());
            findings.add(section, key, what, "create it, owned by the daemon's user");
        }
    }
}
