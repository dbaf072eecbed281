//! Mail that answers us in somebody's name while nobody vouches for it (standard D7): it decides nothing, and staff are told.
//! One such mail in the name of staff is enough, of customers it takes several. Never answers the sender. What may decide is
//! `thread.rs`.

use super::receive::Read;
use super::thread::InThread;
use super::{Failure, Workflow};
use crate::domain::address::Address;
use crate::domain::audit::Action;
use crate::domain::command::{self, Command};
use crate::domain::ids::StaffName;
use crate::domain::notice::{AttentionReason, AttentionText, Notice};
use crate::domain::policy::Staff;
use crate::mail::reply;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Between two mails to staff about the same kind.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// So many mails within `PAUSE` in the name of customers are told; a few come from mail servers that are set up badly.
const CUSTOMERS_MIN: usize = 5;

/// The mails in the name of customers that were not believed lately.
#[derive(Default)]
pub(super) struct Doubted(Mutex<VecDeque<Timestamp>>);

impl Doubted {
    /// Counts one more; whether there are many.
    fn are_many(&self, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.len() >= CUSTOMERS_MIN || seen.front().is_some_and(|at| now.duration_since(*at) >= PAUSE) {
            seen.pop_front();
        }
        seen.push_back(now);
        seen.len() >= CUSTOMERS_MIN
    }
}

impl Workflow {
    /// Looks at a mail that is no machine's, and tells staff where somebody writes in another's name. A crash behind it may
    /// have it told twice.
    pub(super) async fn suspect_impostor(
        &self,
        mail: &Read,
        from: &Address,
        thread: Option<&InThread>,
        staff: &[Staff],
    ) -> Result<(), Failure> {
        let in_thread = match thread {
            Some(InThread::Token(thread)) => Some(thread),
            Some(InThread::Subject(_)) | None => None,
        };
        let member = staff.iter().find(|member| member.address == *from);
        match member {
            Some(_) if mail.verdict.speaks_for_staff() => Ok(()),
            Some(member) => {
                let decides = || {
                    let command = command::parse(&reply::new_text(&mail.incoming.text));
                    command.as_ref().is_ok_and(Command::is_staff_word)
                };
                if in_thread.is_some_and(|thread| thread.staff.is_some()) || decides() {
                    self.tell_impostor(mail, Some(&member.name)).await?;
                }
                Ok(())
            }
            None if mail.verdict.speaks_for_customer() => Ok(()),
            None => {
                let Some(thread) = in_thread else { return Ok(()) };
                let row = self.store.request(&thread.reference).await?;
                let on_file = row.is_some_and(|row| row.request.address_on_file() == Some(from));
                if on_file && self.doubted.are_many(self.env.now()) {
                    self.tell_impostor(mail, None).await?;
                }
                Ok(())
            }
        }
    }

    async fn tell_impostor(&self, mail: &Read, by: Option<&StaffName>) -> Result<(), Failure> {
        let gate = if by.is_some() { &self.staff_forged_told } else { &self.customers_forged_told };
        let now = self.env.now();
        tracing::warn!(
            mail = mail.row.id,
            staff = by.map(StaffName::as_str),
            verdict = mail.verdict.as_str(),
            "a mail in somebody's name was not believed"
        );
        metrics::counter!("dsrd_impostors_total", "of" => if by.is_some() { "staff" } else { "customer" })
            .increment(1);
        if !gate.is_open(now, PAUSE) {
            return Ok(());
        }
        let notice = Notice::Attention(AttentionText {
            reference: None,
            kind: None,
            company: self.settings.company.clone(),
            about: AttentionReason::Impostor { by: by.cloned() },
            received: None,
            due: None,
        });
        let letters = self.to_all_staff(&notice).await?;
        let evidence = BTreeMap::from([
            ("mail".to_owned(), mail.row.id.clone()),
            ("sender".to_owned(), mail.verdict.as_str().to_owned()),
        ]);
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[self.entry(Action::NoticeQueued, evidence)]).await?;
        self.queue_unbound(&mut tx, &letters).await?;
        tx.commit().await?;
        gate.pass(now, PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Doubted;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn five_within_an_hour_are_many() {
        let doubted = Doubted::default();
        let after = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        for minutes in [0, 10, 20, 30] {
            assert!(!doubted.are_many(after(minutes)), "{minutes}");
        }
        assert!(!doubted.are_many(after(60)), "the first no longer counts");
        assert!(doubted.are_many(after(61)));
        assert!(doubted.are_many(after(62)));
        assert!(!doubted.are_many(after(300)));
    }
}
