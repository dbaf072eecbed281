//! The register of requests. The sealed body is the request; the columns beside it are what is looked up and what the
//! CHECKs tie together. A body that disagrees with its columns is an error that names the row.

use super::dialect::{ROWS_MAX, is_kept};
use super::{
    AnyRow, Keyring, Sealer, Store, StoreError, Tx, bytes, database, impossible, micros, number, text,
    text_if, time_if,
};
use crate::domain::ids::Reference;
use crate::domain::request::{Blocker, Ground, Kind, Outcome, Request};
use crate::domain::transition::Transition;
use jiff::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};
use std::sync::Arc;

const COLUMNS: &str = "SELECT reference, version, kind, stage, blocker, outcome, ground, due_at, wake_at, key_id, body FROM requests";

/// A request with the key that seals what belongs to it.
#[derive(Clone)]
pub struct RequestRow {
    /// The request.
    pub request: Request,
    /// Its data key.
    pub sealer: Sealer,
}

/// Which requests to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// All that are not closed.
    Open,
    /// Every one.
    All,
}

impl Store {
    /// One request.
    pub async fn request(&self, reference: &Reference) -> Result<Option<RequestRow>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{COLUMNS} WHERE reference = $1")))
            .bind(reference.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(database("reading a request"))?;
        match row {
            Some(row) => self.request_row(&row).await.map(Some),
            None => Ok(None),
        }
    }

    /// The register, oldest first.
    pub async fn requests(&self, filter: Filter, most: i64) -> Result<Vec<RequestRow>, StoreError> {
        let condition = match filter {
            Filter::Open => "stage <> 'closed'",
            Filter::All => "1 = 1",
        };
        let sql = format!("{COLUMNS} WHERE {condition} ORDER BY received_at, reference LIMIT $1");
        self.request_rows(sqlx::query(AssertSqlSafe(sql)).bind(most)).await
    }

    /// Requests whose time has come, longest due first.
    pub async fn requests_to_wake(&self, now: Timestamp, most: i64) -> Result<Vec<RequestRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2");
        self.request_rows(sqlx::query(AssertSqlSafe(sql)).bind(micros(now)).bind(most)).await
    }

    async fn request_rows(&self, query: AnyQuery<'_>) -> Result<Vec<RequestRow>, StoreError> {
        let rows = query.fetch_all(&self.pool).await.map_err(database("reading requests"))?;
        let mut requests = Vec::with_capacity(rows.len());
        for row in &rows {
            requests.push(self.request_row(row).await?);
        }
        Ok(requests)
    }

    async fn request_row(&self, row: &AnyRow) -> Result<RequestRow, StoreError> {
        let id = text(row, "requests", "?", "reference")?;
        let sealer = self.sealer(&text(row, "requests", &id, "key_id")?).await?;
        let body = sealer.open("requests", &id, "body", &bytes(row, "requests", &id, "body")?)?;
        let mut request: Request =
            serde_json::from_slice(&body).map_err(|error| impossible("requests", "body", &id, error))?;
        request.version = number(row, "requests", &id, "version")?;
        agree(row, &id, &request)?;
        Ok(RequestRow { request, sealer })
    }

    /// Counts by stage, for metrics and health.
    pub async fn requests_by_stage(&self) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query("SELECT stage, COUNT(*) AS many FROM requests GROUP BY stage ORDER BY stage")
            .fetch_all(&self.pool)
            .await
            .map_err(database("counting requests"))?
            .iter()
            .map(|row| Ok((text(row, "requests", "?", "stage")?, number(row, "requests", "?", "many")?)))
            .collect()
    }

    /// How a closed request is listed without opening it: reference, outcome and ground.
    pub async fn outcome_of(
        &self,
        reference: &Reference,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        let row =
            sqlx::query("SELECT outcome, ground FROM requests WHERE reference = $1 AND outcome IS NOT NULL")
                .bind(reference.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(database("reading an outcome"))?;
        row.map(|row| {
            let id = reference.as_str();
            Ok((text(&row, "requests", id, "outcome")?, text_if(&row, "requests", id, "ground")?))
        })
        .transpose()
    }
}

/// The columns are what is looked up, the body is what is believed: where they differ, nobody may act on either.
fn agree(row: &AnyRow, id: &str, request: &Request) -> Result<(), StoreError> {
    let outcome = request.stage.outcome();
    let words = [
        ("reference", Some(request.reference.as_str())),
        ("kind", request.kind.map(Kind::as_str)),
        ("stage", Some(request.stage.name())),
        ("blocker", request.blocker.map(Blocker::as_str)),
        ("outcome", outcome.map(Outcome::as_str)),
        ("ground", outcome.and_then(Outcome::ground).map(Ground::as_str)),
    ];
    let times = [("due_at", Some(request.due.due_at)), ("wake_at", request.wake_at)];
    for (column, sealed) in words {
        if text_if(row, "requests", id, column)?.as_deref() != sealed {
            return Err(impossible("requests", column, id, DISAGREE));
        }
    }
    for (column, sealed) in times {
        if time_if(row, "requests", id, column)?.map(micros) != sealed.map(micros) {
            return Err(impossible("requests", column, id, DISAGREE));
        }
    }
    Ok(())
}

const DISAGREE: &str = "the column and the sealed body disagree";

impl Tx<'_> {
    /// Saves the next states of requests: the only way to change one. New requests are inserted first; an existing one
    /// is changed only while its version is the one that the transition was decided on.
    ///
    /// # Errors
    /// `Conflict` when somebody else saved one meanwhile.
    pub async fn save(&mut self, transitions: &[(&Transition, &Sealer)]) -> Result<(), StoreError> {
        let (new, known): (Vec<_>, Vec<_>) =
            transitions.iter().copied().partition(|(transition, _)| transition.from_stage().is_none());
        let keyring = Arc::clone(&self.store.keyring);
        for chunk in new.chunks(ROWS_MAX) {
            let sql = format!("{INSERT} {}", self.store.engine.rows(chunk.len(), COLUMNS_SAVED));
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for (transition, sealer) in chunk {
                query = bound(query, transition.request(), sealer, &keyring)?;
            }
            query.execute(&mut *self.inner).await.map_err(database("saving requests"))?;
        }
        for (transition, sealer) in known {
            let request = transition.request();
            let done = bound(sqlx::query(UPDATE), request, sealer, &keyring)?
                .bind(request.version)
                .execute(&mut *self.inner)
                .await
                .map_err(database("saving a request"))?;
            if done.rows_affected() != 1 {
                return Err(StoreError::Conflict(request.reference.as_str().to_owned()));
            }
        }
        Ok(())
    }
}

type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

/// Binds every column of a request, one version on.
fn bound<'q>(
    query: AnyQuery<'q>,
    request: &'q Request,
    sealer: &'q Sealer,
    keyring: &Keyring,
) -> Result<AnyQuery<'q>, StoreError> {
    let id = request.reference.as_str();
    let body = serde_json::to_vec(request).map_err(|error| impossible("requests", "body", id, error))?;
    let outcome = request.stage.outcome();
    Ok(query
        .bind(id)
        .bind(request.version + 1)
        .bind(request.kind.map(Kind::as_str))
        .bind(request.stage.name())
        .bind(micros(request.stage.since()))
        .bind(request.blocker.map(Blocker::as_str))
        .bind(outcome.map(Outcome::as_str))
        .bind(outcome.and_then(Outcome::ground).map(Ground::as_str))
        .bind(micros(request.received_at))
        .bind(micros(request.due.due_at))
        .bind(request.wake_at.map(micros))
        .bind(keyring.index("address", request.origin.sender.expose()))
        .bind(request.subject.as_ref().map(|entry| keyring.index("subject", &entry.subject)))
        .bind(sealer.id.as_str())
        .bind(sealer.seal("requests", id, "body", &body)))
}

const COLUMNS_SAVED: usize = 15;

const INSERT: &str = "INSERT INTO requests \
    (reference, version, kind, stage, since, blocker, outcome, ground, received_at, due_at, wake_at, sender_index, subject_index, key_id, body) \
    VALUES";

const UPDATE: &str = "UPDATE requests SET version = $2, kind = $3, stage = $4, since = $5, blocker = $6, outcome = $7, ground = $8, \
    received_at = $9, due_at = $10, wake_at = $11, sender_index = $12, subject_index = $13, key_id = $14, body = $15 \
    WHERE reference = $1 AND version = $16";
