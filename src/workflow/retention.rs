//! Rows past their ceiling (`retention_days`) go, whoever's they are: by command, and each day where that is configured.
//! What a law, a hold or an open export needs stays, asked again inside each deleting transaction. Never touches a
//! category without a time column. `erase.rs` deletes.

use super::erase::Purpose;
use super::{Failure, Workflow};
use crate::connectors::ERASE_KEYS_MAX;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::keep::{RowFacts, Sieve};
use crate::domain::plan::Category;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

/// Whether rows really go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetentionMode {
    /// They do.
    Run,
    /// They are counted.
    DryRun,
}

/// What retention came to in one category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RetentionLine {
    /// Name of the category.
    pub category: String,
    /// Rows past the ceiling that went, or would go.
    pub deleted: u64,
    /// Files that went with them.
    pub files: u64,
    /// Rows past the ceiling that stay for a law, a hold or an open export.
    pub kept: u64,
    /// Why this category could not be carried to its end; the others go on.
    pub stopped: Option<String>,
}

impl Workflow {
    /// Looks at every category with a ceiling.
    pub(super) async fn retention(
        &self,
        mode: RetentionMode,
        actor: &Actor,
    ) -> Result<Vec<RetentionLine>, Failure> {
        let mut lines = Vec::new();
        for category in &self.settings.categories {
            let (Some(days), Some(_)) = (category.retention_days, &category.time_column) else { continue };
            let cutoff = self.env.now() - SignedDuration::from_hours(24 * i64::from(days));
            let mut line = RetentionLine {
                category: category.name.clone(),
                deleted: 0,
                files: 0,
                kept: 0,
                stopped: None,
            };
            match self.retention_of(category, cutoff, mode, &mut line).await {
                Err(Failure::Source(error)) => {
                    tracing::warn!(category = line.category, %error, "retention could not be carried to its end");
                    line.stopped = Some(error.to_string());
                }
                other => other?,
            }
            if line.deleted > 0 && mode == RetentionMode::Run {
                self.note_retention(&line, cutoff, actor).await?;
            }
            lines.push(line);
        }
        Ok(lines)
    }

    async fn retention_of(
        &self,
        category: &Category,
        cutoff: Timestamp,
        mode: RetentionMode,
        line: &mut RetentionLine,
    ) -> Result<(), Failure> {
        let source = Arc::clone(self.connector(&category.source)?);
        let known = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = source.page(category, Some(cutoff), after.as_deref(), ERASE_KEYS_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let exports = self.accounts_with_open_exports().await?;
            let free = self.free(category, &page, &exports).await?;
            let many = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
            line.kept += many(page.len() - free.len());
            if mode == RetentionMode::DryRun {
                line.deleted += many(free.len());
                continue;
            }
            if free.is_empty() {
                continue;
            }
            let gate = self.gate(category, Purpose::Retention(&exports), None, &known);
            let sum = self.erase_batch(category, &free, cutoff, &gate).await?;
            line.deleted += sum.deleted;
            line.files += sum.files;
        }
    }

    /// The keys of the rows that nothing keeps.
    async fn free(
        &self,
        category: &Category,
        page: &[RowFacts],
        exports: &HashSet<String>,
    ) -> Result<Vec<String>, Failure> {
        let holds = self.store.holds().await?;
        let sieve = Sieve::of(category, &holds, self.settings.calendar.zone(), self.env.now());
        let exported =
            |row: &RowFacts| row.account.as_ref().is_some_and(|account| exports.contains(account.expose()));
        let free = page.iter().filter(|row| sieve.keeps(row).is_none() && !exported(row));
        Ok(free.map(|row| row.key.clone()).collect())
    }

    async fn note_retention(
        &self,
        line: &RetentionLine,
        cutoff: Timestamp,
        actor: &Actor,
    ) -> Result<(), Failure> {
        let evidence = BTreeMap::from([
            ("through".to_owned(), cutoff.to_string()),
            ("deleted".to_owned(), line.deleted.to_string()),
            ("files".to_owned(), line.files.to_string()),
            ("kept".to_owned(), line.kept.to_string()),
        ]);
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[Entry {
            at: self.env.now(),
            request: None,
            actor: actor.clone(),
            action: Action::RetentionRun,
            from_stage: None,
            to_stage: None,
            reason: Some(line.category.clone()),
            evidence,
        }])
        .await?;
        Ok(tx.commit().await?)
    }

    /// Once a day from the configured time on. Returns whether it was time.
    pub(super) async fn retention_of_the_day(&self) -> Result<bool, Failure> {
        let Some(at) = self.settings.retention_at else { return Ok(false) };
        let now = self.env.now().to_zoned(self.settings.calendar.zone().clone());
        let done = || self.retention_done.lock().unwrap_or_else(PoisonError::into_inner);
        if now.time() < at || *done() == Some(now.date()) {
            return Ok(false);
        }
        // Whatever comes of it, the next try is tomorrow: a source that is down must not be asked all day. The state knows
        // it too, so that neither a restart nor a second daemon does it again.
        let mut tx = self.store.begin().await?;
        let ours = tx.claim_retention(&now.date().to_string()).await?;
        tx.commit().await?;
        *done() = Some(now.date());
        if !ours {
            return Ok(false);
        }
        for line in self.retention(RetentionMode::Run, &Actor::Daemon).await? {
            tracing::info!(category = line.category, deleted = line.deleted, kept = line.kept, "retention");
        }
        Ok(true)
    }
}
