//! The plot: Asha Rao asks a phone company for a copy of her account's data, gets it, and has it deleted. Each scene lets time pass, lets a
//! player write, lets dsrd work, and checks that exactly the mails that belong there came out. Nobody here exists.

use super::Trouble;
use super::folder::{Folder, Stay, write_new};
use super::machine::Machine;
use super::mailroom::{Letter, Mailroom, Player, SUPPORT};
use super::proof;
use super::show::Show;
use super::telephony::Telephony;
use crate::daemon::assemble;
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::request::{Outcome, Stage};
use crate::env::Env;
use crate::workflow::{Operation, Reply};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::Write;
use std::path::PathBuf;

pub(super) const ASHA: Player =
    Player { name: "Asha", full_name: "Asha Rao", address: "asha@acme-traders.example" };
const RAVI: Player = Player { name: "Ravi", full_name: "Ravi Menon", address: "ravi@banyan-books.example" };
pub(super) const MEERA: Player =
    Player { name: "Meera", full_name: "Meera Nair", address: "meera@telephony.example" };

/// Monday 2 March 2026, 09:00 in India, as microseconds since 1970.
const START_MICROS: i64 = 1_772_422_200_000_000;
/// What `Story::play` shows.
const SCENES: u32 = 12;

/// Lines of a notice that are printed.
pub(super) const NOTICE_LINES: usize = 26;
/// Lines of a notice that is printed in full.
pub(super) const WHOLE: usize = 60;
/// Lines of a player's answer: what they type, and the beginning of what they quote.
const ANSWER_LINES: usize = 5;

/// The story, while it is told.
pub(super) struct Story<'a> {
    show: Show<'a>,
    folder: &'a Folder,
    pub(super) company: Telephony,
    pub(super) machine: Machine,
    mail: Mailroom,
    codes: std::vec::IntoIter<String>,
    other_mail: Option<(PathBuf, Vec<u8>)>,
}

impl<'a> Story<'a> {
    /// Plays it to its end. `scene` always holds the title of the scene that is on.
    pub(super) async fn play(
        folder: &'a Folder,
        host: &'a Env,
        out: &'a mut dyn Write,
        scene: &mut &'static str,
    ) -> Result<(), Trouble> {
        let began = host.now();
        let mut show = Show::new(out, SCENES);
        prologue(folder, &mut show)?;
        *scene = "Setting the stage";
        let mut story = Self::set_the_stage(folder, host, show, scene).await?;
        *scene = "Asha asks for her data";
        let challenge = story.ask(scene).await?;
        *scene = "Asha confirms that it was her";
        let call_back = story.confirm(scene, &challenge).await?;
        *scene = "Meera calls back";
        let decision = story.call_back(scene, &call_back).await?;
        *scene = "Meera approves, and the export runs";
        let (package, passphrase) = story.approve(scene, &decision).await?;
        *scene = "Asha opens the package";
        story.open(scene, &package, &passphrase).await?;
        *scene = "Asha asks for deletion";
        let decision = story.ask_to_delete(scene).await?;
        *scene = "A legal hold, and its end";
        let decision = story.hold_and_release(scene, &decision).await?;
        *scene = "Meera approves the deletion";
        story.approve_deletion(scene, &decision).await?;
        *scene = "The deletion runs";
        story.delete(scene).await?;
        *scene = "The audit log";
        let reference = story.verify(scene).await?;
        *scene = "What you have seen";
        story.sum_up(scene, &reference, began, host)
    }

    /// Makes the company and starts dsrd on it.
    async fn set_the_stage(
        folder: &'a Folder,
        host: &Env,
        mut show: Show<'a>,
        title: &str,
    ) -> Result<Self, Trouble> {
        let start = Timestamp::from_microsecond(START_MICROS).map_err(Trouble::broke("set the clock"))?;
        let zone = TimeZone::get("Asia/Kolkata").map_err(Trouble::broke("find the company's time zone"))?;
        show.scene(
            title,
            &start.to_zoned(zone.clone()),
            "Example Telephony runs phone lines for other companies. Its data lies in an SQLite database that dsrd \
             reads and, when staff approve it, deletes from; customers write to one shared support mailbox.",
        )?;
        folder.furnish(host)?;
        let mut company = Telephony::make(folder.path()).await?;
        let size = company.size().await?;
        let made = format!(
            "telephony.db: {} accounts, {} users, {} calls, {} recordings (WAV files), {} invoices",
            size.accounts, size.users, size.calls, size.recordings, size.invoices
        );
        show.step("demo", &made)?;
        let machine = Machine::start(&folder.config(), start, host).await?;
        let mail = Mailroom::open(folder.path().join("mail"), machine.env.clone(), zone)?;
        show.step("demo", "dsrd.toml and master.key: the configuration that dsrd now runs on")?;
        let codes = Vec::new().into_iter();
        let mut story = Self { show, folder, company, machine, mail, codes, other_mail: None };
        story.machine.settle(&mut story.show).await?;
        story.hire().await?;
        Ok(story)
    }

    /// Meera may decide, and gets her printed codes.
    async fn hire(&mut self) -> Result<(), Trouble> {
        let name = StaffName::parse("meera").ok_or_else(|| Trouble::unexpected("a staff name", "none"))?;
        let address = Address::parse(MEERA.address);
        let address = address.ok_or_else(|| Trouble::unexpected("an address", MEERA.address))?;
        let add = Operation::AddStaff { name: name.clone(), address, role: "dpo".to_owned() };
        self.machine.operate(add).await?;
        self.show.step("operator", "dsrd staff add meera --address meera@telephony.example --role dpo")?;
        let reply = self.machine.operate(Operation::IssueCodes { name }).await?;
        let Reply::Codes { codes } = reply else {
            return Err(Trouble::unexpected("a list of codes", "something else"));
        };
        self.show.step("operator", "dsrd staff codes meera")?;
        let shown: Vec<&str> = codes.iter().take(4).map(String::as_str).collect();
        let rest = codes.len().saturating_sub(shown.len());
        self.show.line(&format!("         | {}   … {rest} more", shown.join("   ")))?;
        self.codes = codes.into_iter();
        self.show.say(
            "Meera Nair, the data protection officer, keeps this list on paper. Each code works once and stands \
             for her yes or no. dsrd itself stores only keyed hashes of them.",
        )?;
        Ok(())
    }

    /// The request and an everyday mail beside it.
    async fn ask(&mut self, title: &str) -> Result<Letter, Trouble> {
        self.turn_clock(12);
        self.show.scene(
            title,
            &self.mail.now(),
            "Two mails arrive in the support mailbox. One is everyday business and no concern of dsrd's. The other \
             asks for data, with the form from the company's help page.",
        )?;
        let text = "Hello,\n\nthe invoice for February shows a line that we gave up in January.\nCould you have a look?\n\nRavi";
        let (letter, path) = self.mail.write(RAVI, "Question about our invoice", text)?;
        self.show.mail("Ravi writes", &letter, WHOLE)?;
        let raw = std::fs::read(&path).map_err(Trouble::broke(format!("read {}", path.display())))?;
        self.other_mail = Some((path, raw));
        let text = "Scope: account 481516, 1 January 2026 to 28 February 2026\n\
                    Legal basis: Customer request\n\
                    Requester: Asha Rao, Owner, asha@acme-traders.example, +91 98123 45678\n\
                    I acknowledge identity verification may be required.";
        let (letter, _) = self.mail.write(ASHA, "Data Export Request \u{2013} Acme Traders", text)?;
        self.show.mail("Asha writes", &letter, WHOLE)?;
        self.machine.settle(&mut self.show).await?;
        let [acknowledgement, challenge] = self.receive(ASHA, ["We have your request", "Is it you?"]).await?;
        self.show.mail("Asha gets the acknowledgement", &acknowledgement, NOTICE_LINES)?;
        self.show.say(
            "Anybody can write in Asha's name. So dsrd looks her up in the company's own directory, and a second mail, \
             with a code, goes to the address on file there: never to the one that happened to write.",
        )?;
        self.show.mail("Asha gets a code", &challenge, WHOLE)?;
        Ok(challenge)
    }

    async fn confirm(&mut self, title: &str, challenge: &Letter) -> Result<Letter, Trouble> {
        self.turn_clock(128);
        self.show.scene(
            title,
            &self.mail.now(),
            "Two hours later Asha reads her mail and answers with the code.",
        )?;
        let code = challenge.code().ok_or_else(|| no_code(challenge))?;
        let answer = self.mail.reply(ASHA, challenge, &format!("CONFIRM {code}"))?;
        self.show.mail("Asha answers", &answer, ANSWER_LINES)?;
        self.machine.settle(&mut self.show).await?;
        let [status] = self.receive(ASHA, ["Where your request about your data stands"]).await?;
        let [call_back] = self.receive(MEERA, ["a call-back is needed"]).await?;
        self.show.mail("Asha hears that it goes on", &status, NOTICE_LINES)?;
        self.show.say(
            "What will be exported is now fixed, row by row. It holds recordings of voices, and for those a code \
             by mail is not enough: somebody has to call the number on file.",
        )?;
        self.show.mail("Meera gets a task", &call_back, NOTICE_LINES)?;
        Ok(call_back)
    }

    async fn call_back(&mut self, title: &str, task: &Letter) -> Result<Letter, Trouble> {
        self.turn_clock(225);
        self.show.scene(
            title,
            &self.mail.now(),
            "Meera calls Asha on the number that the company has on file, and answers the mail with the first code \
             of her list.",
        )?;
        let code = self.next_code()?;
        let answer =
            self.mail.reply(MEERA, task, &format!("CALLED {code} spoke to Asha on the number on file"))?;
        self.show.mail("Meera answers", &answer, ANSWER_LINES)?;
        self.machine.settle(&mut self.show).await?;
        let [recorded, decision] = self.receive(MEERA, ["Call-back recorded", "Please decide"]).await?;
        self.show.mail("Meera gets a receipt", &recorded, 6)?;
        self.show.mail("Meera is asked to decide", &decision, WHOLE)?;
        Ok(decision)
    }

    async fn approve(&mut self, title: &str, decision: &Letter) -> Result<(Letter, Letter), Trouble> {
        self.turn_clock(25);
        self.show.scene(
            title,
            &self.mail.now(),
            "Meera has looked at the plan and approves it with the next code. Her yes counts for this plan only: \
             had the data changed under it, dsrd would ask again.",
        )?;
        let code = self.next_code()?;
        let answer = self.mail.reply(MEERA, decision, &format!("APPROVE {code}"))?;
        self.show.mail("Meera answers", &answer, ANSWER_LINES)?;
        self.machine.settle(&mut self.show).await?;
        let [recorded] = self.receive(MEERA, ["Approved by meera"]).await?;
        let [package, passphrase] = self.receive(ASHA, ["The copy of your data", "The passphrase"]).await?;
        self.show.mail("Meera gets a receipt", &recorded, 6)?;
        self.show.mail("Asha gets her data", &package, WHOLE)?;
        self.show.mail("Asha gets the passphrase in a mail of its own", &passphrase, NOTICE_LINES)?;
        match self.machine.request().await?.map(|request| request.stage) {
            Some(Stage::Closed { outcome: Outcome::Completed, .. }) => Ok((package, passphrase)),
            Some(stage) => {
                Err(Trouble::unexpected("a completed request", format!("one in stage {}", stage.name())))
            }
            None => Err(Trouble::unexpected("a completed request", "none")),
        }
    }

    async fn open(&mut self, title: &str, package: &Letter, passphrase: &Letter) -> Result<(), Trouble> {
        self.turn_clock(95);
        self.show.scene(
            title,
            &self.mail.now(),
            "Asha saves the attached file and opens it. The demo does what 7-Zip does, and looks closer.",
        )?;
        let [(name, bytes)] = package.attachments.as_slice() else {
            let found = format!("{} attachments", package.attachments.len());
            return Err(Trouble::unexpected("one attached package", found));
        };
        let zip = self.folder.path().join("asha").join(name);
        write_new(&zip, bytes)?;
        let passphrase = passphrase.code().ok_or_else(|| no_code(passphrase))?;
        proof::open_package(&zip, passphrase, &mut self.company, &mut self.show).await?;
        self.look_at_the_other_mail()
    }

    /// The mailbox is shared with people: what is not ours stays as it was.
    fn look_at_the_other_mail(&mut self) -> Result<(), Trouble> {
        let Some((path, raw)) = &self.other_mail else {
            return Err(Trouble::unexpected("Ravi's mail", "none"));
        };
        let now = std::fs::read(path);
        if !now.is_ok_and(|now| now == *raw) {
            return Err(Trouble::unexpected(
                "Ravi's mail, unread and unchanged",
                "a mail that was moved or changed",
            ));
        }
        if self.mail.knows(RAVI.address) {
            return Err(Trouble::unexpected("no mail to Ravi", "an answer to him"));
        }
        let said = "Ravi's mail about an invoice still lies in the support mailbox as it came: unread, unmoved, unanswered";
        Ok(self.show.step("check", said)?)
    }

    async fn verify(&mut self, title: &str) -> Result<Reference, Trouble> {
        self.turn_clock(5);
        self.show.scene(
            title,
            &self.mail.now(),
            "Everything that happened stands in a log that cannot be changed unnoticed: each entry is a leaf of a hash \
             tree, as in Certificate Transparency (RFC 6962). It holds no personal data. dsrd stops, and the log is \
             read from the disk. This request's entries:",
        )?;
        let request = self.machine.request().await?;
        let request = request.ok_or_else(|| Trouble::unexpected("a request", "none"))?;
        self.machine.stop().await?;
        let reopened = assemble::workflow(&self.machine.config, &self.machine.env).await;
        let reopened = reopened.map_err(Trouble::broke("open the state anew"))?;
        let zone = self.mail.now().time_zone().clone();
        proof::verify_audit(reopened.store(), &request.reference, &zone, &mut self.show).await?;
        reopened.store().close().await;
        Ok(request.reference)
    }

    fn sum_up(
        &mut self,
        title: &str,
        reference: &Reference,
        began: Timestamp,
        host: &Env,
    ) -> Result<(), Trouble> {
        let now = self.mail.now();
        let hours = now.timestamp().as_second().saturating_sub(START_MICROS / 1_000_000) / 3_600;
        let millis = host.now().as_millisecond().saturating_sub(began.as_millisecond());
        let seconds = format!("{}.{} s", millis / 1_000, millis % 1_000 / 100);
        self.show.scene(
            title,
            &now,
            &format!(
                "Two requests, the last of them {reference}: recorded, acknowledged, confirmed by the customer, called \
                 back and approved by staff, exported and delivered, held and deleted, and closed. {hours} hours in \
                 the story, {seconds} on this machine."
            ),
        )?;
        match self.folder.stay() {
            Stay::Kept => {
                let config = self.folder.config();
                let config = config.display();
                self.show.say("The files are yours to look at. Try next:")?;
                self.show.line(&format!("  dsrd requests show {reference} -c {config}"))?;
                self.show.line(&format!("  dsrd requests timeline {reference} -c {config}"))?;
                self.show.line(&format!("  dsrd audit verify -c {config}"))?;
                self.show.line(&format!("  dsrd check -c {config}"))?;
                let support = self.folder.path().join("mail").join(SUPPORT).join("new");
                self.show.line(&format!("  dsrd parse {}", support.display()))?;
            }
            Stay::Temporary => {
                self.show.say("The files of this run are removed now. Try next:")?;
                self.show
                    .line("  dsrd demo --keep DIR   keeps them: configuration, state, mail and package")?;
                self.show
                    .line("  dsrd init DIR          writes a configuration for your own mailbox and data")?;
            }
        }
        let said = "In the source folder, \"cargo run --release --\" stands for \"dsrd\". README.md goes on from here.";
        Ok(self.show.say(said)?)
    }

    /// The unread mails of a player: exactly one for each of these pieces of a subject, in this order.
    pub(super) async fn receive<const MAILS: usize>(
        &mut self,
        player: Player,
        subjects: [&str; MAILS],
    ) -> Result<[Letter; MAILS], Trouble> {
        let mut unread = self.mail.unread(player)?;
        let found: Vec<String> = unread.iter().map(|letter| format!("\"{}\"", letter.subject)).collect();
        let mut letters = Vec::with_capacity(MAILS);
        for subject in subjects {
            if let Some(at) = unread.iter().position(|letter| letter.subject.contains(subject)) {
                letters.push(unread.remove(at));
            }
        }
        let whole = unread.is_empty();
        match <[Letter; MAILS]>::try_from(letters) {
            Ok(letters) if whole => Ok(letters),
            Ok(_) | Err(_) => {
                let request = self.machine.request().await?;
                let standing = request.map_or_else(
                    || "there is no request".to_owned(),
                    |request| {
                        let blocker = request.blocker.map_or("nothing", |blocker| blocker.as_str());
                        format!("the request is in stage {}, blocked by {blocker}", request.stage.name())
                    },
                );
                let found = if found.is_empty() { "no mail".to_owned() } else { found.join(", ") };
                Err(Trouble::unexpected(
                    format!("{} to get \"{}\"", player.name, subjects.join("\", \"")),
                    format!("{found} ({standing})"),
                ))
            }
        }
    }

    pub(super) fn next_code(&mut self) -> Result<String, Trouble> {
        self.codes.next().ok_or_else(|| Trouble::unexpected("an unused code", "an empty list"))
    }

    /// The head of a scene.
    pub(super) fn tell(&mut self, title: &str, what: &str) -> Result<(), Trouble> {
        Ok(self.show.scene(title, &self.mail.now(), what)?)
    }

    /// A player's new mail, and what dsrd makes of it.
    pub(super) async fn writes(&mut self, who: Player, subject: &str, text: &str) -> Result<(), Trouble> {
        let (letter, _) = self.mail.write(who, subject, text)?;
        self.show.mail(&format!("{} writes", who.name), &letter, WHOLE)?;
        self.settle().await
    }

    /// A player's answer, and what dsrd makes of it.
    pub(super) async fn answers(&mut self, who: Player, to: &Letter, text: &str) -> Result<(), Trouble> {
        let answer = self.mail.reply(who, to, text)?;
        self.show.mail(&format!("{} answers", who.name), &answer, ANSWER_LINES)?;
        self.settle().await
    }

    pub(super) async fn settle(&mut self) -> Result<(), Trouble> {
        self.machine.settle(&mut self.show).await
    }

    pub(super) fn show_mail(&mut self, caption: &str, letter: &Letter, lines: usize) -> Result<(), Trouble> {
        Ok(self.show.mail(caption, letter, lines)?)
    }

    pub(super) fn check(&mut self, said: &str) -> Result<(), Trouble> {
        Ok(self.show.step("check", said)?)
    }

    pub(super) fn turn_clock(&self, minutes: i64) {
        self.machine.wait(minutes);
    }
}

fn prologue(folder: &Folder, show: &mut Show<'_>) -> Result<(), Trouble> {
    show.say(
        "dsrd answers data subject requests by mail. This demo plays two of them: a customer asks for a copy of her \
         data, and then for its deletion. The daemon's parts are the real ones; only the people, the mail server and the time are played. Nobody \
         in it exists, and nothing leaves this machine.",
    )?;
    let place = folder.path().display();
    let said = match folder.stay() {
        Stay::Kept => format!("Everything lies in {place} and stays there."),
        Stay::Temporary => format!("Everything lies in {place} and is removed at the end."),
    };
    Ok(show.say(&said)?)
}

pub(super) fn no_code(letter: &Letter) -> Trouble {
    Trouble::unexpected(format!("a code in \"{}\"", letter.subject), "none")
}
