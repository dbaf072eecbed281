//! Delivers into Maildirs below one directory, one for each recipient (decision 19): for hosts that deliver locally, for
//! the demo and for tests. A file's name comes from the parcel, so the same parcel sent again makes no second mail. Never
//! overwrites, never leaves the directory. The SMTP kind is `smtp.rs`.

use crate::outbox::{Courier, CourierError, Delivery, Parcel};
use async_trait::async_trait;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A courier into Maildirs.
pub struct MaildirCourier {
    dir: PathBuf,
}

impl MaildirCourier {
    /// A courier that writes `<dir>/<recipient>/{tmp,new,cur}`.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }
}

#[async_trait]
impl Courier for MaildirCourier {
    async fn send(&mut self, parcels: &[Parcel]) -> Vec<(String, Delivery)> {
        let mut results = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let (dir, parcel) = (self.dir.clone(), parcel.clone());
            let id = parcel.id.clone();
            let done = tokio::task::spawn_blocking(move || deliver(&dir, &parcel)).await;
            let delivery = match done {
                Ok(Ok(())) => Delivery::Accepted { reply: "written".to_owned() },
                Ok(Err(error)) => Delivery::Deferred { reply: format!("could not write: {}", error.kind()) },
                Err(_) => Delivery::Deferred { reply: "could not write: the work was abandoned".to_owned() },
            };
            results.push((id, delivery));
        }
        results
    }

    async fn check(&mut self) -> Result<(), CourierError> {
        let path = self.dir.display().to_string();
        let failed = |why: String| CourierError::Files { path, what: "write mail", why };
        let metadata = tokio::fs::metadata(&self.dir).await;
        match metadata {
            Ok(metadata) if metadata.is_dir() && !metadata.permissions().readonly() => Ok(()),
            Ok(_) => Err(failed("it is not a directory that may be written".to_owned())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    async fn close(&mut self) {}
}

/// Writes to `tmp`, syncs, links into `new`, syncs the directory: after a crash the mail is whole or absent.
fn deliver(dir: &Path, parcel: &Parcel) -> io::Result<()> {
    let maildir = dir.join(component(parcel.to.expose()));
    let subs = ["tmp", "new", "cur"].map(|sub| maildir.join(sub));
    for sub in &subs {
        fs::create_dir_all(sub)?;
    }
    let [tmp, new, cur] = subs;
    let name = component(&parcel.id);
    if new.join(&name).exists() || was_read(&cur, &name)? {
        return Ok(());
    }
    let draft = tmp.join(&name);
    let mut file = File::create(&draft)?;
    file.write_all(&parcel.bytes)?;
    file.sync_all()?;
    fs::rename(&draft, new.join(&name))?;
    File::open(&new)?.sync_all()
}

fn was_read(cur: &Path, name: &str) -> io::Result<bool> {
    for item in fs::read_dir(cur)? {
        let item = item?.file_name();
        if item.to_str().is_some_and(|found| found.split_once(':').map_or(found, |(base, _)| base) == name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A text as one safe path component; texts that differ stay different. Addresses keep their usual form.
fn component(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let plain = c.is_alphanumeric() || "@-_+=".contains(c) || (c == '.' && at > 0);
        if plain {
            safe.push(c);
        } else {
            let mut bytes = [0_u8; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(safe, "%{byte:02x}");
            }
        }
    }
    // Linux names have at most 255 bytes; longer texts keep their difference in a digest.
    if safe.is_empty() || safe.len() > 200 {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let half = digest.as_ref().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        return format!("{half:032x}");
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{MaildirCourier, component};
    use crate::domain::address::Address;
    use crate::outbox::{Courier, Delivery, Parcel};
    use std::fs;

    fn parcel(id: &str, text: &str) -> Parcel {
        let to = Address::parse("asha@acme.example").expect("address");
        Parcel { id: id.to_owned(), envelope_from: None, to, bytes: text.as_bytes().into() }
    }

    #[tokio::test]
    async fn a_parcel_sent_again_makes_no_second_mail() {
        let dir = tempfile::tempdir().expect("folder");
        let mut courier = MaildirCourier::new(dir.path().to_owned());
        let new = dir.path().join("asha@acme.example/new");
        for _ in 0..2 {
            let results = courier.send(&[parcel("n1", "Subject: x\r\n\r\nhi\r\n")]).await;
            assert_eq!(results, [("n1".to_owned(), Delivery::Accepted { reply: "written".to_owned() })]);
            assert_eq!(fs::read(new.join("n1")).expect("read"), b"Subject: x\r\n\r\nhi\r\n");
        }
        fs::rename(new.join("n1"), dir.path().join("asha@acme.example/cur/n1:2,S")).expect("read by someone");
        courier.send(&[parcel("n1", "x"), parcel("n2", "y")]).await;
        let left: Vec<_> = fs::read_dir(&new).expect("dir").map(|e| e.expect("item").file_name()).collect();
        assert_eq!(left, ["n2"]);
        assert_eq!(fs::read_dir(dir.path().join("asha@acme.example/tmp")).expect("dir").count(), 0);
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_written_defers() {
        let dir = tempfile::tempdir().expect("folder");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("written");
        let mut courier = MaildirCourier::new(file);
        assert!(courier.check().await.is_err());
        let results = courier.send(&[parcel("n1", "x")]).await;
        assert!(matches!(results.first(), Some((_, Delivery::Deferred { .. }))));
    }

    #[test]
    fn path_components_are_safe_and_stay_different() {
        let check = |text: &str, expected: &str| assert_eq!(component(text), expected);
        check("asha+x@acme.example", "asha+x@acme.example");
        check("../../etc@x.example", "%2e.%2f..%2fetc@x.example");
        check("a/b@x.example", "a%2fb@x.example");
        check("a%2fb@x.example", "a%252fb@x.example");
        check(".hidden", "%2ehidden");
        assert_eq!(component(&"x".repeat(300)).len(), 32);
    }
}
