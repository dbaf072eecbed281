//! Delivery reports that come back later: which notice one is about, by a token of ours and nothing else, and what it means.
//! A mail that did not arrive becomes the same event as one that the server refused at once; no report is ever answered.
//! `mail/bounce.rs` reads them.

use super::fate::{Fate, cause, incident, settle};
use super::receive::Read;
use super::thread::InThread;
use super::{Failure, Workflow};
use crate::domain::address::Address;
use crate::domain::event::{self, Event};
use crate::domain::notice::NoticeKind;
use crate::domain::policy::Staff;
use crate::domain::request::{Blocker, Request};
use crate::mail::bounce;
use crate::store::{Keep, Thread};

impl Workflow {
    /// What becomes of a report: an event for the request whose mail did not arrive, else a line in the register.
    pub(super) async fn bounced(
        &self,
        mail: Read,
        thread: Option<&InThread>,
        staff: &[Staff],
        why: &str,
    ) -> Result<Fate, Failure> {
        // The reference in a subject proves nothing: a report counts only with a token that we gave out (decision 13).
        let Some(InThread::Token(thread)) = thread else {
            return Ok(settle(&mail, "done", "bounce", why, Keep::Nothing));
        };
        let report = bounce::read(&mail.incoming);
        let reason = format!("{why}: {}, {}", thread.notice.as_str(), report.fate.as_str());
        tracing::info!(
            notice = thread.notice.as_str(),
            fate = report.fate.as_str(),
            status = report.status,
            "a report on a mail of ours came in"
        );
        metrics::counter!("dsrd_reports_total", "fate" => report.fate.as_str()).increment(1);
        let row = if report.fate.is_failure() { self.store.request(&thread.reference).await? } else { None };
        // A server may report the same mail several times, and each reminder comes back as well: said once.
        let news = row.filter(|row| row.request.blocker != Some(Blocker::Undeliverable));
        let to = news.and_then(|row| recipient(&row.request, thread, staff));
        let Some(to) = to else {
            return Ok(settle(&mail, "done", "bounce", &reason, Keep::Raw));
        };
        let status = if report.status.is_empty() { "no status".to_owned() } else { report.status };
        let event = Event::Undelivered {
            notice: thread.notice,
            audience: thread.notice.audience(),
            to,
            status,
            fate: event::Fate::Rejected,
        };
        Ok(incident(Some(thread.reference.clone()), event, cause(mail, None, "bounce", reason)))
    }
}

/// To whom the notice went: told from our own records, because a report may name anybody.
fn recipient(request: &Request, thread: &Thread, staff: &[Staff]) -> Option<Address> {
    if let Some(name) = &thread.staff {
        return staff.iter().find(|member| member.name == *name).map(|member| member.address.clone());
    }
    let to_the_sender = matches!(thread.notice, NoticeKind::Acknowledgement | NoticeKind::Clarification);
    let on_file = request.address_on_file().filter(|_| !to_the_sender).cloned();
    Some(on_file.unwrap_or_else(|| request.origin.sender.clone()))
}
