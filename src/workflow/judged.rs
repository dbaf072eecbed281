//! The verdict on senders where we ask DNS ourselves (`mode = "evaluate"`): only for mail that is our business, because
//! each one costs questions. `senders.rs` asks; `receive.rs` has read the mails before.

use super::Workflow;
use super::receive::{Read, identity};
use super::thread;
use crate::domain::form::FormPresence;
use crate::domain::ids::Reference;
use futures::future::join_all;

impl Workflow {
    /// Puts the verdict of DNS in the place of the header\'s, for a batch at once.
    pub(super) async fn judge_senders(&self, mails: &mut [Read]) {
        let Some(judge) = &self.settings.judge else { return };
        let concerns_us = |mail: &Read| {
            mail.understood.filled != FormPresence::Absent
                || !thread::tokens(&mail.incoming, &self.settings).is_empty()
                || Reference::find(&mail.incoming.subject).is_some()
        };
        let asked = mails.iter_mut().filter(|mail| concerns_us(mail)).map(|mail| async move {
            if let Ok(from) = mail.incoming.from.clone() {
                let (verdict, reason) = judge.verdict(&mail.row.raw, &from).await;
                tracing::debug!(
                    mail = mail.row.id,
                    verdict = verdict.as_str(),
                    reason,
                    "a sender was judged"
                );
                mail.verdict = verdict;
                mail.fingerprint = identity(&mail.incoming, verdict);
            }
        });
        join_all(asked).await;
    }
}
