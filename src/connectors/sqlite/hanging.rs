//! The foreign keys of a `SQLite` source that lead to a category's table, and the rows that hang by them on rows that are to
//! go. `connectors/hanging.rs` says what follows.

use super::{Sqlite, bound, statements};
use crate::connectors::hanging::{Reference, emptied_before, triggers};
use crate::connectors::{ConnectorError, Finding};
use crate::domain::keep::DeletePermission;
use crate::domain::plan::Category;
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

/// Table, number of the key, column, the column that it names (none: the primary key), whether the table names itself.
type Line = (String, i64, String, Option<String>, bool);

impl Sqlite {
    /// Refuses when rows hang on those that are to go and do not go with them.
    pub(super) async fn nothing_hangs(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        tx: &mut SqliteConnection,
    ) -> Result<(), ConnectorError> {
        for reference in self.references(category, tx).await? {
            let doing = format!("look for rows of {} that hang on {}", reference.child, category.table);
            let row = bound(statements::hanging(category, &reference, keys, as_of)).fetch_one(&mut *tx).await;
            let rows = row.and_then(|row| row.try_get(0)).map_err(|error| self.failed(&doing, &error))?;
            reference.refuse(category, rows)?;
        }
        Ok(())
    }

    async fn references(
        &self,
        category: &Category,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<Reference>, ConnectorError> {
        let doing = format!("look for foreign keys to {}", category.table);
        let failed = |error: sqlx::Error| self.failed(&doing, &error);
        let lines: Vec<Line> = sqlx::query_as(
            "SELECT m.name, f.id, f.\"from\", f.\"to\", lower(m.name) = lower($1) \
             FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f \
             WHERE m.type = 'table' AND lower(f.\"table\") = lower($1) ORDER BY m.name, f.id, f.seq",
        )
        .bind(&category.table)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
        let primary: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk")
                .bind(&category.table)
                .fetch_all(connection)
                .await
                .map_err(failed)?;
        let mut references: Vec<(i64, Reference)> = Vec::new();
        for (child, id, from, to, is_own) in lines {
            if references.last().is_none_or(|(last, found)| *last != id || found.child != child) {
                let table = statements::quoted(&child);
                references.push((id, Reference { table, child, is_own, columns: Vec::new() }));
            }
            let Some((_, reference)) = references.last_mut() else { continue };
            let named = to.or_else(|| primary.get(reference.columns.len()).cloned());
            reference.columns.push((from, named.ok_or_else(|| self.unclear(&doing))?));
        }
        Ok(references.into_iter().map(|(_, reference)| reference).collect())
    }

    /// A key that names a primary key which is not there: `SQLite` itself lets nobody delete then.
    fn unclear(&self, doing: &str) -> ConnectorError {
        ConnectorError::Database {
            name: self.name.clone(),
            doing: doing.to_owned(),
            reason: "one of them names more columns than the primary key has".to_owned(),
            transient: false,
        }
    }

    /// Adds what a deletion from this category would take along or set off.
    pub(super) async fn check_deletion(
        &self,
        category: &Category,
        earlier: &[&Category],
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectorError> {
        if category.delete != DeletePermission::Allowed {
            return Ok(());
        }
        let doing = format!("look at what hangs on {}", category.table);
        let mut connection = self.within(&doing, self.pool.acquire()).await?;
        let references = self.references(category, &mut connection).await?;
        let tables: Vec<String> = emptied_before(earlier, &category.source).map(str::to_owned).collect();
        findings.extend(references.iter().filter_map(|reference| reference.finding(category, &tables)));
        let all: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower($1) ORDER BY name",
        )
        .bind(&category.table)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(&doing, &error))?;
        let deleting = all.into_iter().filter(|(_, sql)| is_set_off_by_deletion(sql));
        findings.extend(triggers(category, &deleting.map(|(name, _)| name).collect::<Vec<_>>()));
        Ok(())
    }
}

/// Only the head of a trigger holds these two words in a row: a statement says DELETE FROM.
fn is_set_off_by_deletion(sql: &str) -> bool {
    let words: Vec<String> = sql.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
    words.windows(2).any(|pair| pair == ["DELETE", "ON"])
}

#[cfg(test)]
mod tests {
    use super::is_set_off_by_deletion;

    #[test]
    fn a_trigger_on_deletion_is_known_by_its_head() {
        let cases = [
            ("CREATE TRIGGER a BEFORE DELETE ON calls BEGIN SELECT 1; END", true),
            ("create trigger a delete\n  on \"calls\" begin select 1; end", true),
            ("CREATE TRIGGER a AFTER INSERT ON calls BEGIN DELETE FROM notes; END", false),
            ("CREATE TRIGGER a AFTER UPDATE OF deleted ON calls BEGIN SELECT 1; END", false),
        ];
        for (sql, expected) in cases {
            assert_eq!(is_set_off_by_deletion(sql), expected, "{sql}");
        }
    }
}
