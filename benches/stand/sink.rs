//! An SMTP server that takes everything at once and remembers when: a thread for each connection, no disk, so that it does
//! not weigh in what is measured. Never looks into a mail beyond its envelope. The daemon and the floor share it.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A mail that was taken.
#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) at: Instant,
    pub(crate) to: String,
    /// The null return path, which acknowledgements have and no other notice to a customer has (RFC 3834 3.3).
    pub(crate) is_reply: bool,
}

/// The server.
pub(crate) struct Sink {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    taken: Mutex<Vec<Taken>>,
    news: Condvar,
}

impl Sink {
    /// Listens on a port of its own for as long as the process lives.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&theirs);
                // A client that goes away ends its thread.
                std::thread::spawn(move || drop(talk(&stream.unwrap(), &shared)));
            }
        });
        Self { port, shared }
    }

    /// Forgets what was taken so far.
    pub(crate) fn clear(&self) {
        self.shared.taken.lock().unwrap().clear();
    }

    /// Waits until `enough` holds and gives what was taken. Ends the bench when nothing comes for a minute.
    pub(crate) fn wait(&self, enough: impl Fn(&[Taken]) -> bool) -> Vec<Taken> {
        let mut taken = self.shared.taken.lock().unwrap();
        while !enough(&taken) {
            let before = taken.len();
            let (now, timeout) = self.shared.news.wait_timeout(taken, Duration::from_mins(1)).unwrap();
            taken = now;
            assert!(!timeout.timed_out() || taken.len() > before, "no mail for a minute, after {before}");
        }
        taken.clone()
    }
}

fn talk(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream);
    let mut answers = BufWriter::new(stream);
    let (mut line, mut is_reply, mut to) = (Vec::new(), false, String::new());
    answers.write_all(b"220 sink\r\n")?;
    loop {
        // RFC 2920 3.2: answers may wait only while more commands are at hand.
        if lines.buffer().is_empty() {
            answers.flush()?;
        }
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            b"EHLO" => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            b"MAIL" => {
                is_reply = line.starts_with(b"MAIL FROM:<>");
                b"250 2.1.0 Ok\r\n"
            }
            b"RCPT" => {
                String::from_utf8_lossy(&line).trim_end().clone_into(&mut to);
                b"250 2.1.5 Ok\r\n"
            }
            b"DATA" => {
                answers.write_all(b"354 go on\r\n")?;
                answers.flush()?;
                while line != b".\r\n" {
                    line.clear();
                    lines.read_until(b'\n', &mut line)?;
                }
                let mail = Taken { at: Instant::now(), to: std::mem::take(&mut to), is_reply };
                shared.taken.lock().unwrap().push(mail);
                shared.news.notify_all();
                b"250 2.0.0 Ok\r\n"
            }
            b"QUIT" => b"221 2.0.0 Bye\r\n",
            _ => b"250 2.0.0 Ok\r\n",
        };
        answers.write_all(answer)?;
    }
}
