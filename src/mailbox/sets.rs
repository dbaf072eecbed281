//! UID sets: sorted, ranges folded, cut into commands of bounded length (RFC 2683 3.2.1.5) and bounded answers. Pure.
//! Used by `imap.rs`.

/// Longest set in one command, in characters.
const SET_CHARS_MAX: usize = 1000;
/// Most mail bytes asked for in one command.
pub(super) const BATCH_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A set of UIDs for one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// For example `3:5,9`.
    pub(super) set: String,
    /// The UIDs in it, rising.
    pub(super) uids: Vec<u32>,
}

/// Cuts UIDs with their sizes in bytes into batches; duplicates go once.
pub(super) fn batches(mails: impl IntoIterator<Item = (u32, u64)>) -> Vec<Batch> {
    let mut mails: Vec<(u32, u64)> = mails.into_iter().collect();
    mails.sort_unstable();
    mails.dedup_by_key(|mail| mail.0);
    let mut batches = Vec::new();
    let (mut uids, mut bytes, mut chars) = (Vec::<u32>::new(), 0_u64, 0_usize);
    for (uid, size) in mails {
        let follows = uids.last().is_some_and(|last| last.checked_add(1) == Some(uid));
        // A UID has at most ten digits; a range's end is rewritten in place.
        let more = if follows { 0 } else { 22 };
        let full = chars + more > SET_CHARS_MAX || bytes.saturating_add(size) > BATCH_BYTES_MAX;
        if full && !uids.is_empty() {
            batches.push(Batch { set: set_of(&uids), uids: std::mem::take(&mut uids) });
            (bytes, chars) = (0, 0);
        }
        chars += if uids.is_empty() { 22 } else { more };
        bytes = bytes.saturating_add(size);
        uids.push(uid);
    }
    if !uids.is_empty() {
        batches.push(Batch { set: set_of(&uids), uids });
    }
    batches
}

fn set_of(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*uid) => *end = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let texts: Vec<String> = ranges
        .into_iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}:{end}") })
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES_MAX, SET_CHARS_MAX, batches};

    #[test]
    fn uids_are_folded_into_ranges() {
        let check = |uids: &[u32], sets: &[&str]| {
            let found: Vec<String> =
                batches(uids.iter().map(|uid| (*uid, 1))).into_iter().map(|b| b.set).collect();
            assert_eq!(found, sets);
        };
        check(&[], &[]);
        check(&[7], &["7"]);
        check(&[3, 1, 2, 9, 2], &["1:3,9"]);
        check(&[u32::MAX, u32::MAX - 1], &["4294967294:4294967295"]);
    }

    #[test]
    fn commands_and_answers_stay_bounded() {
        let sparse: Vec<(u32, u64)> = (0..1000).map(|n| (4_000_000_000 + n * 2, 1)).collect();
        let cut = batches(sparse);
        assert!(cut.iter().all(|batch| batch.set.len() <= SET_CHARS_MAX));
        assert_eq!(cut.iter().map(|batch| batch.uids.len()).sum::<usize>(), 1000);

        let heavy = batches([(1, BATCH_BYTES_MAX - 1), (2, 1), (3, 1), (4, BATCH_BYTES_MAX * 2)]);
        let sets: Vec<&str> = heavy.iter().map(|batch| batch.set.as_str()).collect();
        assert_eq!(sets, ["1:2", "3", "4"]);
    }
}
