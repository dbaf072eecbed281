//! The notices about a deletion, filled in from the plan and from what it came to. The certificate is the completion notice
//! once more, as a page of its own. `compose.rs` has the other notices.

use super::Facts;
use crate::domain::erasure::{ErasureFacts, KeptLine};
use crate::domain::notice::{
    ApprovedText, CompletedDeleteText, DeletedLine, KeptPart, ObligationSettledText,
};
use crate::domain::request::{Ground, Stage};
use crate::domain::transition::Detail;
use jiff::civil::Date;
use std::collections::BTreeSet;

fn kept(category: &str, line: &KeptLine) -> KeptPart {
    KeptPart {
        category: category.to_owned(),
        rows: line.rows,
        ground: line.ground,
        citation: line.citation.clone(),
        from: line.from,
        until: line.until,
    }
}

impl Facts<'_> {
    /// What is agreed, and until when it can be taken back.
    pub(super) fn agreed(&self) -> ApprovedText {
        let begins = match self.request.stage {
            Stage::CoolingOff { until, .. } => until,
            _ => self.now,
        };
        let categories = || self.request.plan.iter().flat_map(|plan| &plan.categories);
        let deleted = categories().filter(|line| line.count > 0).map(|line| DeletedLine {
            category: line.title.clone(),
            rows: line.count,
            files: 0,
        });
        let stays = categories().flat_map(|line| line.kept.iter().map(|part| kept(&line.title, part)));
        ApprovedText {
            about: self.about(),
            asked: self.asked(),
            begins: self.zoned(begins),
            deleted: deleted.collect(),
            kept: stays.collect(),
        }
    }

    /// What went and what stays.
    pub(in crate::workflow) fn deleted(&self) -> CompletedDeleteText {
        let facts = self.request.erasure.as_ref();
        let lines = || facts.iter().flat_map(|facts| &facts.lines);
        let deleted = lines().filter(|line| line.deleted > 0).map(|line| DeletedLine {
            category: line.title.clone(),
            rows: line.deleted,
            files: line.files,
        });
        let stays = lines().flat_map(|line| line.kept.iter().map(|part| kept(&line.title, part)));
        CompletedDeleteText {
            about: self.about(),
            asked: self.asked(),
            deleted: deleted.collect(),
            kept: stays.collect(),
            backups_until: facts.and_then(ErasureFacts::backups_until),
            received: self.received(),
            completed: self.zoned(facts.map_or(self.now, |facts| facts.finished_at)),
            as_of: self.zoned(facts.map_or(self.now, |facts| facts.as_of)),
            plan: facts.map(|facts| facts.plan.clone()).unwrap_or_default(),
            rights: self.rights(),
        }
    }

    /// What had been kept and is gone now.
    pub(super) fn settled(&self, detail: &Detail) -> ObligationSettledText {
        let lines = if let Detail::Settled(lines) = detail { lines.as_slice() } else { &[] };
        let deleted = lines.iter().map(|(category, rows)| DeletedLine {
            category: category.clone(),
            rows: *rows,
            files: 0,
        });
        let completed = self.request.erasure.as_ref().map_or_else(|| self.today(), |facts| facts.finished_on);
        ObligationSettledText {
            about: self.about(),
            deleted: deleted.collect(),
            completed,
            settled: self.today(),
        }
    }

    /// Where the ground of a refusal stands: in the request's law, and in the orders and laws for which the plan keeps rows
    /// on this ground; and when the last of these ends, where all of them end by date.
    pub(super) fn place_of(&self, ground: Ground) -> (String, Option<Date>) {
        let categories = self.request.plan.iter().flat_map(|plan| &plan.categories);
        let kept: Vec<&KeptLine> =
            categories.flat_map(|line| &line.kept).filter(|line| line.ground == ground).collect();
        let orders: BTreeSet<&str> = kept.iter().map(|line| line.citation.as_str()).collect();
        let places: Vec<&str> = std::iter::once(self.law().ground(ground)).chain(orders).collect();
        let ends: Option<Vec<Date>> = kept.iter().map(|line| line.until).collect();
        (places.join("; "), ends.and_then(|ends| ends.into_iter().max()))
    }

    /// The orders and laws of the holds that cover everything.
    pub(super) fn holds(&self) -> Vec<String> {
        let categories = self.request.plan.iter().flat_map(|plan| &plan.categories);
        let mut citations: Vec<String> =
            categories.flat_map(|line| &line.kept).map(|kept| kept.citation.clone()).collect();
        citations.sort();
        citations.dedup();
        citations
    }
}
