//! The new text of a reply: everything from the first sign of quoting on is cut off (facts.md 6). One pass over the
//! lines, no backtracking; decisions never depend on finding the cut exactly, because `domain::command` denies by
//! default. HTML quote containers are `>` lines by the time they come here, see `html.rs`.

use super::text::capped;

/// Longest text that is looked at, bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Our own mails carry it above what they quote.
pub const MARKER: &str = "-- reply above this line --";

/// What clients in several languages call the sender line of a quoted header block.
const FROM_WORDS: [&str; 22] = [
    "from",
    "von",
    "de",
    "da",
    "fra",
    "från",
    "van",
    "od",
    "от",
    "від",
    "发件人",
    "寄件者",
    "差出人",
    "보낸 사람",
    "kimden",
    "lähettäjä",
    "feladó",
    "mittente",
    "expéditeur",
    "remetente",
    "प्रेषक",
    "mula",
];

/// The text above the first quoted line, trailing blank lines gone.
pub fn new_text(text: &str) -> String {
    let lines: Vec<&str> = capped(text, TEXT_BYTES_MAX).lines().collect();
    let end = (0..lines.len()).find(|&at| begins_quote(&lines, at)).unwrap_or(lines.len());
    lines.iter().take(end).copied().collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn begins_quote(lines: &[&str], at: usize) -> bool {
    let line_at = |index: usize| lines.get(index).copied().unwrap_or("");
    let line = line_at(at);
    let bare = line.trim();
    if bare.starts_with('>') || line.trim_end_matches('\r') == "-- " || bare == "--" {
        return true;
    }
    if bare.to_ascii_lowercase().contains(MARKER.trim_matches(['-', ' '])) {
        return true;
    }
    if is_divider(bare) {
        return true;
    }
    if header_word(bare).is_some_and(|word| FROM_WORDS.contains(&word.as_str()))
        && header_word(line_at(at + 1).trim()).is_some()
    {
        return true;
    }
    if is_header_block(lines, at) {
        return true;
    }
    if bare.ends_with([':', '：']) && has_address_or_date(bare) {
        return true;
    }
    is_wrapped_attribution(lines, at)
}

/// `-----Original Message-----`, and the rule that Outlook draws.
fn is_divider(line: &str) -> bool {
    (line.starts_with("----") && line.ends_with("----") && line.chars().any(char::is_alphabetic))
        || (line.len() >= 20 && line.chars().all(|c| c == '_'))
}

/// Lines of a quoted header in a language whose words are not known: several `Word: value` lines, one with an address and
/// one with a time of day. A form has labels and an address, too, and no time.
fn is_header_block(lines: &[&str], at: usize) -> bool {
    const LINES_MIN: usize = 3;
    const LINES_MAX: usize = 6;
    let block = lines.iter().skip(at).map(|line| line.trim());
    let block: Vec<&str> = block.take_while(|line| header_word(line).is_some()).take(LINES_MAX).collect();
    let head = block.iter().take(LINES_MIN + 1);
    block.len() >= LINES_MIN
        && head.clone().any(|line| line.contains('@'))
        && head.clone().any(|line| has_time_of_day(line) && has_address_or_date(line))
}

fn has_time_of_day(line: &str) -> bool {
    line.split_whitespace().any(|word| {
        let parts: Vec<&str> = word.trim_matches([',', '.', ')']).split([':', '.']).collect();
        let figures = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (2..=3).contains(&parts.len()) && parts.iter().all(figures) && word.contains(':')
    })
}

/// The word of a `Word: value` line, lower case, without the asterisks of bold text.
fn header_word(line: &str) -> Option<String> {
    let line = line.trim_start_matches('*');
    let (word, _) = line.split_once([':', '：'])?;
    let word = word.trim_matches(['*', ' ']);
    let few = !word.is_empty() && word.chars().count() <= 20 && word.split_whitespace().count() <= 2;
    few.then(|| word.to_lowercase())
}

/// "On Mon, 3 Mar 2025 at 10:00, Support <s@x.example>" wrapped before "wrote:", straight above the quote. An empty line
/// ends it: what stands above one is the answer, whatever date it names.
fn is_wrapped_attribution(lines: &[&str], at: usize) -> bool {
    const WRAPPED_MAX: usize = 2;
    if !lines.get(at).is_some_and(|line| has_address_or_date(line)) {
        return false;
    }
    let below = || lines.iter().skip(at + 1).map(|line| line.trim());
    let wrapped = below().take(WRAPPED_MAX).take_while(|line| !line.is_empty() && !line.starts_with('>'));
    let wrapped: Vec<&str> = wrapped.collect();
    let quoted = below().skip(wrapped.len()).take(2).find(|line| !line.is_empty());
    wrapped.last().is_some_and(|line| line.ends_with(':')) && quoted.is_some_and(|line| line.starts_with('>'))
}

fn has_address_or_date(line: &str) -> bool {
    let has_address = line.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    });
    has_address || has_year(line) || has_numeric_date(line)
}

fn has_year(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_digit())
        .any(|digits| digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20")))
}

fn has_numeric_date(line: &str) -> bool {
    line.split_whitespace().any(|word| {
        let parts: Vec<&str> = word.trim_end_matches([',', ':', '.']).split(['.', '/', '-']).collect();
        parts.len() == 3
            && parts.iter().all(|p| (1..=4).contains(&p.len()) && p.chars().all(|c| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::{TEXT_BYTES_MAX, new_text};

    fn check(text: &str, expected: &str) {
        assert_eq!(new_text(text), expected, "{text:?}");
    }

    #[test]
    fn quoting_of_common_clients_is_cut() {
        check("CONFIRM 7K3M-9Q2X\n\n> APPROVE x", "CONFIRM 7K3M-9Q2X");
        check("ok\n\nOn Mon, 3 Mar 2025 at 10:00, Support <s@x.example> wrote:\n> old", "ok");
        check("ok\n\nOn Mon, 3 Mar 2025 at 10:00, Support <s@x.example>\nwrote:\n\n> old", "ok");
        check("ok\nAm 03.03.25 um 10:00 schrieb Support:\nalt", "ok");
        check("ok\nAm 03.03.2025 schrieb s@x.example:\nalt", "ok");
        check("ok\n\n-----Original Message-----\nFrom: x", "ok");
        check("ok\n________________________________\nFrom: x", "ok");
        check("ok\n\nFrom: Support\nSent: Monday\nTo: Asha\nold", "ok");
        check("ok\n\n*From:* Support\n*Sent:* Monday\nold", "ok");
        check("ok\n\nVon: Support\nGesendet: Montag\nalt", "ok");
        check("ok\n发件人：Support\n发送时间：x\n旧", "ok");
        check("ok\n-------- Original message --------\nFrom: x", "ok");
        check("ok\nНапишан од: s@x.example\nНа: 10.04.2025 09:12\nДо: Asha\nстаро", "ok");
        check("ok\n于2025年4月10日周四 09:12写道：\n旧", "ok");
        check("ok\n10 अप्रैल 2025 को Support <s@x.example> ने लिखा:\nपुराना", "ok");
        check("ok\nW dniu 10.04.2025 o 09:12, Support pisze:\nstare", "ok");
        check("ok\nDen tors 10 apr. 2025 kl 09:12 skrev Support <s@x.example>:\ngammalt", "ok");
        check("ok\n-- \nAsha\nAcme", "ok");
        check("ok\n-- reply above this line --\nold", "ok");
        check("ok\n##- Reply above this line -##\nold", "ok");
    }

    #[test]
    fn an_answer_with_form_lines_is_kept_whole() {
        check(
            "SCOPE number +91 98765 43210, May 2025\n\nOn 2 June 2025, Telco <t@x.example> wrote:\n> Hello",
            "SCOPE number +91 98765 43210, May 2025",
        );
        let answer =
            "Scope: number +91 98765 43210\nRequester: Asha\nPeriod: 2025-01-01 to 2025-03-31\nThanks";
        check(answer, answer);
        check(
            "Requester:\nAsha\nPeriod 2025-01-01\nScope:\naccount",
            "Requester:\nAsha\nPeriod 2025-01-01\nScope:\naccount",
        );
        check("From: only one such line\nis text", "From: only one such line\nis text");
    }

    #[test]
    fn bottom_posting_gives_no_new_text_so_nothing_is_decided_by_it() {
        check("> Please answer CONFIRM\n\nCONFIRM 7K3M-9Q2X", "");
        check("On 3 Mar 2025, s@x.example wrote:\n> x\nCONFIRM 7K3M", "");
        check("", "");
    }

    #[test]
    fn half_a_megabyte_is_cut_at_the_cap() {
        assert_eq!(new_text(&"é".repeat(512 * 1024)).len(), TEXT_BYTES_MAX);
    }
}
