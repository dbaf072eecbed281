//! What a deletion came to, category by category, and what is still owed after it: rows whose floor or hold will end, and
//! backups that only evidence purges. A request carries it from the end of its work on; the rows of `obligations` follow
//! from it. The work itself is `workflow/erase.rs`.

use super::keep::Kept;
use super::request::Ground;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// What a deletion came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErasureFacts {
    /// The moment up to which data was deleted (decision 1).
    pub as_of: Timestamp,
    /// `Plan::hash` of the plan that was carried out last.
    pub plan: String,
    /// When every source had answered that nothing is left.
    pub finished_at: Timestamp,
    /// The day in the company's zone.
    pub finished_on: Date,
    /// A line for each category.
    pub lines: Vec<ErasedLine>,
}

/// One category of a deletion.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErasedLine {
    /// Name of the category.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// The `[sources.NAME]` that holds it.
    pub source: String,
    /// Rows deleted.
    pub deleted: u64,
    /// Files deleted with them.
    pub files: u64,
    /// Frozen keys that were gone already (decision 40).
    pub gone: u64,
    /// What stays, and why.
    pub kept: Vec<KeptLine>,
    /// Days after which the backups no longer hold it.
    pub backup_purge_days: Option<u32>,
}

/// Rows that stay for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptLine {
    /// Why.
    pub ground: Ground,
    /// The law or order.
    pub citation: String,
    /// How many.
    pub rows: u64,
    /// When the first of them may go, where that is known.
    pub from: Option<Date>,
    /// When the last of them may go.
    pub until: Option<Date>,
}

impl KeptLine {
    /// One line for each ground and citation, whatever the days.
    pub fn gather(parts: impl Iterator<Item = (Kept, u64)>) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        for (kept, rows) in parts {
            match lines.iter_mut().find(|line| line.ground == kept.ground && line.citation == kept.citation) {
                Some(line) => {
                    line.rows = line.rows.saturating_add(rows);
                    line.from = [line.from, kept.until].into_iter().flatten().min();
                    line.until = line.until.and_then(|until| Some(until.max(kept.until?)));
                }
                None => lines.push(Self {
                    ground: kept.ground,
                    citation: kept.citation,
                    rows,
                    from: kept.until,
                    until: kept.until,
                }),
            }
        }
        lines
    }
}

/// What is owed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Duty {
    /// Rows that were kept must go when their ground ends.
    Kept,
    /// Backups must stop holding what was deleted; only evidence settles it.
    Backups,
}

impl Duty {
    /// The word in columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Backups => "backups",
        }
    }

    /// Reads the column.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Kept, Self::Backups].into_iter().find(|duty| duty.as_str() == word)
    }
}

/// Something still owed after closing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Obligation {
    /// What.
    pub duty: Duty,
    /// The category.
    pub category: String,
    /// The `[sources.NAME]`.
    pub source: String,
    /// The day on which it falls due; none while it hangs on a hold or on a reason without an end.
    pub due_on: Option<Date>,
}

impl ErasureFacts {
    /// What follows from it.
    pub fn obligations(&self) -> Vec<Obligation> {
        let owed = |line: &ErasedLine, duty, due_on| Obligation {
            duty,
            category: line.name.clone(),
            source: line.source.clone(),
            due_on,
        };
        let kept = self.lines.iter().filter(|line| line.ends_some_day());
        let backups = self.lines.iter().filter(|line| line.deleted > 0);
        kept.map(|line| owed(line, Duty::Kept, line.kept.iter().filter_map(|kept| kept.from).min()))
            .chain(backups.filter_map(|line| {
                let days = line.backup_purge_days?;
                let due_on = self.finished_on.checked_add(i64::from(days).days()).ok();
                Some(owed(line, Duty::Backups, due_on))
            }))
            .collect()
    }

    /// Whether anything stays.
    pub fn is_partial(&self) -> bool {
        self.lines.iter().any(|line| !line.kept.is_empty())
    }

    /// The last day on which a backup may still hold something.
    pub fn backups_until(&self) -> Option<Date> {
        self.obligations()
            .iter()
            .filter(|owed| owed.duty == Duty::Backups)
            .filter_map(|owed| owed.due_on)
            .max()
    }

    /// Rows deleted in all.
    pub fn deleted(&self) -> u64 {
        self.lines.iter().map(|line| line.deleted).fold(0, u64::saturating_add)
    }
}

impl ErasedLine {
    /// Whether what stays will go: a floor ends by its date, a hold when somebody lifts it.
    fn ends_some_day(&self) -> bool {
        self.kept.iter().any(|kept| kept.from.is_some() || kept.ground == Ground::LegalHold)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duty, ErasedLine, ErasureFacts, KeptLine};
    use crate::domain::keep::Kept;
    use crate::domain::request::Ground;
    use jiff::Timestamp;
    use jiff::civil::{Date, date};

    fn kept(ground: Ground, until: Option<Date>) -> (Kept, u64) {
        (Kept { ground, citation: "law".to_owned(), until }, 2)
    }

    fn line(name: &str, deleted: u64, kept: Vec<KeptLine>, backup_purge_days: Option<u32>) -> ErasedLine {
        ErasedLine {
            name: name.to_owned(),
            title: name.to_owned(),
            source: "crm".to_owned(),
            deleted,
            files: 0,
            gone: 0,
            kept,
            backup_purge_days,
        }
    }

    #[test]
    fn kept_rows_are_told_once_for_each_ground_with_their_first_and_last_day() {
        let parts = [
            kept(Ground::StatutoryRetention, Some(date(2030, 1, 1))),
            kept(Ground::LegalHold, None),
            kept(Ground::StatutoryRetention, Some(date(2029, 1, 1))),
        ];
        let lines = KeptLine::gather(parts.into_iter());
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0].rows, lines[0].from, lines[0].until),
            (4, Some(date(2029, 1, 1)), Some(date(2030, 1, 1)))
        );
        assert_eq!((lines[1].rows, lines[1].until), (2, None));
    }

    #[test]
    fn what_is_still_owed_follows_from_what_was_kept_and_deleted() {
        let floor = KeptLine::gather([kept(Ground::StatutoryRetention, Some(date(2030, 1, 1)))].into_iter());
        let hold = KeptLine::gather([kept(Ground::LegalHold, None)].into_iter());
        let never = KeptLine::gather([kept(Ground::NotCovered, None)].into_iter());
        let facts = ErasureFacts {
            as_of: Timestamp::UNIX_EPOCH,
            plan: "p".to_owned(),
            finished_at: Timestamp::UNIX_EPOCH,
            finished_on: date(2026, 2, 10),
            lines: vec![
                line("calls", 9, Vec::new(), Some(30)),
                line("bills", 0, floor, Some(30)),
                line("notes", 1, hold, None),
                line("ads", 0, never, None),
            ],
        };
        let owed: Vec<_> =
            facts.obligations().into_iter().map(|owed| (owed.duty, owed.category, owed.due_on)).collect();
        assert_eq!(
            owed,
            [
                (Duty::Kept, "bills".to_owned(), Some(date(2030, 1, 1))),
                (Duty::Kept, "notes".to_owned(), None),
                (Duty::Backups, "calls".to_owned(), Some(date(2026, 3, 12))),
            ]
        );
        assert_eq!(facts.backups_until(), Some(date(2026, 3, 12)));
        assert!(facts.is_partial());
    }
}
