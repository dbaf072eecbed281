//! The small types that configuration values parse into: periods, sizes and database addresses. Each says in its error
//! what is wrong and, after a semicolon, what to write instead. Never reads a file. See `mod.rs` for who uses them.

use serde::{Deserialize, Deserializer};
use std::path::PathBuf;
use std::time::Duration;

/// A length of time as people write it: `250ms`, `60s`, `5m`, `24h`, `14d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Period(Duration);

impl Period {
    /// A period of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Reads a whole number and a unit.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = number_and_unit(text)?;
        let millis_each: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        number.checked_mul(millis_each).map(|millis| Self(Duration::from_millis(millis)))
    }

    /// The period for timers.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is not a length of time; write a whole number and ms, s, m, h or d, such as \"60s\""
            ))
        })
    }
}

/// A number of bytes as people write it: `5MB` (decimal), `5MiB` (binary), `512B`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(u64);

impl Size {
    /// A size in bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Reads a whole number and a unit.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = number_and_unit(text)?;
        let bytes_each: u64 = match unit {
            "B" => 1,
            "KB" | "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.checked_mul(bytes_each).map(Self)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is not a size; write a whole number and B, KB, MB, GB, KiB, MiB or GiB, such as \"5MB\""
            ))
        })
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Where a database lives. Never holds a password: that stands in a file beside it (decision 42).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatabaseUrl {
    /// `sqlite:///path/to/file`.
    Sqlite {
        /// The database file; relative ones lie below the configuration's folder.
        path: PathBuf,
    },
    /// `postgres://user@host:port/database?sslmode=verify-full`.
    Postgres {
        /// The whole address as the driver takes it, without a password.
        url: String,
    },
}

impl DatabaseUrl {
    /// Reads the address; the error says what is wrong and, after a semicolon, what to write.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains(['?', '#']) {
                return Err("names no database file; write sqlite:///path/to/file");
            }
            return Ok(Self::Sqlite { path: PathBuf::from(path) });
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("is no database address; write sqlite:///path or postgres://user@host/database");
        }
        if url_holds_password(text) {
            return Err(PASSWORD_IN_URL);
        }
        let tls_checked = ["sslmode=verify-full", "sslmode=verify-ca"].iter().any(|mode| text.contains(mode));
        if tls_checked || url_host(text).is_none_or(|host| host.is_empty() || is_loopback(host)) {
            return Ok(Self::Postgres { url: text.to_owned() });
        }
        Err("would cross the network without a checked certificate; add ?sslmode=verify-full")
    }

    /// The address as the drivers read it; they take `%`, `?` and `#` of a file name for their own.
    pub fn to_url(&self) -> String {
        match self {
            Self::Sqlite { path } => {
                let path = path.display().to_string();
                format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3f").replace('#', "%23"))
            }
            Self::Postgres { url } => url.clone(),
        }
    }
}

/// What is said about a password in a URL, wherever it stands.
pub(super) const PASSWORD_IN_URL: &str =
    "holds a password; take it out and name a file that holds it in password_file";

/// Whether a URL carries a password, as `user:password@` or as a `password=` parameter.
pub(super) fn url_holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority_and_path, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last @ ends the user part: a password may hold an unescaped @ or /.
    let user = authority_and_path.rsplit_once('@').map_or("", |(user, _)| user);
    let in_query = query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name).to_ascii_lowercase();
        name == "password" || name == "passwd" || name == "pwd"
    });
    user.contains(':') || in_query
}

fn url_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(six) = host.strip_prefix('[') {
        return six.split(']').next();
    }
    host.split(':').next()
}

/// Whether a host name means this very machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, Period, Size, is_loopback, url_holds_password};

    #[test]
    fn periods_are_read_with_their_unit_only() {
        let check = |text: &str, millis: Option<u128>| {
            assert_eq!(Period::parse(text).map(|period| period.duration().as_millis()), millis, "{text:?}");
        };
        check("250ms", Some(250));
        check("60s", Some(60_000));
        check(" 5 m ", Some(300_000));
        check("24h", Some(86_400_000));
        check("14d", Some(1_209_600_000));
        check("0s", Some(0));
        check("60", None);
        check("s", None);
        check("-1s", None);
        check("1.5h", None);
        check("1w", None);
        check("99999999999999999999s", None);
        check("18446744073709551615d", None);
    }

    #[test]
    fn sizes_are_decimal_unless_they_say_binary() {
        let check = |text: &str, bytes: Option<u64>| {
            assert_eq!(Size::parse(text).map(Size::bytes), bytes, "{text:?}");
        };
        check("5MB", Some(5_000_000));
        check("5 MiB", Some(5_242_880));
        check("1kB", Some(1_000));
        check("512B", Some(512));
        check("5", None);
        check("5M", None);
        check("MB", None);
        check("18446744073709551615GB", None);
    }

    #[test]
    fn a_password_in_a_url_is_seen_in_every_place() {
        let check = |url: &str, holds: bool| assert_eq!(url_holds_password(url), holds, "{url}");
        check("postgres://dsrd:secret@db.acme.example/dsrd", true);
        check("postgres://dsrd:p@ss/w@db.acme.example/dsrd", true);
        check("postgres://dsrd:@db.acme.example/dsrd", true);
        check("postgres://db.acme.example/dsrd?user=a&PASSWORD=x", true);
        check("https://u:p@files.acme.example/", true);
        check("postgres://dsrd@db.acme.example:5432/dsrd", false);
        check("postgres://[::1]:5432/dsrd", false);
        check("sqlite:///var/lib/dsrd/state.db", false);
    }

    #[test]
    fn a_database_address_is_a_file_or_a_safe_connection() {
        let check = |text: &str, problem: Option<&str>| match (DatabaseUrl::parse(text), problem) {
            (Ok(_), None) => {}
            (Err(said), Some(part)) => assert!(said.contains(part), "{text}: {said}"),
            (result, expected) => panic!("{text}: {result:?}, expected {expected:?}"),
        };
        check("sqlite:///var/lib/dsrd/state.db", None);
        check("sqlite://state.db", None);
        check("postgres:///dsrd?host=/run/postgresql", None);
        check("postgres://dsrd@127.0.0.1:5432/dsrd", None);
        check("postgres://dsrd@[::1]/dsrd", None);
        check("postgresql://dsrd@db.acme.example/dsrd?sslmode=verify-full", None);
        check("postgres://dsrd@db.acme.example/dsrd", Some("sslmode=verify-full"));
        check("postgres://dsrd@db.acme.example/dsrd?sslmode=require", Some("sslmode=verify-full"));
        check("postgres://dsrd:x@localhost/dsrd", Some("password_file"));
        check("sqlite://", Some("names no database file"));
        check("mysql://localhost/dsrd", Some("no database address"));
    }

    #[test]
    fn a_file_name_survives_the_drivers() {
        use std::str::FromStr;
        for path in ["/srv/a b/x.db", "/srv/100%25/what?#1.db", "state.db"] {
            let url = DatabaseUrl::Sqlite { path: path.into() }.to_url();
            let read = sqlx::sqlite::SqliteConnectOptions::from_str(&url).expect(path);
            assert_eq!(read.get_filename(), std::path::Path::new(path), "{url}");
        }
    }

    #[test]
    fn loopback_is_this_machine_only() {
        let check = |host: &str, loopback: bool| assert_eq!(is_loopback(host), loopback, "{host}");
        check("localhost", true);
        check("127.0.0.2", true);
        check("::1", true);
        check("localhost.acme.example", false);
        check("127.0.0.1.acme.example", false);
        check("10.0.0.1", false);
    }
}
