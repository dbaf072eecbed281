//! What `dsrd check` asks of a `PostgreSQL` source: every table, column and query that the configuration names, whether keys
//! are unique, whether look-ups have an index, and who may delete. It reports with remedies and changes nothing.
//! See `Connector::check`.

use super::statements::{Bind, Statement, quoted_table};
use super::{Postgres, bound, statements};
use crate::connectors::{ConnectorError, ConnectorHealth, Finding, advice, broken};
use crate::domain::directory::{DIRECTORY_COLUMNS, Directory};
use crate::domain::plan::Category;
use sqlx::{AssertSqlSafe, Column, Executor, Row, SqlSafeStr, Statement as _};

impl Postgres {
    pub(super) async fn look(
        &self,
        categories: &[&Category],
        directory: Option<&Directory>,
    ) -> Result<ConnectorHealth, ConnectorError> {
        let doing = "ask for its version";
        let statement =
            Statement { sql: "SELECT current_setting('server_version')".to_owned(), binds: Vec::new() };
        let version: String = self.one(doing, statement).await?;
        let mut findings = Vec::new();
        for (at, category) in categories.iter().enumerate() {
            self.look_at(category, &mut findings).await?;
            self.look_at_deletion(category, categories.get(..at).unwrap_or_default(), &mut findings).await?;
        }
        if let Some(directory) = directory {
            self.look_at_directory(directory, &mut findings).await;
        }
        Ok(ConnectorHealth { version: format!("PostgreSQL {version}"), findings })
    }

    async fn one<T>(&self, doing: &str, statement: Statement) -> Result<T, ConnectorError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let row = bound(statement).fetch_one(&self.pool).await;
        row.and_then(|row| row.try_get(0)).map_err(|error| self.failed(doing, &error))
    }

    async fn look_at(&self, category: &Category, findings: &mut Vec<Finding>) -> Result<(), ConnectorError> {
        let place = format!("{}: table {}", category.name, category.table);
        let shape = self.shape(category).await?;
        if shape.of(&category.key).is_none() && shape.of(&category.account_column).is_none() {
            let what = format!("{place} does not exist, or the user may not see it");
            findings.push(broken(what, "correct `table`, or GRANT SELECT on it"));
            return Ok(());
        }
        let before = findings.len();
        for name in category.named_columns().filter(|name| shape.of(name).is_none()) {
            findings.push(broken(format!("{place} has no column {name}"), "correct the name in [[data]]"));
        }
        if findings.len() > before {
            return Ok(());
        }
        if !self.leads_an_index(category, &category.key, "AND i.indisunique AND i.indnkeyatts = 1").await? {
            findings.push(advice(
                format!("{place}: nothing makes {} unique", category.key),
                "name the primary key in `key`, or add a unique index: a key that occurs twice stops the plan",
            ));
        }
        if !self.leads_an_index(category, &category.account_column, "").await? {
            findings.push(advice(
                format!("{place}: no index begins with {}", category.account_column),
                "add one: without it every request reads the whole table",
            ));
        }
        if let Some(files) = &category.files
            && !tokio::fs::metadata(&files.root).await.is_ok_and(|root| root.is_dir())
        {
            findings.push(broken(
                format!("{}: the folder {} cannot be read", category.name, files.root.display()),
                "correct `files.root`, mount it, or let the service read it",
            ));
        }
        self.look_at_rights(category, &place, findings).await
    }

    /// Asked as the user who deletes.
    async fn look_at_rights(
        &self,
        category: &Category,
        place: &str,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectorError> {
        let doing = format!("ask who may delete from {}", category.table);
        let sql = "SELECT has_table_privilege(to_regclass($1), 'DELETE'), has_table_privilege(to_regclass($1), 'TRUNCATE')";
        let binds = vec![Bind::One(quoted_table(&category.table))];
        let row = bound(Statement { sql: sql.to_owned(), binds }).fetch_one(&self.writer).await;
        let row = row.map_err(|error| self.failed(&doing, &error))?;
        let read = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (delete, truncate): (bool, bool) = read().map_err(|error| self.failed(&doing, &error))?;
        if !delete {
            findings.push(advice(
                format!("{place}: the user may not delete"),
                "GRANT DELETE, name another user in erase_url, or write delete = { kept = \"why\" }",
            ));
        }
        if truncate {
            findings.push(advice(
                format!("{place}: the user may also truncate it"),
                "name a user in erase_url who may SELECT and DELETE, and nothing else (SECURITY.md)",
            ));
        }
        Ok(())
    }

    async fn leads_an_index(
        &self,
        category: &Category,
        column: &str,
        more: &'static str,
    ) -> Result<bool, ConnectorError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM pg_index AS i JOIN pg_attribute AS a \
             ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
             WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND a.attname = $2 {more})"
        );
        let binds = vec![Bind::One(quoted_table(&category.table)), Bind::One(column.to_owned())];
        self.one(&format!("look at the indexes of {}", category.table), Statement { sql, binds }).await
    }

    async fn look_at_directory(&self, directory: &Directory, findings: &mut Vec<Finding>) {
        let queries = [
            ("by_address", &directory.by_address),
            ("by_account", &directory.by_account),
            ("by_number", &directory.by_number),
        ];
        for (name, sql) in queries {
            let tried = bound(statements::directory(sql, "")).fetch_optional(&self.pool).await;
            if let Err(error) = tried {
                let error = self.failed(&format!("try directory.{name}"), &error);
                let remedy =
                    "correct the SQL in [directory]; where a column is no text, write column::text = $1";
                findings.push(broken(error.to_string(), remedy));
                continue;
            }
            let sql = sql.trim().trim_end_matches(';').to_owned();
            let prepared = (&self.pool).prepare(AssertSqlSafe(sql).into_sql_str()).await;
            let Ok(prepared) = prepared else { continue };
            let has = |wanted: &str| prepared.columns().iter().any(|column| column.name() == wanted);
            for wanted in DIRECTORY_COLUMNS.into_iter().filter(|wanted| !has(wanted)) {
                findings.push(broken(
                    format!("directory.{name} answers without a column {wanted}"),
                    "select it, or NULL under that name where there is none",
                ));
            }
        }
    }
}
