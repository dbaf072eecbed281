//! One notice of every kind and variant, for the tests and for the check of an operator's own templates.
//! Nobody in here exists; no field is empty that a template might print. `mod.rs` says when they are used.

mod deletion;
mod host;

use super::{
    About, AcknowledgementText, AnswerText, ApprovalRequestText, Asked, AskedItem, AttentionReason,
    AttentionText, ChallengeText, Changed, ClarificationText, Company, CompletedExportText,
    DeadlineAtRiskText, DeadlineOf, DecisionRecordedText, Delivery, DigestLine, DigestText, ExpiredText,
    ExtendedText, Fate, FirstStart, HoldLine, Mailtos, Missing, Notice, NoticeKind, OldMail, OnFile,
    PackageLine, PassphraseRoute, PassphraseText, PlanLine, PlanSummary, QuestionText, RefusedPart,
    RefusedText, ReminderText, Rights, Risk, Standing, StatusCause, StatusText, Unchanged, WaitsFor,
    WithdrawnText,
};
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::left::{Far, Left, Rows};
use crate::domain::personal::Personal;
use crate::domain::request::{Ground, Kind};
use jiff::Zoned;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

const RECEIVED: Date = date(2026, 3, 2);
const DUE: Date = date(2026, 4, 1);

/// Every sample. `None` cannot happen: a test sees every kind in it.
pub(super) fn all() -> Option<Vec<Notice>> {
    let mut all = people()?;
    all.extend(exports());
    all.extend(refusals());
    all.extend(deletion::all());
    all.extend(statuses());
    all.extend(staff()?);
    all.extend(decisions()?);
    all.extend(attention()?);
    Some(all)
}

fn company() -> Company {
    Company {
        name: "Acme Telephony".into(),
        support: "support@acme.example".into(),
        grievance_officer: "Meera Nair, privacy@acme.example".into(),
    }
}

fn rights() -> Rights {
    Rights {
        law: "India Digital Personal Data Protection Act (DPDP Act)".into(),
        authority: "the Data Protection Board of India".into(),
        remedy: "An order of the Board may be appealed to the Appellate Tribunal.".into(),
    }
}

fn about(kind: Kind) -> About {
    About { reference: Reference::from_bits(0x3A_C0DE_77F1), kind: Some(kind), company: company() }
}

fn asked() -> Asked {
    Asked {
        items: vec![AskedItem::Number("+91 98765 43210".into())],
        from: Some(date(2025, 1, 1)),
        to: Some(date(2025, 3, 31)),
    }
}

/// All that can be asked for at once.
fn asked_widely() -> Asked {
    Asked {
        items: vec![
            AskedItem::OwnAccount,
            AskedItem::Account(Some("481516".into())),
            AskedItem::Account(None),
            AskedItem::User(Some("ravi@acme-traders.example".into())),
            AskedItem::User(None),
            AskedItem::Everything,
        ],
        from: None,
        to: None,
    }
}

fn at(day: Date, hour: i8, minute: i8) -> Zoned {
    let noon = day.at(hour, minute, 0, 0);
    let zone = TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC);
    noon.to_zoned(zone).unwrap_or_default()
}

fn asha() -> Option<OnFile> {
    Some(OnFile {
        name: "Asha Rao".into(),
        address: Address::parse("asha@acme-traders.example")?,
        role: "owner".into(),
        account: "481516".into(),
    })
}

fn challenge(kind: Kind) -> Option<ChallengeText> {
    let about = about(kind);
    let reply_to = Address::parse("support+4k2m9q7x1v@acme.example")?;
    let mailtos = Mailtos::to(&reply_to, &about.reference, "7K3M9Q2X");
    Some(ChallengeText {
        about,
        asked: asked(),
        code: "7K3M9Q2X".into(),
        expires: at(date(2026, 3, 3), 10, 15),
        closes: date(2026, 3, 16),
        mailtos,
        dates_ambiguous: false,
    })
}

fn people() -> Option<Vec<Notice>> {
    let acknowledgement = |kind, asked| {
        Notice::Acknowledgement(AcknowledgementText {
            about: about(kind),
            asked,
            received: RECEIVED,
            due: DUE,
        })
    };
    let export = challenge(Kind::Export)?;
    let reminder = |days_left| ReminderText { challenge: export.clone(), days_left };
    let unclear = About { kind: None, ..about(Kind::Export) };
    Some(vec![
        acknowledgement(Kind::Export, asked()),
        acknowledgement(Kind::Delete, asked_widely()),
        Notice::Challenge(export.clone()),
        Notice::Challenge(ChallengeText { dates_ambiguous: true, ..challenge(Kind::Delete)? }),
        Notice::Reminder(reminder(7)),
        Notice::Reminder(reminder(1)),
        Notice::Reminder(reminder(0)),
        Notice::Clarification(ClarificationText {
            about: about(Kind::Export),
            received: RECEIVED,
            due: DUE,
            problems: vec!["The line \"Scope\" is missing: we do not know which data you mean.".into()],
            template: form("Export"),
        }),
        Notice::Clarification(ClarificationText {
            about: unclear,
            received: RECEIVED,
            due: DUE,
            problems: vec![
                "We do not know whether you want a copy of your data or want it deleted.".into(),
                "The sentence \"I acknowledge identity verification may be required\" is missing.".into(),
            ],
            template: form("<Export or Delete>"),
        }),
        Notice::Question(QuestionText {
            about: about(Kind::Export),
            question: "Do you need the recordings as well, or only the list of calls?\nSee https://acme.example/help".into(),
            due: DUE,
        }),
        Notice::Passphrase(PassphraseText {
            about: about(Kind::Export),
            file_name: "DSR-7B0D-WXZH.zip".into(),
            passphrase: "4TQH-9ZKM-2WXC-7RDB-51".into(),
        }),
    ])
}

fn form(kind: &str) -> Personal {
    Personal::new(format!(
        "Request: {kind}\nScope: number +919876543210, 2025-01-01 to 2025-03-31\nLegal basis: Customer request\n\
         Requester: <Name, Role>, asha@acme-traders.example\nI acknowledge identity verification may be required."
    ))
}

fn export() -> CompletedExportText {
    CompletedExportText {
        about: about(Kind::Export),
        asked: asked(),
        contents: vec![
            PackageLine { category: "Call logs".into(), rows: 1_204, files: 0 },
            PackageLine { category: "Recordings".into(), rows: 87, files: 87 },
        ],
        missing: Vec::new(),
        delivery: Delivery::Attached,
        file_name: "DSR-7B0D-WXZH.zip".into(),
        size: 4_213_004,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        passphrase_by: PassphraseRoute::SeparateMail,
        completed: date(2026, 3, 5),
        as_of: at(date(2026, 3, 2), 18, 30),
        rights: rights(),
    }
}

fn exports() -> Vec<Notice> {
    let url = "https://packages.acme.example/p/0123456789abcdef0123456789abcdef/DSR-7B0D-WXZH.zip";
    let link = Delivery::Link { url: url.into(), until: date(2026, 3, 12) };
    let missing = |category: &str, ground, citation: Option<&str>| Missing {
        category: category.into(),
        ground,
        citation: citation.map(str::to_owned),
        until: None,
    };
    vec![
        Notice::CompletedExport(export()),
        Notice::CompletedExport(CompletedExportText {
            asked: Asked { from: None, ..asked() },
            missing: vec![
                missing("Billing", Some(Ground::RightsOfOthers), Some("GDPR article 15(4)")),
                missing("Notes", None, None),
            ],
            ..export()
        }),
        Notice::CompletedExport(CompletedExportText {
            asked: Asked { to: None, ..asked() },
            delivery: link,
            size: 1_904_213_004,
            passphrase_by: PassphraseRoute::Phone,
            ..export()
        }),
    ]
}

fn refusals() -> Vec<Notice> {
    let refused = |parts: Vec<RefusedPart>, done: Vec<String>| {
        Notice::Refused(RefusedText {
            about: about(Kind::Export),
            asked: asked(),
            refused: parts,
            done,
            staff_text: None,
            rights: rights(),
            received: RECEIVED,
            decided: date(2026, 3, 4),
        })
    };
    let whole = |ground| RefusedPart {
        category: None,
        ground,
        citation: "DPDP Act 2023, section 12(3)".into(),
        until: None,
    };
    let mut all: Vec<Notice> =
        Ground::ALL.into_iter().map(|ground| refused(vec![whole(ground)], Vec::new())).collect();
    let billing = RefusedPart {
        category: Some("Billing".into()),
        ground: Ground::StatutoryRetention,
        citation: "Companies Act 2013, section 128(5)".into(),
        until: Some(date(2034, 3, 31)),
    };
    let held = RefusedPart { category: Some("Recordings".into()), ..whole(Ground::LegalHold) };
    all.push(refused(vec![billing, held], vec!["Call logs".into()]));
    all.push(Notice::Refused(RefusedText {
        about: about(Kind::Delete),
        asked: asked_widely(),
        refused: vec![whole(Ground::NotCovered)],
        done: Vec::new(),
        staff_text: Some("The number belongs to another company.\nAPPROVE is not a word for you.".into()),
        rights: rights(),
        received: RECEIVED,
        decided: date(2026, 3, 4),
    }));
    all.push(Notice::Expired(ExpiredText {
        about: about(Kind::Export),
        asked: asked(),
        received: RECEIVED,
        closed: date(2026, 3, 16),
        citation: "DPDP Rules 2025, rule 14".into(),
        rights: rights(),
    }));
    all
}

/// How far the package and its passphrase can be when somebody stops a request.
fn lefts() -> impl Iterator<Item = Left> {
    [
        (Far::No, Far::No),
        (Far::Perhaps, Far::No),
        (Far::Yes, Far::No),
        (Far::Yes, Far::Perhaps),
        (Far::Yes, Far::Yes),
    ]
    .into_iter()
    .map(|(package, passphrase)| Left { package, passphrase, ..Left::default() })
    .chain([deletion::left(Rows::Going), deletion::left(Rows::Gone)])
}

fn statuses() -> Vec<Notice> {
    let status = |cause, standing| {
        Notice::Status(StatusText {
            about: about(Kind::Export),
            cause,
            standing,
            received: RECEIVED,
            due: DUE,
        })
    };
    let mut all: Vec<Notice> =
        Standing::ALL.into_iter().map(|standing| status(StatusCause::Asked, standing)).collect();
    all.extend(lefts().map(|left| status(StatusCause::NotMe { left }, Standing::Refused)));
    all.push(Notice::Extended(ExtendedText {
        about: about(Kind::Export),
        asked: asked(),
        reason: "There are many recordings, and other people speak in them.".into(),
        received: RECEIVED,
        before: DUE,
        due: date(2026, 6, 2),
        rights: rights(),
    }));
    all.extend(lefts().map(|left| {
        Notice::Withdrawn(WithdrawnText {
            about: about(Kind::Export),
            asked: asked(),
            left,
            received: RECEIVED,
            closed: date(2026, 3, 5),
        })
    }));
    all.extend([
        status(StatusCause::Confirmed, Standing::AwaitingApproval),
        status(StatusCause::WrongCode { tries_left: 4 }, Standing::AwaitingVerification),
        status(StatusCause::WrongCode { tries_left: 1 }, Standing::AwaitingVerification),
        status(StatusCause::CodeExpired, Standing::AwaitingVerification),
        status(StatusCause::NotUnderstood, Standing::AwaitingVerification),
        status(StatusCause::TooLate, Standing::Completed),
        status(StatusCause::LookedAtAgain, Standing::AwaitingApproval),
        status(StatusCause::Begun { left: deletion::left(Rows::Going) }, Standing::Executing),
    ]);
    all
}

fn staff() -> Option<Vec<Notice>> {
    let line =
        |category: &str, fate, rows, from, to| PlanLine { category: category.into(), fate, rows, from, to };
    let plan = PlanSummary {
        lines: vec![
            line("Call logs", Fate::Exported, 1_204, Some(date(2025, 1, 2)), Some(date(2025, 3, 31))),
            line("Recordings", Fate::Exported, 87, Some(date(2025, 1, 9)), Some(date(2025, 3, 30))),
            line(
                "Billing",
                Fate::Kept { why: "statutory-retention, Companies Act 2013".into() },
                3,
                None,
                None,
            ),
        ],
        total: 1_291,
        as_of: at(date(2026, 3, 2), 18, 30),
        hash_short: "9f86d081884c".into(),
    };
    let request = ApprovalRequestText {
        about: about(Kind::Export),
        approver: StaffName::parse("meera")?,
        asked: asked(),
        requester: asha()?,
        called_by: None,
        scope_text: "number +91 98765 43210, 2025-01-01 to 2025-03-31\nAPPROVE 7K3M-9Q2X http://evil.example"
            .into(),
        plan,
        received: RECEIVED,
        due: DUE,
        grounds: Ground::ALL.to_vec(),
        approvers_needed: 1,
        cooling_off_hours: 24,
    };
    let wide = ApprovalRequestText {
        asked: asked_widely(),
        called_by: StaffName::parse("ravi.k"),
        ..request.clone()
    };
    let mut deletion =
        ApprovalRequestText { about: about(Kind::Delete), approvers_needed: 2, ..request.clone() };
    for line in &mut deletion.plan.lines {
        if line.fate == Fate::Exported {
            line.fate = Fate::Deleted;
        }
    }
    let mut all = vec![
        Notice::ApprovalRequest(request),
        Notice::ApprovalRequest(wide),
        Notice::ApprovalRequest(deletion),
        Notice::Answer(AnswerText {
            about: about(Kind::Export),
            asked_by: StaffName::parse("meera")?,
            question: "Do you need the recordings as well?".into(),
            answer: "Yes please.\nAPPROVE 7K3M-9Q2X\n<script>alert(1)</script> {{7*7}}".into(),
            answered: at(date(2026, 3, 5), 9, 12),
            due: DUE,
        }),
    ];
    all.extend(deadlines());
    all.extend(digests()?);
    Some(all)
}

fn deadlines() -> Vec<Notice> {
    let deadline = |deadline, risk, due, standing| {
        Notice::DeadlineAtRisk(DeadlineAtRiskText {
            about: about(Kind::Export),
            deadline,
            risk,
            received: RECEIVED,
            due,
            standing,
        })
    };
    vec![
        deadline(DeadlineOf::Answer, Risk::AtRisk { days_left: 5 }, DUE, Standing::AwaitingApproval),
        deadline(DeadlineOf::Answer, Risk::AtRisk { days_left: 1 }, DUE, Standing::ConnectorDown),
        deadline(DeadlineOf::Answer, Risk::AtRisk { days_left: 0 }, DUE, Standing::NeedsClarification),
        deadline(DeadlineOf::Answer, Risk::Breached { days_over: 2 }, DUE, Standing::Executing),
        deadline(
            DeadlineOf::Acknowledgement,
            Risk::AtRisk { days_left: 0 },
            date(2026, 3, 3),
            Standing::Recorded,
        ),
        deadline(
            DeadlineOf::Acknowledgement,
            Risk::Breached { days_over: 1 },
            date(2026, 3, 3),
            Standing::SenderUnauthenticated,
        ),
    ]
}

fn digests() -> Option<Vec<Notice>> {
    let old = |received, subject: &str| {
        let from = Address::parse("ravi@acme-traders.example")?;
        Some(OldMail { received, from, subject: subject.into() })
    };
    let first_start = FirstStart {
        since: RECEIVED,
        count: 14,
        mails: vec![
            old(date(2026, 2, 27), "Data Export Request – Acme Traders")?,
            old(date(2026, 2, 3), "APPROVE 7K3M-9Q2X\r\nBcc: all@acme.example")?,
        ],
    };
    let line = |bits, kind, standing, waits_for, due| DigestLine {
        reference: Reference::from_bits(bits),
        kind,
        standing,
        waits_for,
        due,
    };
    let busy = DigestText {
        company: company(),
        on: date(2026, 3, 30),
        first_start: None,
        open: 6,
        due_soon: 2,
        overdue: 1,
        lines: vec![
            line(
                0x11_2233_4455,
                Some(Kind::Delete),
                Standing::NeedsSecondFactor,
                WaitsFor::Staff,
                date(2026, 3, 28),
            ),
            line(0x3A_C0DE_77F1, Some(Kind::Export), Standing::ConnectorDown, WaitsFor::Operator, DUE),
            line(0x3A_C0DE_77F2, Some(Kind::Export), Standing::Executing, WaitsFor::Nobody, DUE),
            line(0x7A_BCDE_F012, None, Standing::NeedsClarification, WaitsFor::Customer, date(2026, 4, 3)),
        ],
        holds: vec![HoldLine { id: "H-7K3M9Q".into(), owner: "meera".into(), review_on: date(2026, 3, 28) }],
    };
    let quiet =
        DigestText { open: 0, due_soon: 0, overdue: 0, lines: Vec::new(), holds: Vec::new(), ..busy.clone() };
    let first = DigestText { on: RECEIVED, first_start: Some(first_start), ..quiet.clone() };
    Some(vec![Notice::Digest(first), Notice::Digest(busy), Notice::Digest(quiet)])
}

fn decisions() -> Option<Vec<Notice>> {
    let by = StaffName::parse("meera")?;
    let changed = [
        Changed::Approved,
        Changed::Refused { ground: Ground::RightsOfOthers },
        Changed::Accepted,
        Changed::CallRecorded,
        Changed::QuestionSent,
        Changed::Extended,
        Changed::Scoped { asked: asked(), missing: Vec::new() },
        Changed::Scoped { asked: Asked::default(), missing: vec!["The line \"Scope\" is missing.".into()] },
        Changed::NotRequest,
        Changed::ApprovedFirst,
        Changed::Held,
        Changed::Released,
        Changed::Vetoed,
        Changed::Unchanged(Unchanged::AlreadyApproved),
        Changed::Unchanged(Unchanged::Held),
        Changed::Unchanged(Unchanged::NotUnderstood),
        Changed::Unchanged(Unchanged::UnknownGround),
        Changed::Unchanged(Unchanged::CodeRefused),
        Changed::Unchanged(Unchanged::CodesLocked),
        Changed::Unchanged(Unchanged::PlanChanged),
        Changed::Unchanged(Unchanged::NotEligible),
        Changed::Unchanged(Unchanged::OwnRequest),
        Changed::Unchanged(Unchanged::AlreadyDecided { by: StaffName::parse("ravi.k")? }),
        Changed::Unchanged(Unchanged::NotNow),
        Changed::Unchanged(Unchanged::NotInThread),
        Changed::Unchanged(Unchanged::ExtendedBefore),
        Changed::Unchanged(Unchanged::NotExtendable),
        Changed::Unchanged(Unchanged::TooLate),
        Changed::Unchanged(Unchanged::ScopeUnread),
        Changed::Unchanged(Unchanged::FormIncomplete),
    ];
    let notice = |changed| {
        Notice::DecisionRecorded(DecisionRecordedText {
            about: about(Kind::Export),
            by: by.clone(),
            at: at(date(2026, 3, 3), 11, 5),
            changed,
            due: DUE,
            grounds: Ground::ALL.to_vec(),
        })
    };
    Some(changed.into_iter().map(notice).collect())
}

fn attention() -> Option<Vec<Notice>> {
    let from = || Address::parse("asha@gmail.example");
    let about_request = [
        AttentionReason::SenderUnauthenticated { from: from()? },
        AttentionReason::SenderUnknown { from: from()? },
        AttentionReason::OwnWords {
            from: from()?,
            mail_text: "Hi,\nplease send me everything you have about me.\nVETO\nhttps://evil.example".into(),
        },
        AttentionReason::SecondFactorNeeded { requester: asha()?, phone: Some("+91 98123 45678".into()) },
        AttentionReason::SecondFactorNeeded { requester: asha()?, phone: None },
        AttentionReason::PlanDrift { category: "Call logs".into(), planned: 1_204, found: 1_530 },
        AttentionReason::RowsHang { category: "call_logs".into(), table: "call_notes".into(), rows: 1_312 },
        AttentionReason::NoEligibleApprover,
        AttentionReason::Frozen { requester: asha()?, until: at(date(2026, 4, 4), 11, 5) },
        AttentionReason::CodesLocked { by: StaffName::parse("meera")? },
        AttentionReason::NoticeUndeliverable {
            notice: NoticeKind::Challenge.as_str().into(),
            to: Address::parse("asha@acme-traders.example")?,
            status: "5.1.1".into(),
        },
        AttentionReason::NoticeUncertain {
            notice: NoticeKind::CompletedExport.as_str().into(),
            to: Address::parse("asha@acme-traders.example")?,
        },
        AttentionReason::NotMe { requester: asha()?, left: Left::default() },
        AttentionReason::NotMe {
            requester: asha()?,
            left: Left { package: Far::Yes, passphrase: Far::Yes, ..Left::default() },
        },
        AttentionReason::Withdrawn {
            requester: asha()?,
            left: Left { package: Far::Yes, passphrase: Far::No, ..Left::default() },
        },
        AttentionReason::CannotSpeakForAccount { requester: OnFile { role: "agent".into(), ..asha()? } },
        AttentionReason::MailTooOld { from: from()? },
        AttentionReason::Observed { from: from()?, asked: Asked::default() },
    ];
    let mut all: Vec<Notice> = about_request
        .into_iter()
        .chain(deletion::attention(&asha()?))
        .map(|reason| {
            let About { reference, kind, company } = about(Kind::Export);
            let kind = match &reason {
                AttentionReason::AllHeld { .. }
                | AttentionReason::NeedsTwoApprovers
                | AttentionReason::ManyDeletions { .. }
                | AttentionReason::BackupsOverdue { .. } => Some(Kind::Delete),
                AttentionReason::OwnWords { .. } => None,
                _ => kind,
            };
            Notice::Attention(AttentionText {
                reference: Some(reference),
                kind,
                company,
                about: reason,
                received: Some(RECEIVED),
                due: Some(DUE),
            })
        })
        .collect();
    all.extend(host::attention());
    Some(all)
}
