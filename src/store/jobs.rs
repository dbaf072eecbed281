//! Jobs and their steps: durable, leased, fenced by an epoch. A worker that lost its lease can write nothing any more
//! (standard R5). What a job does is `workflow/execute.rs`.

use super::dialect::{ROWS_MAX, is_kept};
use super::{AnyRow, Store, StoreError, Tx, database, impossible, micros, number, text};
use crate::domain::ids::Reference;
use crate::domain::job::JobKind;
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;

/// How long a job belongs to its worker without a heartbeat (decision 24).
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(20);

/// The wait before work that failed half-way is taken up again.
pub(super) const GIVEN_UP_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// A job and the right to work on it.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// The right to work on it.
    pub lease: Lease,
    /// For which request.
    pub reference: Reference,
    /// What to do.
    pub kind: JobKind,
    /// How often it was begun, this time included.
    pub attempts: u32,
}

/// The right to work on a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The job.
    pub job: String,
    /// Grows with every claim; a worker with an older one is too late.
    pub epoch: i64,
}

/// The time of one turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tick {
    /// By the daemon's clock: what is due.
    pub now: Timestamp,
    /// By the database's clock: whose lease is over.
    pub server: Timestamp,
}

impl Tx<'_> {
    /// Queues jobs: the id drawn for each, its request and what to do.
    pub async fn insert_jobs(
        &mut self,
        jobs: &[(String, &Reference, JobKind)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for chunk in jobs.chunks(ROWS_MAX) {
            let sql = format!(
                "INSERT INTO jobs (id, reference, kind, state, attempts, run_at, epoch, created_at) VALUES {}",
                self.store.engine.rows(chunk.len(), 8)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for (id, reference, kind) in chunk {
                query = query
                    .bind(id)
                    .bind(reference.as_str())
                    .bind(kind.as_str())
                    .bind("queued")
                    .bind(0_i64)
                    .bind(micros(now))
                    .bind(0_i64)
                    .bind(micros(now));
            }
            query.execute(&mut *self.inner).await.map_err(database("queueing jobs"))?;
        }
        Ok(())
    }

    /// Takes the job that has waited longest, or one whose worker is gone. A worker does one job at a time: what it still
    /// holds is left from a turn that failed, and would else be its own for ever, because heartbeats go by the owner.
    pub async fn claim_job(&mut self, owner: &str, tick: Tick) -> Result<Option<JobRow>, StoreError> {
        sqlx::query(
            "UPDATE jobs SET state = 'queued', lease_until = NULL, run_at = $2 WHERE owner = $1 AND state = 'running'",
        )
        .bind(owner)
        .bind(micros(tick.now + GIVEN_UP_WAIT))
        .execute(&mut *self.inner)
        .await
        .map_err(database("giving up a job"))?;
        let sql = format!(
            "UPDATE jobs SET state = 'running', owner = $1, epoch = epoch + 1, attempts = attempts + 1, lease_until = $2 \
             WHERE id = (SELECT id FROM jobs WHERE (state = 'queued' AND run_at <= $3) \
             OR (state = 'running' AND lease_until < $4) ORDER BY run_at, id LIMIT 1{}) \
             RETURNING id, reference, kind, attempts, epoch",
            self.store.engine.skip_locked()
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(owner)
            .bind(micros(tick.server + LEASE))
            .bind(micros(tick.now))
            .bind(micros(tick.server))
            .fetch_optional(&mut *self.inner)
            .await
            .map_err(database("claiming a job"))?;
        row.as_ref().map(job_row).transpose()
    }

    /// Keeps everybody else from the job until this transaction ends: what happens meanwhile outside of the state happens
    /// once (standard R5).
    ///
    /// # Errors
    /// `Lost` when the lease was.
    pub async fn hold_job(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let held_rows =
            sqlx::query("UPDATE jobs SET epoch = epoch WHERE id = $1 AND epoch = $2 AND state = 'running'")
                .bind(&lease.job)
                .bind(lease.epoch)
                .execute(&mut *self.inner)
                .await
                .map_err(database("holding a job"))?;
        held(lease, held_rows.rows_affected())
    }

    /// Ends a job in the transaction that saves its result.
    ///
    /// # Errors
    /// `Lost` when the lease was: nothing of this transaction may be kept.
    pub async fn finish_job(&mut self, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'done', done_at = $3, lease_until = NULL, last_error = NULL \
             WHERE id = $1 AND epoch = $2 AND state = 'running'",
        )
        .bind(&lease.job)
        .bind(lease.epoch)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map_err(database("finishing a job"))?;
        held(lease, done.rows_affected())
    }

    /// Gives a job back for a later try.
    pub async fn postpone_job(
        &mut self,
        lease: &Lease,
        error: &str,
        run_at: Timestamp,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'queued', run_at = $3, lease_until = NULL, last_error = $4 \
             WHERE id = $1 AND epoch = $2 AND state = 'running'",
        )
        .bind(&lease.job)
        .bind(lease.epoch)
        .bind(micros(run_at))
        .bind(error)
        .execute(&mut *self.inner)
        .await
        .map_err(database("postponing a job"))?;
        held(lease, done.rows_affected())
    }

    /// Ends every job of a request that is not done: whoever works at one has lost its lease, and its result is void.
    pub async fn abandon_jobs(&mut self, reference: &Reference, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE jobs SET state = 'done', done_at = $2, lease_until = NULL, epoch = epoch + 1, \
             last_error = 'the request was stopped' WHERE reference = $1 AND state <> 'done'",
        )
        .bind(reference.as_str())
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("abandoning jobs"))
    }

    /// Lets the jobs of a request that wait for a later time run now.
    pub async fn hurry_jobs(&mut self, reference: &Reference, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET run_at = $2 WHERE reference = $1 AND state = 'queued'")
            .bind(reference.as_str())
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("hurrying jobs"))
    }

    /// Keeps every lease of this worker alive, jobs and mails alike, by the database's clock.
    pub async fn heartbeat(&mut self, owner: &str, server: Timestamp) -> Result<(), StoreError> {
        for sql in [
            "UPDATE jobs SET lease_until = $2 WHERE owner = $1 AND state = 'running'",
            "UPDATE outbox SET lease_until = $2 WHERE owner = $1 AND state = 'sending'",
        ] {
            sqlx::query(sql)
                .bind(owner)
                .bind(micros(server + LEASE))
                .execute(&mut *self.inner)
                .await
                .map_err(database("renewing leases"))?;
        }
        Ok(())
    }

    /// Ends every lease at once: on SQLite there is one daemon, so at its start nobody else can hold any.
    pub async fn release_leases(&mut self) -> Result<(), StoreError> {
        if self.store.engine != super::Engine::Sqlite {
            return Ok(());
        }
        for sql in [
            "UPDATE jobs SET state = 'queued', lease_until = NULL WHERE state = 'running'",
            "UPDATE outbox SET state = 'queued', lease_until = NULL WHERE state = 'sending'",
        ] {
            sqlx::query(sql).execute(&mut *self.inner).await.map_err(database("releasing leases"))?;
        }
        Ok(())
    }

    /// Records a finished step of a job; recorded twice, the first stands.
    ///
    /// # Errors
    /// `Lost` when the lease was.
    pub async fn record_step(
        &mut self,
        lease: &Lease,
        name: &str,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // The update changes nothing; without it, a step that stands already would look like a lost lease.
        let done = sqlx::query(
            "INSERT INTO steps (job_id, name, detail, done_at) SELECT id, $3, $4, $5 FROM jobs \
             WHERE id = $1 AND epoch = $2 AND state = 'running' \
             ON CONFLICT (job_id, name) DO UPDATE SET name = excluded.name",
        )
        .bind(&lease.job)
        .bind(lease.epoch)
        .bind(name)
        .bind(detail)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map_err(database("recording a step"))?;
        held(lease, done.rows_affected())
    }
}

impl Store {
    /// The steps that a request's jobs have finished, oldest first: name and detail.
    pub async fn steps_of(&self, reference: &Reference) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query(
            "SELECT steps.name AS name, steps.detail AS detail FROM steps JOIN jobs ON jobs.id = steps.job_id \
             WHERE jobs.reference = $1 ORDER BY steps.done_at, steps.name",
        )
        .bind(reference.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading steps"))?
        .iter()
        .map(|row| Ok((text(row, "steps", "?", "name")?, text(row, "steps", "?", "detail")?)))
        .collect()
    }

    /// How many jobs wait or run.
    pub async fn open_jobs(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS many FROM jobs WHERE state <> 'done'")
            .fetch_one(&self.pool)
            .await
            .map_err(database("counting jobs"))?;
        number(&row, "jobs", "?", "many")
    }
}

pub(super) fn held(lease: &Lease, rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Lost(format!("job {}", lease.job))) }
}

fn job_row(row: &AnyRow) -> Result<JobRow, StoreError> {
    let id = text(row, "jobs", "?", "id")?;
    let kind = text(row, "jobs", &id, "kind")?;
    let reference = text(row, "jobs", &id, "reference")?;
    Ok(JobRow {
        reference: Reference::parse(&reference)
            .ok_or_else(|| impossible("jobs", "reference", &id, "not a reference"))?,
        kind: JobKind::parse(&kind).ok_or_else(|| impossible("jobs", "kind", &id, "not a kind of job"))?,
        attempts: u32::try_from(number(row, "jobs", &id, "attempts")?).unwrap_or(u32::MAX),
        lease: Lease { epoch: number(row, "jobs", &id, "epoch")?, job: id },
    })
}
