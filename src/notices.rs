//! A notice and the templates make a mail's words. The texts stand in `templates/notices/`; this file adds none.
//! Never sends, never stores. `mail/outgoing.rs` makes bytes of the result.

use crate::domain::notice::{CompletedDeleteText, Notice};
use crate::render::{RenderError, Texts};

/// The words that an answer may start with (decision 15, interface.md). A line of ours that starts with one could be
/// taken for an answer when it is quoted badly.
const WORDS: [&str; 15] = [
    "CONFIRM",
    "CANCEL",
    "STATUS",
    "NOTME",
    "APPROVE",
    "REFUSE",
    "EXTEND",
    "HOLD",
    "RELEASE",
    "ASK",
    "ACCEPT",
    "SCOPE",
    "CALLED",
    "NOTREQUEST",
    "VETO",
];

/// The words of one mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, with the reference in brackets.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[the words of a mail]")
    }
}

/// Why a notice cannot be written. It is the templates' fault, so writing it again gives the same answer.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// A template does not fit.
    #[error("cannot write the notice {kind}: {source}")]
    Render {
        /// The notice.
        kind: &'static str,
        /// Which template and line.
        source: RenderError,
    },
    /// A template left a part without words.
    #[error("cannot write the notice {kind}: its {part} is empty; look at templates/notices/{kind}/")]
    Empty {
        /// The notice.
        kind: &'static str,
        /// Subject, text or HTML.
        part: &'static str,
    },
    /// A line could be taken for an answer.
    #[error(
        "cannot write the notice {kind}: line {line} of its {part} starts with {word}, which would count as an answer"
    )]
    Command {
        /// The notice.
        kind: &'static str,
        /// Text or HTML.
        part: &'static str,
        /// Counted from 1, in the finished mail.
        line: usize,
        /// The word.
        word: &'static str,
    },
    /// The subject lacks the reference by which an answer finds its request (decision 13).
    #[error("cannot write the notice {kind}: its subject lacks [{{{{ reference }}}}]")]
    NoReference {
        /// The notice.
        kind: &'static str,
    },
}

impl NoticeError {
    /// Never.
    pub const fn is_transient(&self) -> bool {
        false
    }
}

/// Writes a notice.
pub fn compose(texts: &Texts, notice: &Notice) -> Result<Rendered, NoticeError> {
    let kind = notice.kind().as_str();
    let render = |file: &str| {
        texts
            .render(&format!("notices/{kind}/{file}"), notice)
            .map_err(|source| NoticeError::Render { kind, source })
    };
    let subject = render("subject.txt")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = tidied(&render("body.txt")?);
    let html = render("body.html")?.trim().to_owned() + "\n";
    let read = mail_parser::decoders::html::html_to_text(&html);
    for (part, words) in [("subject", &subject), ("text", &text), ("HTML", &read)] {
        if words.trim().is_empty() {
            return Err(NoticeError::Empty { kind, part });
        }
        if let Some((line, word)) = command_in(words) {
            return Err(NoticeError::Command { kind, part, line, word });
        }
    }
    let referenced = |reference: &crate::domain::ids::Reference| subject.contains(&format!("[{reference}]"));
    if !notice.reference().is_none_or(referenced) {
        return Err(NoticeError::NoReference { kind });
    }
    Ok(Rendered { subject, text, html })
}

/// The certificate of a deletion: a page that stands alone.
pub fn certificate(texts: &Texts, text: &CompletedDeleteText) -> Result<String, NoticeError> {
    let kind = "completed-delete";
    texts
        .render("notices/completed-delete/certificate.html", text)
        .map_err(|source| NoticeError::Render { kind, source })
}

/// Writes every sample: what tells an operator at once that a template of theirs does not fit.
pub fn check_all(texts: &Texts) -> Result<(), NoticeError> {
    Notice::samples().iter().try_for_each(|sample| {
        if let Notice::CompletedDelete(text) = sample {
            certificate(texts, text)?;
        }
        compose(texts, sample).map(drop)
    })
}

/// No blanks at line ends (save the signature mark), never two empty lines together, one line end at the end.
fn tidied(text: &str) -> String {
    let mut out = String::new();
    let mut empty_before = true;
    for line in text.lines() {
        let line = if line == "-- " { line } else { line.trim_end() };
        if line.is_empty() && empty_before {
            continue;
        }
        empty_before = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The first line that starts with a word that counts as an answer, whatever stands before the word but `>`.
fn command_in(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '>');
        let mut tokens = line.split_whitespace().map(str::to_uppercase);
        let first = tokens.next()?;
        let joined = if first == "NOT" { first + &tokens.next()? } else { first };
        WORDS.into_iter().find(|&word| word == joined).map(|word| (index + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::{NoticeError, check_all, command_in, compose};
    use crate::domain::notice::{AttentionReason, Notice, NoticeKind};
    use crate::render::Texts;

    fn texts() -> Texts {
        Texts::built_in().expect("the templates are well-formed")
    }

    /// The first sample of a kind, as one text: what a person reads who has no HTML.
    fn mail(kind: NoticeKind) -> String {
        let sample = Notice::samples().into_iter().find(|sample| sample.kind() == kind).expect("a sample");
        let rendered = compose(&texts(), &sample).expect("composes");
        format!("Subject: {}\n\n{}", rendered.subject, rendered.text)
    }

    /// Writes them to `target/notices/` as well, to be looked at in a browser.
    #[test]
    fn every_sample_renders_as_text_and_html() {
        let texts = texts();
        let mut seen = std::collections::HashMap::new();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/notices");
        std::fs::create_dir_all(&dir).expect("a folder to look at");
        for notice in Notice::samples() {
            let kind = notice.kind().as_str();
            let rendered = compose(&texts, &notice).unwrap_or_else(|error| panic!("{notice:?}: {error}"));
            let number = seen.entry(kind).and_modify(|n| *n += 1).or_insert(1);
            assert!(rendered.subject.chars().count() <= 120, "{}", rendered.subject);
            assert!(!rendered.html.contains("http-equiv") && !rendered.html.contains("<img"), "{kind}");
            let unset =
                rendered.text.lines().any(|line| line.ends_with(": none") && !line.starts_with("Phone"));
            assert!(!unset, "a value is missing in\n{}", rendered.text);
            let text = format!("Subject: {}\n\n{}", rendered.subject, rendered.text);
            std::fs::write(dir.join(format!("{kind}-{number:02}.txt")), text).expect("writes");
            std::fs::write(dir.join(format!("{kind}-{number:02}.html")), rendered.html).expect("writes");
        }
        assert_eq!(seen.len(), NoticeKind::ALL.len());
        check_all(&texts).expect("what `dsrd check` asks");
    }

    #[test]
    fn acknowledgement_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Acknowledgement), @r#"
        Subject: [DSR-7B0D-WXZH] We have your request for a copy of your data

        Hello,

        we have your request for a copy of your data. Thank you for writing.

        What we understood:
        - number +91 98765 43210
        - from 1 January 2025 to 31 March 2025

        It came in on 2 March 2026. You will have our answer by 1 April 2026 at the latest.

        What happens next
        First we check that it is really you, so that nobody else gets hold of your data. We do this by writing to the e-mail address we have on file. Please look there and answer that mail.

        To see where your request stands, answer this mail with the word STATUS in the first line.

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn challenge_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Challenge), @r#"
        Subject: [DSR-7B0D-WXZH] Is it you? Please confirm a request about your data

        Hello,

        somebody, perhaps you, asked us for a copy of your data. We write to the address we have on file to make sure that it was you.

        What was asked about:
        - number +91 98765 43210
        - from 1 January 2025 to 31 March 2025

        Was it you?
        Answer this mail with the word CONFIRM and the code below, both in the first line.

            7K3M-9Q2X

        The code works until 3 March 2026, 10:15 (Asia/Kolkata). If we hear nothing by 16 March 2026, we close the request.

        Changed your mind? Answer with the word CANCEL.

        Was it somebody else? Answer with the words NOT ME, and we look into it. Without your answer nothing is sent and nothing is deleted.

        One tap opens a ready answer:
        Yes, it was me: mailto:support%2B4k2m9q7x1v@acme.example?subject=Re%3A%20%5BDSR-7B0D-WXZH%5D&body=CONFIRM%207K3M-9Q2X
        No, stop it: mailto:support%2B4k2m9q7x1v@acme.example?subject=Re%3A%20%5BDSR-7B0D-WXZH%5D&body=CANCEL
        It was somebody else: mailto:support%2B4k2m9q7x1v@acme.example?subject=Re%3A%20%5BDSR-7B0D-WXZH%5D&body=NOT%20ME

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn clarification_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Clarification), @r#"
        Subject: [DSR-7B0D-WXZH] Your request about your data: we need a little more

        Hello,

        we have your request for a copy of your data; it came in on 2 March 2026. Thank you for writing. To go on we need a little more from you:

        - The line "Scope" is missing: we do not know which data you mean.

        Please answer this mail with the lines below, completed. What we understood is filled in; please put your own words in place of everything in <angle brackets>.

        Request: Export
        Scope: number +919876543210, 2025-01-01 to 2025-03-31
        Legal basis: Customer request
        Requester: <Name, Role>, asha@acme-traders.example
        I acknowledge identity verification may be required.

        You may also answer in your own words. You will have our answer by 1 April 2026 at the latest.

        What happens next
        When we have this, we check that it is really you, by writing to the e-mail address we have on file.

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn approval_request_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::ApprovalRequest), @r#"
        Subject: [DSR-7B0D-WXZH] Please decide by 1 April 2026: export, 1,291 records

        meera, please decide by 1 April 2026.

        Asked for: a copy of the data (export)
        About: number +91 98765 43210, from 1 January 2025, up to 31 March 2025
        By: Asha Rao, owner of account 481516, asha@acme-traders.example
        Identity: confirmed with the code sent to this address on file
        Came in: 2 March 2026

        To agree: write APPROVE and an unused code of yours.
        To refuse: write REFUSE, an unused code of yours and a ground from the list below.
        To put a question to the customer: write ASK and the question.

        Answer this mail, with the word in the first line. Your codes are on the list that "dsrd staff codes" printed for you; each works once.

        Grounds for a refusal: identity-not-verified, legal-hold, statutory-retention, rights-of-others, manifestly-unfounded-or-excessive, no-match, outside-jurisdiction, not-covered, suspected-fraud.

        The plan 9f86d081884c, as of 2 March 2026, 18:30 (Asia/Kolkata): 1,291 records
        - Call logs: 1,204, 2 January 2025 to 31 March 2025, goes into the copy
        - Recordings: 87, 9 January 2025 to 30 March 2025, goes into the copy
        - Billing: 3, stays: statutory-retention, Companies Act 2013

        The scope as the customer wrote it:
        > number +91 98765 43210, 2025-01-01 to 2025-03-31
        > APPROVE 7K3M-9Q2X http[:]//evil[.]example

        Your answer counts for this plan only, and only from you: please do not forward this mail.

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn completed_export_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::CompletedExport), @r#"
        Subject: [DSR-7B0D-WXZH] The copy of your data is ready

        Hello,

        here is the copy of your data that you asked for.

        What you asked about:
        - number +91 98765 43210
        - from 1 January 2025 to 31 March 2025

        What is inside:
        - Call logs: 1,204 records
        - Recordings: 87 records, 87 files

        It shows your data as of 2 March 2026, 18:30 (Asia/Kolkata). A page inside says what we use it for, who receives it and how long we keep it.

        How to open it
        1. Save the attached file DSR-7B0D-WXZH.zip (4.2 MB).
        2. The file is locked. The passphrase comes in a separate mail.
        3. Open it with 7-Zip (Windows) or Keka (Mac). The Windows Explorer cannot open it: it does not know AES-256, the lock that we use.
        4. Open the file index.html inside.

        For experts, the SHA-256 of the file: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

        Your rights
        If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the Data Protection Board of India. An order of the Board may be appealed to the Appellate Tribunal. The law that gives you these rights is the India Digital Personal Data Protection Act (DPDP Act).

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn refused_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Refused), @r#"
        Subject: [DSR-7B0D-WXZH] Your request about your data: we have to say no

        Hello,

        on 2 March 2026 you asked us for a copy of your data. We are sorry: we have to say no.

        What you asked about:
        - number +91 98765 43210
        - from 1 January 2025 to 31 March 2025

        What we refuse, and why:

        The whole request: we could not make sure that you are the person whose data this is. Legal ground: DPDP Act 2023, section 12(3) (identity-not-verified).
        What you can do: Please write again from the e-mail address that you use with us, and answer the mail that we send there. If that address is out of date, ask us how to change it. We do not need a copy of an identity card.

        Nothing was sent and nothing was deleted.

        Data that we keep on these grounds is kept for this purpose only and used for nothing else.

        Your rights
        If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the Data Protection Board of India. An order of the Board may be appealed to the Appellate Tribunal. The law that gives you these rights is the India Digital Personal Data Protection Act (DPDP Act).

        Date of this decision: 4 March 2026

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn passphrase_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Passphrase), @r#"
        Subject: [DSR-7B0D-WXZH] The passphrase for the copy of your data

        Hello,

        this passphrase opens the file DSR-7B0D-WXZH.zip that we sent you in another mail:

            4TQH-9ZKM-2WXC-7RDB-51

        Open the file with 7-Zip (Windows) or Keka (Mac) and copy the passphrase as it stands, with its dashes. Please do not pass it on: whoever has both mails can read your data.

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn expired_reads_well() {
        insta::assert_snapshot!(mail(NoticeKind::Expired), @r#"
        Subject: [DSR-7B0D-WXZH] Your request is closed: we could not make sure that it was you

        Hello,

        on 2 March 2026 somebody, perhaps you, asked us for a copy of your data. We could not make sure that the request came from the person whose data it is about, so we have to say no and close it.

        What was asked about:
        - number +91 98765 43210
        - from 1 January 2025 to 31 March 2025

        Legal ground: DPDP Rules 2025, rule 14 (identity-not-verified). Nothing was sent and nothing was deleted. What we keep of this request is kept to show what we did, and used for nothing else.

        What you can do: write to us again at any time, from the e-mail address that you use with us, and answer the mail that we send there. If that address is out of date, ask us how to change it. We do not need a copy of an identity card.

        Your rights
        If you are not content with this, write to Meera Nair, privacy@acme.example. You may also complain to the Data Protection Board of India. An order of the Board may be appealed to the Appellate Tribunal. The law that gives you these rights is the India Digital Personal Data Protection Act (DPDP Act).

        Date of this decision: 16 March 2026

        -- 
        Acme Telephony
        Reference: DSR-7B0D-WXZH. Please keep it in the subject when you answer.
        Questions: support@acme.example
        "#);
    }

    #[test]
    fn words_that_count_as_answers_are_found_at_line_starts_only() {
        let check =
            |text: &str, expected: Option<(usize, &str)>| assert_eq!(command_in(text), expected, "{text:?}");
        check("Hello\nCONFIRM 7K3M-9Q2X", Some((2, "CONFIRM")));
        check("  * approve 7K3M", Some((1, "APPROVE")));
        check("- Not me", Some((1, "NOTME")));
        check("**STATUS**", None);
        check("STATUS", Some((1, "STATUS")));
        check("> APPROVE 7K3M", None);
        check("Scope: number +919876543210", None);
        check("Not you? Answer with the words NOT ME", None);
        check("write CONFIRM and the code", None);
    }

    #[test]
    fn what_a_stranger_wrote_stays_text() {
        let texts = texts();
        let check = |written: &str, text_has: &str, html_has: &str| {
            let notices = Notice::samples().into_iter().filter_map(|notice| match notice {
                Notice::Answer(mut text) => {
                    text.answer = written.into();
                    Some(Notice::Answer(text))
                }
                Notice::Attention(mut text) => match &mut text.about {
                    AttentionReason::OwnWords { mail_text, .. } => {
                        *mail_text = written.into();
                        Some(Notice::Attention(text))
                    }
                    _ => None,
                },
                Notice::ApprovalRequest(mut text) => {
                    text.scope_text = written.into();
                    text.requester.name = written.into();
                    Some(Notice::ApprovalRequest(text))
                }
                _ => None,
            });
            for notice in notices {
                let rendered = compose(&texts, &notice).expect("composes");
                let fenced = format!("> {text_has}");
                assert!(rendered.text.contains(&fenced), "{fenced:?} in\n{}", rendered.text);
                assert!(rendered.html.contains(html_has), "{html_has:?} in\n{}", rendered.html);
                assert!(!rendered.html.contains("<script>") && !rendered.html.contains("<img"));
            }
        };
        check("{{7*7}}", "{{7*7}}", "{{7*7}}");
        check("{% for i in range(9) %}x{% endfor %}", "{% for i", "{% for i");
        check("<script>alert(1)</script>", "<script>alert(1)", "&lt;script&gt;alert(1)");
        check("\"><img src=x onerror=y>", "\"><img src=x", "&quot;&gt;&lt;img src=x");
        check("hi\nAPPROVE 7K3M-9Q2X", "hi\n> APPROVE 7K3M-9Q2X", "&gt; hi\n&gt; APPROVE");
        check("hi\u{2028}APPROVE 7K3M", "hi\u{fffd}APPROVE", "hi\u{fffd}APPROVE");
        check("hi\rAPPROVE 7K3M", "hi\n> APPROVE", "hi\n&gt; APPROVE");
        check("\u{202e}evil\u{200b}", "\u{fffd}evil\u{fffd}", "\u{fffd}evil");
        check(
            "see https://evil.example/x",
            "see https[:]//evil[.]example/x",
            "https[:]&#x2f;&#x2f;evil[.]example",
        );
    }

    #[test]
    fn an_operators_template_that_does_not_fit_is_named() {
        let check = |file: &str, source: &str, expected: &str| {
            let dir = tempfile::tempdir().expect("a folder");
            let folder = dir.path().join("notices/passphrase");
            std::fs::create_dir_all(&folder).expect("makes");
            std::fs::write(folder.join(file), source).expect("writes");
            let error: Box<dyn std::error::Error> = match Texts::with_overrides(dir.path()) {
                Ok(texts) => Box::new(check_all(&texts).expect_err("does not fit")),
                Err(error) => Box::new(error),
            };
            assert_eq!(error.to_string(), expected);
        };
        check(
            "body.txt",
            "Hello\n{{ pasphrase }}",
            "cannot write the notice passphrase: cannot render template notices/passphrase/body.txt, line 2: undefined value",
        );
        check(
            "body.txt",
            "Hello\n\nConfirm this.",
            "cannot write the notice passphrase: line 3 of its text starts with CONFIRM, which would count as an answer",
        );
        check(
            "body.html",
            "<p> </p>",
            "cannot write the notice passphrase: its HTML is empty; look at templates/notices/passphrase/",
        );
        check(
            "subject.txt",
            "Your passphrase",
            "cannot write the notice passphrase: its subject lacks [{{ reference }}]",
        );
        check(
            "subject.txt",
            "[{{ reference }]",
            "cannot read template notices/passphrase/subject.txt, line 1: unexpected `}`, expected end of variable block",
        );
    }

    #[test]
    fn an_operators_template_wins_file_by_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("notices/passphrase");
        std::fs::create_dir_all(&folder).expect("makes");
        std::fs::write(folder.join("subject.txt"), "[{{ reference }}] Your key").expect("writes");
        let texts = Texts::with_overrides(dir.path()).expect("reads");
        let sample = Notice::samples().into_iter().find(|sample| sample.kind() == NoticeKind::Passphrase);
        let rendered = compose(&texts, &sample.expect("a sample")).expect("composes");
        assert_eq!(rendered.subject, "[DSR-7B0D-WXZH] Your key");
        assert!(rendered.text.contains("4TQH-9ZKM"), "the body is still ours");
        assert!(!NoticeError::NoReference { kind: "x" }.is_transient());
    }
}
