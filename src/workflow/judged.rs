//! The verdict on senders where we ask DNS ourselves (`mode = "evaluate"`): only for mail that is our business, because
//! each one costs questions. Where DNS fails for now the mail stays stored and is judged again later, and other mail goes
//! on meanwhile. `senders.rs` asks; `receive.rs` has read the mails before.

use super::receive::{Read, identity};
use super::thread;
use super::{Failure, Workflow};
use crate::domain::form::FormPresence;
use crate::domain::ids::Reference;
use crate::domain::sender::SenderVerdict;
use crate::senders::{Dns, Judge, Judgement};
use crate::store::{Place, Postponed};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Minutes between two tries at one mail, four hours in all. Behind the last one the sender is unknown, and staff decide.
const PAUSES_MINUTES: [i64; 12] = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30, 30, 30];
/// A domain whose DNS failed is not asked about again for so long: thousands of mails in its name must not each wait for it.
const DOMAIN_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Domains whose DNS failed, and when.
#[derive(Default)]
pub(super) struct Silent(Mutex<HashMap<String, Timestamp>>);

impl Silent {
    fn is(&self, domain: &str, now: Timestamp) -> bool {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, at| now.duration_since(*at) < DOMAIN_PAUSE);
        failed.contains_key(domain)
    }

    fn add(&self, domain: &str, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(domain.to_owned(), now);
    }
}

/// When a mail is judged again that has waited so often; none when it has waited long enough.
fn again_at(waited: i64, now: Timestamp) -> Option<Timestamp> {
    let pause = PAUSES_MINUTES.get(usize::try_from(waited).ok()?)?;
    Some(now + SignedDuration::from_mins(*pause))
}

impl Workflow {
    /// Parts the mails about whose senders DNS must be asked from those that can be read at once.
    pub(super) fn to_judge(&self, mails: Vec<Read>, place: &Place) -> (Vec<Read>, Vec<Read>) {
        let concerns_us = |mail: &Read| {
            let ours = mail.understood.filled != FormPresence::Absent
                || !thread::tokens(&mail.incoming, &self.settings).is_empty()
                || Reference::find(&mail.incoming.subject).is_some();
            ours && mail.incoming.from.is_ok() && mail.row.received_at >= place.since
        };
        if self.settings.judge.is_none() {
            return (Vec::new(), mails);
        }
        mails.into_iter().partition(concerns_us)
    }

    /// Puts the verdict of DNS in the place of the header's. What cannot be judged for now is put off and left out.
    pub(super) async fn judge_senders(&self, mails: Vec<Read>) -> Result<Vec<Read>, Failure> {
        let Some(judge) = &self.settings.judge else { return Ok(mails) };
        let now = self.env.now();
        let judged = join_all(mails.iter().map(|mail| self.judge(judge, mail, now))).await;
        let (mut settled, mut postponed) = (Vec::with_capacity(mails.len()), Vec::new());
        for (mut mail, judgement) in mails.into_iter().zip(judged) {
            match again_at(mail.row.judged, now) {
                Some(until) if judgement.dns == Dns::Failed => {
                    postponed.push(Postponed { id: mail.row.id.clone(), until });
                }
                _ => {
                    accept(&mut mail, judgement);
                    settled.push(mail);
                }
            }
        }
        if !postponed.is_empty() {
            tracing::warn!(
                mails = postponed.len(),
                "DNS does not tell about senders for now; their mails are judged again later"
            );
            metrics::counter!("dsrd_senders_postponed_total").increment(postponed.len() as u64);
            let mut tx = self.store.begin().await?;
            tx.postpone_mails(&postponed).await?;
            tx.commit().await?;
        }
        Ok(settled)
    }

    async fn judge(&self, judge: &Judge, mail: &Read, now: Timestamp) -> Judgement {
        let Ok(from) = &mail.incoming.from else { return Judgement::in_vain("no single sender") };
        if self.silent.is(from.domain(), now) {
            return Judgement::in_vain("DNS has just failed for this domain");
        }
        let judgement = judge.verdict(&mail.row.raw, from).await;
        if judgement.dns == Dns::Failed {
            self.silent.add(from.domain(), now);
        }
        judgement
    }

    /// How long until the first mail of a mailbox that waits for DNS is judged again.
    pub async fn next_judging(&self, mailbox: &str) -> Result<Option<SignedDuration>, Failure> {
        let next = self.store.next_judging(mailbox).await?;
        Ok(next.map(|at| at.duration_since(self.env.now()).max(SignedDuration::ZERO)))
    }
}

fn accept(mail: &mut Read, judgement: Judgement) {
    let Judgement { verdict, mut evidence, dns } = judgement;
    let waited = mail.row.judged;
    evidence.dns = Some(match (dns, waited) {
        (Dns::Answered, 0) => "answered".to_owned(),
        (Dns::Answered, waited) => format!("answered after {waited} failed tries"),
        (Dns::Failed, waited) => format!("failed {} times; given up", waited + 1),
    });
    let verdict = if dns == Dns::Failed { SenderVerdict::Unknown } else { verdict };
    tracing::debug!(
        mail = mail.row.id,
        verdict = verdict.as_str(),
        reason = evidence.reason,
        "a sender was judged"
    );
    mail.verdict = verdict;
    mail.evidence = evidence;
    mail.fingerprint = identity(&mail.incoming, verdict);
}

#[cfg(test)]
mod tests {
    use super::{PAUSES_MINUTES, again_at};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_mail_waits_for_dns_four_hours_and_no_longer() {
        let mut now = Timestamp::UNIX_EPOCH;
        for waited in 0.. {
            let Some(next) = again_at(waited, now) else { break };
            assert!(next > now);
            now = next;
        }
        assert_eq!(now.duration_since(Timestamp::UNIX_EPOCH), SignedDuration::from_hours(4));
        assert_eq!(PAUSES_MINUTES.iter().sum::<i64>(), 240);
    }
}
