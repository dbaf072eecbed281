//! Deleting in `SQLite`: one short transaction for each batch of keys. Nothing is final before the gate has seen the rows;
//! files go before the rows that name them, and a file that another row still names stays; what hangs on a row keeps the
//! whole batch (`hanging.rs`). `Connector::erase` promises it.

use super::{Sqlite, bound, facts, statements, value};
use crate::connectors::batch::{files_of, remove_files};
use crate::connectors::{ConnectorError, ERASE_ROUNDS_MAX, Erased, Gate};
use crate::domain::keep::RowFacts;
use crate::domain::plan::Category;
use crate::domain::rows::Value;
use jiff::Timestamp;
use sqlx::SqliteConnection;

impl Sqlite {
    pub(super) async fn erase_rows(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        gate: &dyn Gate,
    ) -> Result<Erased, ConnectorError> {
        let doing = format!("delete rows of {}", category.name);
        let mut left = keys.to_vec();
        let mut stayed = Vec::new();
        for _ in 0..ERASE_ROUNDS_MAX {
            let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
            let mut tx = begun.map_err(|error| self.failed(&doing, &error))?;
            self.nothing_hangs(category, &left, as_of, &mut tx).await?;
            let deleted = bound(statements::delete(category, &left, as_of)).fetch_all(&mut *tx).await;
            let deleted = deleted.map_err(|error| self.failed(&doing, &error))?;
            let rows: Vec<RowFacts> =
                deleted.iter().map(|row| facts(category, row)).collect::<Result<_, _>>()?;
            let kept = gate.admit(&rows).await.map_err(|closed| ConnectorError::Closed {
                category: category.name.clone(),
                why: closed.to_string(),
            })?;
            if kept.is_empty() {
                let files = self.erase_files(category, &rows, &mut tx).await?;
                fault!("source.erase.before");
                tx.commit().await.map_err(|error| self.failed(&doing, &error))?;
                fault!("source.erase.after");
                let deleted = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                return Ok(Erased { deleted, files, stayed });
            }
            tx.rollback().await.map_err(|error| self.failed(&doing, &error))?;
            left.retain(|key| !kept.contains(key));
            stayed.extend(kept);
        }
        Err(ConnectorError::Closed {
            category: category.name.clone(),
            why: "holds kept changing while rows were being deleted".to_owned(),
        })
    }

    /// Files of rows that are going, save those that a row which stays names too.
    async fn erase_files(
        &self,
        category: &Category,
        rows: &[RowFacts],
        tx: &mut SqliteConnection,
    ) -> Result<u64, ConnectorError> {
        let Some(files) = &category.files else { return Ok(0) };
        let mut going = files_of(rows);
        if going.is_empty() {
            return Ok(0);
        }
        let doing = format!("look for rows of {} that name the same files", category.name);
        let asked: Vec<String> = going.iter().cloned().collect();
        let named = bound(statements::named_files(category, &files.column, &asked)).fetch_all(tx).await;
        for row in &named.map_err(|error| self.failed(&doing, &error))? {
            if let Ok(Value::Text(path)) = value(row, 0) {
                going.remove(&path);
            }
        }
        remove_files(category, &going).await
    }
}
