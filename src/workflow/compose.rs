//! From what was decided to what is said: fills a `Notice` with the request's own data. Draws nothing and decides nothing;
//! the words are templates, the frozen bytes are `post.rs`.

mod deletion;

use super::Settings;
use super::standing::standing;
use crate::domain::address::Address;
use crate::domain::deadline::Regime;
use crate::domain::directory::DirectoryEntry;
use crate::domain::event::DayLimit;
use crate::domain::form::ProblemCode;
use crate::domain::ids::StaffName;
use crate::domain::left::Left;
use crate::domain::notice::{
    About, AcknowledgementText, AnswerText, ApprovalRequestText, Asked, AttentionReason, AttentionText,
    ChallengeText, Changed, ClarificationText, CompletedExportText, DeadlineAtRiskText, DeadlineOf,
    DecisionRecordedText, Delivery, ExpiredText, ExtendedText, Fate, Mailtos, Missing, Notice, NoticeKind,
    OnFile, PackageLine, PassphraseRoute, PassphraseText, PlanLine, PlanSummary, QuestionText, RefusedPart,
    RefusedText, ReminderText, Rights, Risk, StatusCause, StatusText, Unchanged, WithdrawnText,
};
use crate::domain::personal::Personal;
use crate::domain::policy::{self, Rules};
use crate::domain::request::{Check, Ground, Kind, Request, SecondFactor, Stage};
use crate::domain::transition::{Concern, Decided, Detail, Intent, To, Why};
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

/// What the writer of a notice needs beyond the intent.
pub(super) struct Facts<'a> {
    /// The configuration.
    pub(super) settings: &'a Settings,
    /// The request as it will be saved.
    pub(super) request: &'a Request,
    /// The rules and the staff of the moment.
    pub(super) rules: &'a Rules,
    /// Now.
    pub(super) now: Timestamp,
    /// The fresh challenge code, where the notice carries one.
    pub(super) code: Option<&'a str>,
    /// The package's passphrase, where the notice carries it.
    pub(super) passphrase: Option<&'a str>,
    /// Where answers to this very notice go.
    pub(super) answers_to: &'a Address,
}

impl Facts<'_> {
    /// The notice that an intent asks for.
    pub(super) fn notice(&self, intent: &Intent) -> Notice {
        match intent.notice {
            NoticeKind::Acknowledgement => Notice::Acknowledgement(AcknowledgementText {
                about: self.about(),
                asked: self.asked(),
                received: self.received(),
                due: self.request.due.due,
            }),
            NoticeKind::Challenge => Notice::Challenge(self.challenge()),
            NoticeKind::Reminder => Notice::Reminder(self.reminder()),
            NoticeKind::Clarification => Notice::Clarification(self.clarification()),
            NoticeKind::ApprovalRequest => Notice::ApprovalRequest(self.approval_request(&intent.to)),
            NoticeKind::DecisionRecorded => Notice::DecisionRecorded(self.decision(intent)),
            NoticeKind::Approved => Notice::Approved(self.agreed()),
            NoticeKind::CompletedExport => Notice::CompletedExport(self.completed()),
            NoticeKind::CompletedDelete => Notice::CompletedDelete(self.deleted()),
            NoticeKind::ObligationSettled => Notice::ObligationSettled(self.settled(&intent.detail)),
            NoticeKind::Refused => Notice::Refused(self.refused(&intent.detail)),
            NoticeKind::Expired => Notice::Expired(ExpiredText {
                about: self.about(),
                asked: self.asked(),
                received: self.received(),
                closed: self.today(),
                citation: self.law().ground(Ground::IdentityNotVerified).to_owned(),
                rights: self.rights(),
            }),
            NoticeKind::Extended => Notice::Extended(ExtendedText {
                about: self.about(),
                asked: self.asked(),
                reason: text_of(&intent.detail),
                received: self.received(),
                before: self
                    .request
                    .extension
                    .as_ref()
                    .map_or(self.request.due.due, |extension| extension.before),
                due: self.request.due.due,
                rights: self.rights(),
            }),
            NoticeKind::Withdrawn => Notice::Withdrawn(WithdrawnText {
                about: self.about(),
                asked: self.asked(),
                left: match intent.detail {
                    Detail::Left(left) => left,
                    _ => Left::default(),
                },
                received: self.received(),
                closed: self.today(),
            }),
            NoticeKind::Status => Notice::Status(self.status(&intent.detail)),
            NoticeKind::Question => Notice::Question(QuestionText {
                about: self.about(),
                question: text_of(&intent.detail),
                due: self.request.due.due,
            }),
            NoticeKind::Answer => Notice::Answer(self.answer(&intent.detail)),
            NoticeKind::Passphrase => Notice::Passphrase(PassphraseText {
                about: self.about(),
                file_name: self
                    .request
                    .package
                    .as_ref()
                    .map(|package| package.file_name.clone())
                    .unwrap_or_default(),
                passphrase: Personal::new(self.passphrase.unwrap_or_default().to_owned()),
            }),
            NoticeKind::Attention | NoticeKind::Digest => Notice::Attention(self.attention(&intent.detail)),
            NoticeKind::DeadlineAtRisk => Notice::DeadlineAtRisk(self.deadline(&intent.detail)),
        }
    }

    pub(super) fn about(&self) -> About {
        About {
            reference: self.request.reference.clone(),
            kind: self.request.kind,
            company: self.settings.company.clone(),
        }
    }

    fn law(&self) -> &Regime {
        self.settings.regime(Some(&self.request.regime))
    }

    fn rights(&self) -> Rights {
        let law = self.law();
        Rights { law: law.title.clone(), authority: law.authority.clone(), remedy: law.remedy.clone() }
    }

    pub(super) fn asked(&self) -> Asked {
        Asked::of(&self.request.form.scope)
    }

    pub(super) fn received(&self) -> Date {
        self.settings.calendar.local_date(self.request.received_at)
    }

    pub(super) fn today(&self) -> Date {
        self.settings.calendar.local_date(self.now)
    }

    pub(super) fn zoned(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.settings.calendar.zone().clone())
    }

    fn challenge(&self) -> ChallengeText {
        let code = self.code.unwrap_or_default();
        let ambiguous = self.request.problems.iter().any(|problem| problem.code == ProblemCode::Ambiguous);
        ChallengeText {
            about: self.about(),
            asked: self.asked(),
            code: Personal::new(code.replace('-', "")),
            expires: self.zoned(self.now + self.settings.verification.code_lifetime),
            closes: self.closes(),
            mailtos: Mailtos::to(self.answers_to, &self.request.reference, &code.replace('-', "")),
            dates_ambiguous: ambiguous,
        }
    }

    fn closes(&self) -> Date {
        let days = i64::from(self.rules.expire_days);
        let since = match &self.request.stage {
            Stage::AwaitingVerification { check: Check::Challenged { first_at, .. }, .. } => *first_at,
            stage @ (Stage::Recorded { .. }
            | Stage::AwaitingVerification { .. }
            | Stage::AwaitingApproval { .. }
            | Stage::CoolingOff { .. }
            | Stage::Executing { .. }
            | Stage::Delivering { .. }
            | Stage::Closed { .. }) => stage.since(),
        };
        self.settings.calendar.local_date(since + jiff::SignedDuration::from_hours(24 * days))
    }

    fn reminder(&self) -> ReminderText {
        ReminderText { challenge: self.challenge(), days_left: days_between(self.today(), self.closes()) }
    }

    fn clarification(&self) -> ClarificationText {
        let kind = self.request.kind.unwrap_or(Kind::Export);
        ClarificationText {
            about: self.about(),
            received: self.received(),
            due: self.request.due.due,
            problems: self.request.problems.iter().map(|problem| problem.text.clone()).collect(),
            template: Personal::new(crate::domain::form::template(kind, &self.request.form)),
        }
    }

    fn on_file(&self) -> OnFile {
        self.request.subject.as_ref().map_or_else(
            // Before the directory was asked there is only what the mail says.
            || OnFile {
                name: Personal::default(),
                address: self.request.origin.sender.clone(),
                role: String::new(),
                account: Personal::default(),
            },
            |entry: &DirectoryEntry| OnFile {
                name: entry.name.clone(),
                address: entry.address.clone(),
                role: entry.role.clone(),
                account: Personal::new(entry.account.clone()),
            },
        )
    }

    fn approval_request(&self, to: &To) -> ApprovalRequestText {
        ApprovalRequestText {
            about: self.about(),
            approver: staff_of(to, self.rules),
            asked: self.asked(),
            requester: self.on_file(),
            called_by: match &self.request.second_factor {
                SecondFactor::Called { by, .. } => Some(by.clone()),
                SecondFactor::NotNeeded | SecondFactor::Needed => None,
            },
            scope_text: self.request.form.scope.text.clone(),
            plan: self.plan(),
            received: self.received(),
            due: self.request.due.due,
            grounds: Ground::ALL.to_vec(),
            approvers_needed: self
                .request
                .plan
                .as_ref()
                .map_or(1, |plan| policy::approvers_needed(self.request, plan, self.rules)),
            cooling_off_hours: self.rules.cooling_off.as_hours(),
        }
    }

    fn plan(&self) -> PlanSummary {
        let date = |at: Option<Timestamp>| at.map(|at| self.settings.calendar.local_date(at));
        let fate = if self.request.kind == Some(Kind::Delete) { Fate::Deleted } else { Fate::Exported };
        let lines = self.request.plan.iter().flat_map(|plan| &plan.categories).flat_map(|line| {
            let touched = PlanLine {
                category: line.title.clone(),
                fate: fate.clone(),
                rows: line.count,
                from: date(line.first),
                to: date(line.last),
            };
            let kept = line.kept.iter().map(|kept| PlanLine {
                category: line.title.clone(),
                fate: Fate::Kept { why: format!("{}, {}", kept.ground.as_str(), kept.citation) },
                rows: kept.rows,
                from: None,
                to: None,
            });
            // Where all of a category stays, "0 records go" would only be one line more to read.
            let shown = (line.count > 0 || line.kept.is_empty()).then_some(touched);
            shown.into_iter().chain(kept).collect::<Vec<_>>()
        });
        let (total, as_of, hash) = self.request.plan.as_ref().map_or_else(
            || (0, self.now, String::new()),
            |plan| (plan.total_rows, plan.as_of, plan.hash.chars().take(12).collect()),
        );
        PlanSummary { lines: lines.collect(), total, as_of: self.zoned(as_of), hash_short: hash }
    }

    fn decision(&self, intent: &Intent) -> DecisionRecordedText {
        let (by, changed) = match &intent.detail {
            Detail::Decided(by, what) => (by.clone(), self.changed(*what)),
            Detail::Unchanged(why) => {
                (staff_of(&intent.to, self.rules), Changed::Unchanged(self.unchanged(*why, intent)))
            }
            Detail::None
            | Detail::Concern(_)
            | Detail::AcknowledgeOverdue
            | Detail::Refusal { .. }
            | Detail::Text(_)
            | Detail::Status(_)
            | Detail::Settled(_)
            | Detail::Left(_) => (staff_of(&intent.to, self.rules), Changed::Unchanged(Unchanged::NotNow)),
        };
        DecisionRecordedText {
            about: self.about(),
            by,
            at: self.zoned(self.now),
            changed,
            due: self.request.due.due,
            grounds: Ground::ALL.to_vec(),
        }
    }

    fn unchanged(&self, why: Why, intent: &Intent) -> Unchanged {
        match why {
            Why::CodeWrong => Unchanged::CodeRefused,
            Why::CodesLocked => Unchanged::CodesLocked,
            Why::OtherPlan => Unchanged::PlanChanged,
            Why::GroundMissing => Unchanged::UnknownGround,
            Why::NotInThread => Unchanged::NotInThread,
            Why::AlreadyApproved => Unchanged::AlreadyApproved,
            Why::Held => Unchanged::Held,
            Why::NotUnderstood => Unchanged::NotUnderstood,
            Why::NotTheirs => {
                let name = staff_of(&intent.to, self.rules);
                let staff = self.rules.staff.iter().find(|staff| staff.name == name);
                match staff {
                    Some(staff) if staff.role.may_decide() && !policy::may_decide(staff, self.request) => {
                        Unchanged::OwnRequest
                    }
                    Some(_) | None => Unchanged::NotEligible,
                }
            }
            Why::ExtendedBefore => Unchanged::ExtendedBefore,
            Why::NotExtendable => Unchanged::NotExtendable,
            Why::TooLate => Unchanged::TooLate,
            Why::ScopeUnread => Unchanged::ScopeUnread,
            Why::FormIncomplete => Unchanged::FormIncomplete,
            Why::Closed | Why::NotNow | Why::SecondFactorMissing | Why::DeletionBegun | Why::NothingDue => {
                Unchanged::NotNow
            }
        }
    }

    fn completed(&self) -> CompletedExportText {
        let package = self.request.package.as_ref();
        let contents = package.iter().flat_map(|package| &package.contents).map(|category| PackageLine {
            category: category.title.clone(),
            rows: category.rows,
            files: category.files,
        });
        // What is withheld from a copy is withheld for the rights of others (GDPR art. 15(4)); the company says how.
        let missing = package.iter().flat_map(|package| &package.withheld).map(|withheld| Missing {
            category: withheld.title.clone(),
            ground: Some(Ground::RightsOfOthers),
            citation: Some(withheld.reason.clone()),
            until: None,
        });
        let file_name = package.map(|package| package.file_name.clone()).unwrap_or_default();
        let size = package.map_or(0, |package| package.bytes);
        let delivery = match self.settings.delivery.link(&file_name) {
            Some(url) if size > self.settings.delivery.attachment_bytes_max => {
                Delivery::Link { url: Personal::new(url), until: self.keep_until() }
            }
            Some(_) | None => Delivery::Attached,
        };
        CompletedExportText {
            about: self.about(),
            asked: self.asked(),
            contents: contents.collect(),
            missing: missing.collect(),
            delivery,
            file_name,
            size,
            sha256: package.map(|package| package.sha256.clone()).unwrap_or_default(),
            passphrase_by: PassphraseRoute::SeparateMail,
            completed: self.today(),
            as_of: self.zoned(self.request.plan.as_ref().map_or(self.now, |plan| plan.as_of)),
            rights: self.rights(),
        }
    }

    fn keep_until(&self) -> Date {
        let days = i64::from(self.settings.delivery.keep_days);
        self.settings.calendar.local_date(self.now + jiff::SignedDuration::from_hours(24 * days))
    }

    fn refused(&self, detail: &Detail) -> RefusedText {
        let (ground, staff_text) = match detail {
            Detail::Refusal { ground, text } => (*ground, text.clone()),
            Detail::None
            | Detail::Concern(_)
            | Detail::Decided(..)
            | Detail::AcknowledgeOverdue
            | Detail::Unchanged(_)
            | Detail::Text(_)
            | Detail::Status(_)
            | Detail::Settled(_)
            | Detail::Left(_) => (Ground::NotCovered, None),
        };
        let (citation, until) = self.place_of(ground);
        RefusedText {
            about: self.about(),
            asked: self.asked(),
            refused: vec![RefusedPart { category: None, ground, citation, until }],
            done: Vec::new(),
            staff_text,
            rights: self.rights(),
            received: self.received(),
            decided: self.today(),
        }
    }

    fn status(&self, detail: &Detail) -> StatusText {
        let cause = match detail {
            Detail::Status(cause) => *cause,
            Detail::Unchanged(Why::NotUnderstood) => StatusCause::NotUnderstood,
            Detail::Unchanged(_) => StatusCause::TooLate,
            Detail::None
            | Detail::Concern(_)
            | Detail::Decided(..)
            | Detail::AcknowledgeOverdue
            | Detail::Refusal { .. }
            | Detail::Text(_)
            | Detail::Settled(_)
            | Detail::Left(_) => StatusCause::Asked,
        };
        StatusText {
            about: self.about(),
            cause,
            standing: standing(self.request),
            received: self.received(),
            due: self.request.due.due,
        }
    }

    fn answer(&self, detail: &Detail) -> AnswerText {
        let (asked_by, question) = self.request.question.as_ref().map_or_else(
            || (staff_of(&To::OnFile, self.rules), Personal::default()),
            |question| (question.by.clone(), question.text.clone()),
        );
        AnswerText {
            about: self.about(),
            asked_by,
            question,
            answer: text_of(detail),
            answered: self.zoned(self.now),
            due: self.request.due.due,
        }
    }

    fn attention(&self, detail: &Detail) -> AttentionText {
        let about = match detail {
            Detail::Concern(concern) => self.reason(concern),
            Detail::None
            | Detail::Decided(..)
            | Detail::AcknowledgeOverdue
            | Detail::Unchanged(_)
            | Detail::Refusal { .. }
            | Detail::Text(_)
            | Detail::Status(_)
            | Detail::Settled(_)
            | Detail::Left(_) => AttentionReason::NoEligibleApprover,
        };
        AttentionText {
            reference: Some(self.request.reference.clone()),
            kind: self.request.kind,
            company: self.settings.company.clone(),
            about,
            received: Some(self.received()),
            due: Some(self.request.due.due),
        }
    }

    fn reason(&self, concern: &Concern) -> AttentionReason {
        let from = self.request.origin.sender.clone();
        match concern {
            Concern::SenderUnauthenticated => AttentionReason::SenderUnauthenticated { from },
            Concern::SenderUnknown => AttentionReason::SenderUnknown { from },
            Concern::OwnWords(text) => AttentionReason::OwnWords { from, mail_text: text.clone() },
            Concern::Silent => AttentionReason::Observed { from, asked: self.asked() },
            Concern::MailTooOld => AttentionReason::MailTooOld { from },
            Concern::AllHeld => AttentionReason::AllHeld { citations: self.holds() },
            Concern::NeedsTwoApprovers => AttentionReason::NeedsTwoApprovers,
            Concern::ManyDeletions(limit) => match *limit {
                DayLimit::Unusual { accounts } => AttentionReason::ManyDeletions { accounts, rows: None },
                DayLimit::Reached { accounts, rows } => {
                    AttentionReason::ManyDeletions { accounts, rows: Some(rows) }
                }
            },
            Concern::BackupsOverdue(source) => AttentionReason::BackupsOverdue { source: source.clone() },
            Concern::CallBack => AttentionReason::SecondFactorNeeded {
                requester: self.on_file(),
                phone: self.request.subject.as_ref().and_then(|entry| entry.phone.clone()),
            },
            Concern::NobodyMayDecide => AttentionReason::NoEligibleApprover,
            Concern::Frozen(until) => {
                AttentionReason::Frozen { requester: self.on_file(), until: self.zoned(*until) }
            }
            Concern::CodesLocked(by) => AttentionReason::CodesLocked { by: by.clone() },
            Concern::NotMe(left) => AttentionReason::NotMe { requester: self.on_file(), left: *left },
            Concern::Withdrawn(left) => AttentionReason::Withdrawn { requester: self.on_file(), left: *left },
            Concern::MayNotAsk => AttentionReason::CannotSpeakForAccount { requester: self.on_file() },
            Concern::SourceDown(source) => {
                AttentionReason::ConnectorDown { source: source.clone(), since: self.zoned(self.now) }
            }
            Concern::Hanging(hanging) => AttentionReason::RowsHang {
                category: hanging.category.clone(),
                table: hanging.table.clone(),
                rows: hanging.rows,
            },
            Concern::Drift { category, planned, found } => {
                AttentionReason::PlanDrift { category: category.clone(), planned: *planned, found: *found }
            }
            Concern::Undeliverable { notice, to, status } => AttentionReason::NoticeUndeliverable {
                notice: notice.as_str().to_owned(),
                to: to.clone(),
                status: status.clone(),
            },
            Concern::Uncertain { notice, to } => {
                AttentionReason::NoticeUncertain { notice: notice.as_str().to_owned(), to: to.clone() }
            }
        }
    }

    fn deadline(&self, detail: &Detail) -> DeadlineAtRiskText {
        let (deadline, due) = if matches!(detail, Detail::AcknowledgeOverdue) {
            (DeadlineOf::Acknowledgement, self.settings.calendar.local_date(self.request.due.acknowledge))
        } else {
            (DeadlineOf::Answer, self.request.due.due)
        };
        let over = matches!(detail, Detail::AcknowledgeOverdue) || self.request.due.due_at <= self.now;
        let risk = if over {
            Risk::Breached { days_over: days_between(due, self.today()) }
        } else {
            Risk::AtRisk { days_left: days_between(self.today(), due) }
        };
        DeadlineAtRiskText {
            about: self.about(),
            deadline,
            risk,
            received: self.received(),
            due,
            standing: standing(self.request),
        }
    }
}

impl Facts<'_> {
    fn changed(&self, what: Decided) -> Changed {
        match what {
            Decided::Approved => Changed::Approved,
            Decided::Refused(ground) => Changed::Refused { ground },
            Decided::QuestionSent => Changed::QuestionSent,
            Decided::Accepted => Changed::Accepted,
            Decided::CallRecorded => Changed::CallRecorded,
            Decided::Extended => Changed::Extended,
            Decided::Scoped => Changed::Scoped { asked: self.asked(), missing: self.missing() },
            Decided::NotRequest => Changed::NotRequest,
            Decided::ApprovedFirst => Changed::ApprovedFirst,
            Decided::Held => Changed::Held,
            Decided::Released => Changed::Released,
            Decided::Vetoed => Changed::Vetoed,
        }
    }

    /// What a request lacks before it can go on.
    fn missing(&self) -> Vec<String> {
        let blocking = self.request.problems.iter().filter(|problem| problem.is_blocking());
        blocking.map(|problem| problem.text.clone()).collect()
    }
}

fn text_of(detail: &Detail) -> Personal {
    match detail {
        Detail::Text(text) => text.clone(),
        Detail::None
        | Detail::Concern(_)
        | Detail::Decided(..)
        | Detail::AcknowledgeOverdue
        | Detail::Unchanged(_)
        | Detail::Refusal { .. }
        | Detail::Status(_)
        | Detail::Settled(_)
        | Detail::Left(_) => Personal::default(),
    }
}

fn staff_of(to: &To, rules: &Rules) -> StaffName {
    match to {
        To::Staff(name) => name.clone(),
        To::Sender | To::OnFile => {
            rules.staff.first().map_or_else(StaffName::unknown, |staff| staff.name.clone())
        }
    }
}

fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from((to - from).get_days().max(0)).unwrap_or(0)
}
