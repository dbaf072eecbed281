//! The foreign keys of a `PostgreSQL` source that lead to a category's table, and the rows that hang by them on rows that are
//! to go. `connectors/hanging.rs` says what follows.

use super::statements::{Bind, Shape, Statement, quoted, quoted_table};
use super::{Postgres, bound, statements};
use crate::connectors::hanging::{Reference, emptied_before, triggers};
use crate::connectors::{ConnectorError, Finding, broken};
use crate::domain::keep::DeletePermission;
use crate::domain::plan::Category;
use jiff::Timestamp;
use sqlx::{Executor, PgConnection, PgPool, Row};

/// The table, and the parts that it consists of: a key may lead to one of them alone.
const FAMILY: &str = "WITH RECURSIVE family(oid) AS (SELECT to_regclass($1)::oid UNION \
    SELECT i.inhrelid FROM pg_inherits AS i JOIN family AS f ON i.inhparent = f.oid)";

/// Whether the table is a view, and foreign keys lead to a table that it shows.
const BEHIND_A_VIEW: &str = "WITH RECURSIVE behind(oid) AS (SELECT to_regclass($1)::oid UNION \
    SELECT d.refobjid FROM behind AS b JOIN pg_rewrite AS r ON r.ev_class = b.oid \
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass) \
    SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'v') \
    AND EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'f' AND confrelid IN (SELECT oid FROM behind))";

impl Postgres {
    /// Foreign keys that lead to the table, by the name of the table that they lead from. A copy that the server made of
    /// one for a part of that table is left out.
    pub(super) async fn references(
        &self,
        category: &Category,
        pool: &PgPool,
    ) -> Result<Vec<Reference>, ConnectorError> {
        let doing = format!("look for foreign keys to {}", category.table);
        let sql = format!(
            "{FAMILY} SELECT n.nspname::text, r.relname::text, r.oid::regclass::text, r.oid IN (SELECT oid FROM family), \
             row_security_active(r.oid), \
             ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, at) \
               JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.at), \
             ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(number, at) \
               JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.at) \
             FROM pg_constraint AS k JOIN pg_class AS r ON r.oid = k.conrelid \
             JOIN pg_namespace AS n ON n.oid = r.relnamespace \
             WHERE k.contype = 'f' AND k.confrelid IN (SELECT oid FROM family) AND NOT EXISTS \
               (SELECT 1 FROM pg_constraint AS p WHERE p.oid = k.conparentid AND p.confrelid IN (SELECT oid FROM family)) \
             ORDER BY 3, k.conname"
        );
        let failed = |error: sqlx::Error| self.failed(&doing, &error);
        let binds = || vec![Bind::One(quoted_table(&category.table))];
        let view = bound(Statement { sql: BEHIND_A_VIEW.to_owned(), binds: binds() }).fetch_one(pool).await;
        if view.and_then(|row| row.try_get(0)).map_err(failed)? {
            let reason = "it is a view, and foreign keys lead to what is behind it: name the table itself";
            return Err(self.unclear(&doing, reason.to_owned()));
        }
        let rows = bound(Statement { sql, binds: binds() }).fetch_all(pool).await.map_err(failed)?;
        rows.iter()
            .map(|row| {
                let read = || {
                    let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
                    let (from, to): (Vec<String>, Vec<String>) = (row.try_get(5)?, row.try_get(6)?);
                    let reference = Reference {
                        table: format!("{}.{}", quoted(&schema), quoted(&table)),
                        child: row.try_get(2)?,
                        is_own: row.try_get(3)?,
                        columns: from.into_iter().zip(to).collect(),
                    };
                    Ok((reference, row.try_get(4)?))
                };
                let (reference, is_veiled): (Reference, bool) = read().map_err(failed)?;
                // Rows that a policy hides would be taken along all the same.
                let veiled = || format!("row security hides rows of {} from this user", reference.child);
                if is_veiled { Err(self.unclear(&doing, veiled())) } else { Ok(reference) }
            })
            .collect()
    }

    fn unclear(&self, doing: &str, reason: String) -> ConnectorError {
        ConnectorError::Database {
            name: self.name.clone(),
            doing: doing.to_owned(),
            reason,
            transient: false,
        }
    }

    /// Refuses when rows hang on those that are to go and do not go with them. To be asked in a transaction that sees one
    /// moment only: a row that comes in afterwards then ends the transaction instead of being taken along.
    pub(super) async fn nothing_hangs(
        &self,
        (category, shape): (&Category, &Shape),
        references: &[Reference],
        (keys, as_of): (&[String], Timestamp),
        tx: &mut PgConnection,
    ) -> Result<(), ConnectorError> {
        if references.is_empty() {
            return Ok(());
        }
        let doing = format!("begin to delete rows of {}", category.name);
        let one_moment = sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        tx.execute(one_moment).await.map_err(|error| self.failed(&doing, &error))?;
        for reference in references {
            let doing = format!("look for rows of {} that hang on {}", reference.child, category.table);
            let query = bound(statements::hanging(category, shape, reference, keys, as_of));
            let row = query.fetch_one(&mut *tx).await;
            let rows = row.and_then(|row| row.try_get(0)).map_err(|error| self.failed(&doing, &error))?;
            reference.refuse(category, rows)?;
        }
        Ok(())
    }

    /// Adds what a deletion from this category would take along or set off.
    pub(super) async fn look_at_deletion(
        &self,
        category: &Category,
        earlier: &[&Category],
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectorError> {
        let doing = format!("look at what hangs on {}", category.table);
        let failed = |error: sqlx::Error| self.failed(&doing, &error);
        if category.delete != DeletePermission::Allowed {
            return Ok(());
        }
        let references = match self.references(category, &self.writer).await {
            Err(error) if !error.is_transient() => {
                let what = format!("{}: {error}", category.name);
                findings.push(broken(what, "until then nothing of it can be deleted"));
                return Ok(());
            }
            other => other?,
        };
        let mut tables = Vec::new();
        for table in emptied_before(earlier, &category.source) {
            let sql = "SELECT to_regclass($1)::text".to_owned();
            let asked = bound(Statement { sql, binds: vec![Bind::One(quoted_table(table))] });
            let row = asked.fetch_one(&self.writer).await.map_err(failed)?;
            tables.extend(row.try_get::<Option<String>, _>(0).map_err(failed)?);
        }
        findings.extend(references.iter().filter_map(|reference| reference.finding(category, &tables)));
        // Bit 3 of a trigger's type is DELETE; event 4 of a rule is DELETE, and a view that is no more than that has none.
        let sql = format!(
            "{FAMILY} SELECT tgname::text FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM family) \
             AND NOT tgisinternal AND tgtype & 8 <> 0 AND tgenabled <> 'D' \
             UNION SELECT rulename::text FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM family) AND ev_type = '4' \
             ORDER BY 1"
        );
        let asked = bound(Statement { sql, binds: vec![Bind::One(quoted_table(&category.table))] });
        let rows = asked.fetch_all(&self.writer).await.map_err(failed)?;
        let names: Vec<String> =
            rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
        findings.extend(triggers(category, &names));
        Ok(())
    }
}
