//! Where log lines go and how they look: JSON or text on standard error, or systemd's journal. Libraries that would print
//! credentials or mail are capped here, whatever the configuration says (async-imap's trace prints LOGIN with its
//! password). Nothing a stranger wrote may start a new line or move a terminal's cursor.

use super::CliError;
use crate::config::{Log, LogFormat, LogLevel};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries whose debug and trace lines hold commands, passwords, mail or rows. Their children are capped with them.
const CAPPED: [&str; 7] = ["async_imap", "hyper", "imap_proto", "lettre", "rustls", "sqlx", "mail_parser"];

/// The most that a capped library may say.
const CAP: LevelFilter = LevelFilter::INFO;

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging for the whole process; once.
pub fn start(log: &Log) -> Result<(), CliError> {
    let (lines, missing) = match log.format {
        LogFormat::Json => (json(std::io::stderr), None),
        LogFormat::Text => (text(std::io::stderr), None),
        LogFormat::Journald => match tracing_journald::layer() {
            Ok(layer) => (layer.with_field_prefix(Some("DSRD".to_owned())).boxed(), None),
            Err(error) => (json(std::io::stderr), Some(error)),
        },
    };
    Registry::default().with(lines).with(levels(log.level)).try_init().map_err(|error| {
        CliError::outside(format!("cannot start logging: {error}; another subscriber is installed"))
    })?;
    if let Some(error) = missing {
        tracing::warn!(%error, "no journal socket here: logging JSON to standard error instead");
    }
    Ok(())
}

/// The level for everything, with the cap on what would say too much.
fn levels(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let capped = CAPPED.map(|target| (target, level.min(CAP)));
    Targets::new().with_default(level).with_targets(capped)
}

fn json<W>(writer: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
}

fn text<W>(writer: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The default format escapes neither CR nor LF.
    let fields = format::debug_fn(|writer, field, value| match field.name() {
        name if name.starts_with("log.") => Ok(()),
        "message" => writer.write_str(&escaped(&format!("{value:?}"))),
        name => write!(writer, "{name}={}", escaped(&format!("{value:?}"))),
    });
    fmt::layer().fmt_fields(fields.delimited(" ")).with_ansi(false).with_writer(writer).boxed()
}

/// Writes control characters, line and paragraph separators and bidirectional controls as `\u{…}`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{CAPPED, escaped, json, levels, text};
    use crate::config::LogLevel;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry::Registry;
    use tracing_subscriber::util::SubscriberInitExt;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("lock").clone()).expect("UTF-8")
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Memory {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    const HOSTILE: &str = "a\r\n{\"level\":\"INFO\"}\x1b[2J\u{9b}1m\u{202e}";

    fn is_one_clean_line(logged: &str) {
        assert_eq!(logged.matches('\n').count(), 1, "{logged:?}");
        let body = logged.strip_suffix('\n').expect("ends with a line end");
        assert!(!body.contains(['\r', '\n', '\x1b']), "{logged:?}");
    }

    #[test]
    fn hostile_fields_stay_on_one_line_of_json() {
        let memory = Memory::default();
        let subscriber = Registry::default().with(json(memory.clone())).with(levels(LogLevel::Info));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(name = HOSTILE, shown = %HOSTILE, "mail {HOSTILE} came");
        });
        let logged = memory.text();
        is_one_clean_line(&logged);
        let value: serde_json::Value = serde_json::from_str(&logged).expect("JSON");
        assert_eq!(value["name"], HOSTILE);
        assert_eq!(value["shown"], HOSTILE);
        assert_eq!(value["level"], "INFO");
    }

    #[test]
    fn hostile_fields_stay_on_one_line_of_text() {
        let memory = Memory::default();
        let subscriber = Registry::default().with(text(memory.clone())).with(levels(LogLevel::Info));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", shown = %HOSTILE);
            let _entered = span.enter();
            tracing::info!(name = HOSTILE, shown = %HOSTILE, count = 3, "mail {HOSTILE} came");
        });
        let logged = memory.text();
        is_one_clean_line(&logged);
        assert!(!logged.contains(['\u{9b}', '\u{202e}']), "{logged:?}");
        assert!(logged.contains("count=3"), "{logged:?}");
    }

    #[test]
    fn the_level_rules_our_own_lines() {
        let check = |level: LogLevel, expected: usize| {
            let memory = Memory::default();
            let subscriber = Registry::default().with(json(memory.clone())).with(levels(level));
            tracing::subscriber::with_default(subscriber, || {
                tracing::error!("1");
                tracing::warn!("2");
                tracing::info!("3");
                tracing::debug!("4");
                tracing::trace!("5");
            });
            assert_eq!(memory.text().lines().count(), expected, "{level:?}");
        };
        check(LogLevel::Error, 1);
        check(LogLevel::Warn, 2);
        check(LogLevel::Info, 3);
        check(LogLevel::Debug, 4);
        check(LogLevel::Trace, 5);
    }

    #[test]
    fn no_level_opens_a_capped_library() {
        let filter = levels(LogLevel::Trace);
        for target in CAPPED {
            let child = format!("{target}::inner");
            for target in [target, child.as_str()] {
                assert!(!filter.would_enable(target, &tracing::Level::TRACE), "{target}");
                assert!(!filter.would_enable(target, &tracing::Level::DEBUG), "{target}");
                assert!(filter.would_enable(target, &tracing::Level::INFO), "{target}");
            }
        }
        assert!(filter.would_enable("dsrd::mailbox", &tracing::Level::TRACE));
        assert!(!levels(LogLevel::Error).would_enable("sqlx", &tracing::Level::WARN), "a cap never raises");
    }

    /// The real library with a real login: its trace lines go through the `log` crate, a path of their own.
    #[tokio::test]
    async fn a_password_of_imap_never_reaches_the_log() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let memory = Memory::default();
        // The `log` crate has one receiver per process; this is the only test that sets it.
        Registry::default()
            .with(json(memory.clone()))
            .with(levels(LogLevel::Trace))
            .try_init()
            .expect("first");
        tracing::trace!("our own trace is open");
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let server = async {
            theirs.write_all(b"* OK ready\r\n").await.expect("greets");
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\n") {
                let mut chunk = [0_u8; 256];
                let count = theirs.read(&mut chunk).await.expect("reads");
                seen.extend_from_slice(&chunk[..count]);
            }
            let command = String::from_utf8(seen).expect("UTF-8");
            let tag = command.split(' ').next().expect("tag").to_owned();
            theirs.write_all(format!("{tag} OK done\r\n").as_bytes()).await.expect("answers");
            command
        };
        let client = async {
            let mut client = async_imap::Client::new(ours);
            client.read_response().await.expect("reads").expect("greeting");
            client.login("support", "correct-horse").await.map_err(|(error, _)| error).expect("logs in")
        };
        let (command, session) = tokio::join!(server, client);
        drop(session);
        assert!(command.contains("correct-horse"), "the password crossed the wire: {command:?}");
        let logged = memory.text();
        assert!(logged.contains("our own trace is open"), "{logged}");
        assert!(!logged.contains("correct-horse") && !logged.contains("LOGIN"), "{logged}");
    }

    #[test]
    fn control_characters_are_written_out() {
        let check = |input: &str, expected: &str| assert_eq!(escaped(input), expected, "{input:?}");
        check("plain Ünïcode ✓", "plain Ünïcode ✓");
        check("a\r\nb", "a\\r\\nb");
        check("\x1b[31m", "\\u{1b}[31m");
        check("\u{9b}x\u{202e}y\u{2028}", "\\u{9b}x\\u{202e}y\\u{2028}");
    }
}
