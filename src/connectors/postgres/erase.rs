//! Deleting in `PostgreSQL`: one transaction for each batch of keys, as the user who may. Nothing is final before the gate
//! has seen the rows; files go before the rows that name them, and a file that another row still names stays; what hangs
//! on a row keeps the whole batch (`hanging.rs`). `Connector::erase` promises it.

use super::{Postgres, bound, facts, statements};
use crate::connectors::batch::{files_of, remove_files};
use crate::connectors::{ConnectorError, ERASE_ROUNDS_MAX, Erased, Gate};
use crate::domain::keep::RowFacts;
use crate::domain::plan::Category;
use jiff::Timestamp;
use sqlx::{PgConnection, Row};

impl Postgres {
    pub(super) async fn erase_rows(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        gate: &dyn Gate,
    ) -> Result<Erased, ConnectorError> {
        let doing = format!("delete rows of {}", category.name);
        let shape = self.shape(category).await?;
        let references = self.references(category, &self.writer).await?;
        let mut left = keys.to_vec();
        let mut stayed = Vec::new();
        for _ in 0..ERASE_ROUNDS_MAX {
            let mut tx = self.writer.begin().await.map_err(|error| self.failed(&doing, &error))?;
            self.nothing_hangs((category, &shape), &references, (&left, as_of), &mut tx).await?;
            let query = bound(statements::delete(category, &shape, &left, as_of));
            let deleted = query.fetch_all(&mut *tx).await.map_err(|error| self.failed(&doing, &error))?;
            let rows: Vec<RowFacts> =
                deleted.iter().map(|row| facts(category, row)).collect::<Result<_, _>>()?;
            let kept = gate.admit(&rows).await.map_err(|closed| ConnectorError::Closed {
                category: category.name.clone(),
                why: closed.to_string(),
            })?;
            if kept.is_empty() {
                let files = self.erase_files(category, &shape, &rows, &mut tx).await?;
                tx.commit().await.map_err(|error| self.failed(&doing, &error))?;
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

    async fn erase_files(
        &self,
        category: &Category,
        shape: &statements::Shape,
        rows: &[RowFacts],
        tx: &mut PgConnection,
    ) -> Result<u64, ConnectorError> {
        let mut going = files_of(rows);
        let Some(files) = category.files.as_ref().filter(|_| !going.is_empty()) else { return Ok(0) };
        let doing = format!("look for rows of {} that name the same files", category.name);
        let asked: Vec<String> = going.iter().cloned().collect();
        let query = bound(statements::named_files(category, shape, &files.column, &asked));
        for row in &query.fetch_all(tx).await.map_err(|error| self.failed(&doing, &error))? {
            let path: String = row.try_get(0).map_err(|error| self.failed(&doing, &error))?;
            going.remove(&path);
        }
        remove_files(category, &going).await
    }
}
