//! Steps that many plays take the same way, so that each play tells only what is its own. Each reads the mails that it
//! causes and fails where others come. Never looks into the state.

use super::{Letter, Notice, World};
use dsrd::package::{self, Passphrase};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

/// A package, opened with its passphrase and found sound.
pub(crate) struct Opened {
    /// Rows by category.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Every file by name.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Opened {
    /// A file as text.
    pub(crate) fn text(&self, name: &str) -> String {
        let file = self.files.get(name).unwrap_or_else(|| panic!("{name} is not in {:?}", self.files.keys()));
        String::from_utf8_lossy(file).into_owned()
    }

    /// Whether any file holds these words.
    pub(crate) fn holds(&self, words: &str) -> bool {
        self.files.values().any(|file| file.windows(words.len()).any(|part| part == words.as_bytes()))
    }
}

impl World {
    /// Somebody whose own address is on file asks; returns the challenge.
    pub(crate) async fn asks(&mut self, who: &str, letter: &Letter) -> Notice {
        self.player(who).sends(letter);
        self.settle().await;
        let [_, challenge] = self.reads(who, ["We have your request", "Is it you?"]);
        challenge
    }

    /// They confirm with the code of the challenge.
    pub(crate) async fn confirms(&mut self, who: &str, challenge: &Notice) {
        self.player(who).replies_to(challenge, &format!("CONFIRM {}", challenge.code()));
        self.settle().await;
        let [status] = self.reads(who, ["Where your request"]);
        assert!(status.says("we now know that it was you"), "{}", status.text);
    }

    /// A member of staff answers with a word and their next code, as `APPROVE` or `REFUSE … no-match`; the code stands
    /// behind the first word.
    pub(crate) async fn decides(&mut self, who: &str, about: &Notice, words: &str) {
        let code = self.code(who);
        let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
        self.player(who).replies_to(about, format!("{word} {code} {rest}").trim_end());
        self.settle().await;
    }

    /// The package and its passphrase arrive, in this order; opens the one with the other.
    pub(crate) fn opens_the_package(&mut self, who: &str) -> (Notice, Notice, Opened) {
        let came = self.inbox(who);
        let subjects: Vec<&str> = came.iter().map(|notice| notice.subject.as_str()).collect();
        let [ready, passphrase] = &came[..] else { panic!("{who} got {subjects:#?}") };
        assert!(ready.subject.contains("is ready"), "{subjects:?}");
        assert!(passphrase.subject.contains("passphrase"), "{subjects:?}");
        let [(name, bytes)] = &ready.attachments[..] else { panic!("one package is attached") };
        let path = self.scratch(name);
        std::fs::write(&path, bytes).unwrap();
        let checked = package::check(&path, &Passphrase::new(passphrase.code())).unwrap();
        let mut files = BTreeMap::new();
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        for index in 0..archive.len() {
            let mut entry = archive.by_index_decrypt(index, passphrase.code().as_bytes()).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(entry.name().unwrap().into_owned(), content);
        }
        (ready.clone(), passphrase.clone(), Opened { rows: checked.rows, files })
    }

    fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.dir.path().join("downloads");
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }
}
