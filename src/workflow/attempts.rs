//! Attempts at reading stored mail: who stays, who is read alone, and who is suspected of having killed the process (standard
//! R18). Counts are committed before the reading begins and taken back when it ended, so only deaths count. What reading
//! means is `receive.rs`.

use super::{Failure, Intake, Workflow};
use crate::store::Attempt;

/// Mails read in one batch, with one commit.
const BATCH_MAX: i64 = 100;
/// A mail whose reading was begun this often and never ended is set aside.
pub(super) const ATTEMPTS_MAX: i64 = 4;
/// A mail with so many begun readings was read alone when the last process died.
const SUSPECT_ATTEMPTS: i64 = 3;

impl Workflow {
    /// Marks mails that an earlier process left unread, so that one that killed it is read alone from now on.
    pub async fn begin_careful(&self) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.mark_leftover_mails().await?;
        fault!("mail.leftover.before");
        tx.commit().await?;
        fault!("mail.leftover.after");
        Ok(())
    }

    /// Reads stored mail and applies what it says, a batch with one commit.
    pub async fn read_mail(&self, mailbox: &str) -> Result<Intake, Failure> {
        let mut rows = self.store.waiting_mails(mailbox, BATCH_MAX, self.env.now()).await?;
        if rows.first().is_none_or(|row| row.attempts <= 1) {
            return self.read_rows(mailbox, rows).await;
        }
        rows.truncate(1);
        self.warm_up().await?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        self.count_attempt(&ids, Attempt::Begins).await?;
        let intake = self.read_rows(mailbox, rows).await;
        if intake.is_err() {
            // The mail is not to blame: we are alive to say so. Only attempts that never ended count.
            self.count_attempt(&ids, Attempt::Ended).await?;
        }
        intake
    }

    /// Whether the last process died while it read the mail that comes next, and that mail alone.
    pub async fn has_suspect(&self, mailbox: &str) -> Result<bool, Failure> {
        let next = self.store.waiting_mails(mailbox, 1, self.env.now()).await?;
        Ok(next.first().is_some_and(|row| row.attempts >= SUSPECT_ATTEMPTS))
    }

    async fn count_attempt(&self, ids: &[String], attempt: Attempt) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.count_attempt(ids, attempt).await?;
        fault!("mail.attempt.before");
        tx.commit().await?;
        fault!("mail.attempt.after");
        Ok(())
    }
}
