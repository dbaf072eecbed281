//! The made-up phone company's data: an SQLite file from `telephony.sql` beside this file, a WAV file for every recording,
//! and the two questions that the proof at the end asks of it. dsrd itself only reads it, through its connector.

use super::Trouble;
use super::folder::write_new;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row, SqliteConnection};
use std::collections::BTreeSet;
use std::path::Path;

const SCHEMA: &str = include_str!("telephony.sql");

/// Samples a second of a recording; one byte each.
const SAMPLE_RATE: u32 = 8_000;

/// How much data there is.
pub(super) struct Size {
    pub(super) accounts: i64,
    pub(super) users: i64,
    pub(super) calls: i64,
    pub(super) recordings: i64,
    pub(super) invoices: i64,
}

/// The company's database, opened by the demo itself.
pub(super) struct Telephony(SqliteConnection);

impl Telephony {
    /// Makes the database and the recordings below `folder`.
    pub(super) async fn make(folder: &Path) -> Result<Self, Trouble> {
        let mut company = Self::open(&folder.join("telephony.db")).await?;
        sqlx::raw_sql(SCHEMA)
            .execute(&mut company.0)
            .await
            .map_err(Trouble::broke("fill the made-up company's database"))?;
        let rows = sqlx::query("SELECT call_id, file FROM recordings")
            .fetch_all(&mut company.0)
            .await
            .map_err(Trouble::broke("list the recordings"))?;
        for row in rows {
            let call: i64 = row.try_get(0).map_err(Trouble::broke("read a recording's call"))?;
            let file: String = row.try_get(1).map_err(Trouble::broke("read a recording's file name"))?;
            let pitch =
                300 + u32::try_from(call % 40).unwrap_or(0) * 10 + u32::try_from(call % 7).unwrap_or(0) * 40;
            write_new(&folder.join("recordings").join(file), &beep(pitch))?;
        }
        Ok(company)
    }

    async fn open(file: &Path) -> Result<Self, Trouble> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        SqliteConnection::connect_with(&options)
            .await
            .map(Self)
            .map_err(Trouble::broke(format!("open {}", file.display())))
    }

    /// Counts everything.
    pub(super) async fn size(&mut self) -> Result<Size, Trouble> {
        Ok(Size {
            accounts: self.number("SELECT count(*) FROM accounts").await?,
            users: self.number("SELECT count(*) FROM users").await?,
            calls: self.number("SELECT count(*) FROM call_logs").await?,
            recordings: self.number("SELECT count(*) FROM recordings").await?,
            invoices: self.number("SELECT count(*) FROM invoices").await?,
        })
    }

    /// The calls that Asha asked for: her account, January and February 2026 in India.
    pub(super) async fn calls_asked_for(&mut self) -> Result<BTreeSet<String>, Trouble> {
        self.ids(
            "SELECT CAST(id AS TEXT) FROM call_logs WHERE account_id = 481516 \
             AND started_at >= '2025-12-31T18:30:00Z' AND started_at < '2026-02-28T18:30:00Z'",
        )
        .await
    }

    /// The calls of every other account.
    pub(super) async fn calls_of_others(&mut self) -> Result<BTreeSet<String>, Trouble> {
        self.ids("SELECT CAST(id AS TEXT) FROM call_logs WHERE account_id <> 481516").await
    }

    async fn ids(&mut self, sql: &'static str) -> Result<BTreeSet<String>, Trouble> {
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut self.0)
            .await
            .map_err(Trouble::broke("look up calls in the company's database"))?;
        Ok(ids.into_iter().collect())
    }

    async fn number(&mut self, sql: &'static str) -> Result<i64, Trouble> {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.0)
            .await
            .map_err(Trouble::broke("count the company's data"))
    }
}

/// One second of a square wave as a WAV file: RIFF, PCM, one channel, 8 bits.
fn beep(pitch: u32) -> Vec<u8> {
    let half_wave = (SAMPLE_RATE / pitch.max(1) / 2).max(1);
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + SAMPLE_RATE).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes()); // PCM
    wav.extend_from_slice(&1_u16.to_le_bytes()); // channels
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes()); // bytes a second
    wav.extend_from_slice(&1_u16.to_le_bytes()); // bytes a frame
    wav.extend_from_slice(&8_u16.to_le_bytes()); // bits a sample
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    wav.extend((0..SAMPLE_RATE).map(|sample| if (sample / half_wave).is_multiple_of(2) { 144 } else { 112 }));
    wav
}

#[cfg(test)]
mod tests {
    use super::{Telephony, beep};

    #[test]
    fn a_recording_is_a_wav_file_of_the_length_that_it_states() {
        let wav = beep(440);
        assert_eq!(&wav[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(wav[4..8].try_into().expect("four bytes")) as usize, wav.len() - 8);
        assert_eq!(u32::from_le_bytes(wav[40..44].try_into().expect("four bytes")) as usize, wav.len() - 44);
    }

    #[tokio::test]
    async fn the_company_has_data_of_asha_and_more_of_others() {
        let dir = tempfile::tempdir().expect("folder");
        let mut company = Telephony::make(dir.path()).await.expect("makes the company");
        let asked = company.calls_asked_for().await.expect("counts");
        let others = company.calls_of_others().await.expect("counts");
        assert_eq!((asked.len(), others.len()), (314, 1994));
        assert!(asked.is_disjoint(&others));
        let size = company.size().await.expect("counts");
        assert_eq!((size.accounts, size.users, size.calls), (3, 6, 2992));
        assert_eq!((size.recordings, size.invoices), (36, 18));
    }
}
