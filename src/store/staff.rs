//! Staff, their sealed addresses and their one-time codes. Who may do what is `domain/policy.rs`.

use super::{AnyRow, Store, StoreError, Tx, bytes, database, impossible, micros, number, text};
use crate::domain::address::Address;
use crate::domain::ids::StaffName;
use crate::domain::policy::{Staff, StaffRole};
use jiff::Timestamp;

/// One member of staff as listed.
pub struct StaffRow {
    /// Who.
    pub staff: Staff,
    /// Whether they are active.
    pub state: StaffState,
    /// Unused codes left.
    pub codes_left: i64,
    /// Wrong codes on this list.
    pub wrong_codes: u8,
}

/// Whether a member of staff may act.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StaffState {
    /// Yes.
    Active,
    /// Not any more.
    Disabled,
}

impl Store {
    /// Everybody, by name.
    pub async fn staff(&self) -> Result<Vec<StaffRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, role, state, key_id, address, wrong_codes, \
             (SELECT COUNT(*) FROM staff_codes WHERE staff_codes.staff = staff.name AND used_at IS NULL) AS codes_left \
             FROM staff ORDER BY name",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading the staff"))?;
        let mut staff = Vec::with_capacity(rows.len());
        for row in &rows {
            staff.push(self.staff_row(row).await?);
        }
        Ok(staff)
    }

    async fn staff_row(&self, row: &AnyRow) -> Result<StaffRow, StoreError> {
        let id = text(row, "staff", "?", "name")?;
        let sealer = self.sealer(&text(row, "staff", &id, "key_id")?).await?;
        let address = sealer.open("staff", &id, "address", &bytes(row, "staff", &id, "address")?)?;
        Ok(StaffRow {
            staff: Staff {
                name: StaffName::parse(&id).ok_or_else(|| impossible("staff", "name", &id, "not a name"))?,
                address: Address::parse(&String::from_utf8_lossy(&address))
                    .ok_or_else(|| impossible("staff", "address", &id, "not an address"))?,
                role: StaffRole::parse(&text(row, "staff", &id, "role")?)
                    .ok_or_else(|| impossible("staff", "role", &id, "not a role"))?,
            },
            state: match text(row, "staff", &id, "state")?.as_str() {
                "active" => StaffState::Active,
                _ => StaffState::Disabled,
            },
            codes_left: number(row, "staff", &id, "codes_left")?,
            wrong_codes: u8::try_from(number(row, "staff", &id, "wrong_codes")?).unwrap_or(u8::MAX),
        })
    }

    /// Those who joined, changed or left and have not been asked yet what waits for them.
    pub async fn unbriefed_staff(&self) -> Result<Vec<StaffName>, StoreError> {
        let rows = sqlx::query("SELECT name FROM staff WHERE briefed_at IS NULL ORDER BY name");
        let rows = rows.fetch_all(&self.pool).await.map_err(database("reading who is new on the staff"))?;
        rows.iter()
            .map(|row| {
                let id = text(row, "staff", "?", "name")?;
                StaffName::parse(&id).ok_or_else(|| impossible("staff", "name", &id, "not a name"))
            })
            .collect()
    }

    /// The unused codes of one person: row and keyed hash.
    pub async fn unused_codes(&self, name: &StaffName) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query("SELECT id, code_hash FROM staff_codes WHERE staff = $1 AND used_at IS NULL")
            .bind(name.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading staff codes"))?
            .iter()
            .map(|row| {
                Ok((text(row, "staff_codes", "?", "id")?, text(row, "staff_codes", "?", "code_hash")?))
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Adds or changes a member of staff; a disabled one becomes active again.
    pub async fn put_staff(&mut self, staff: &Staff, key_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let sealer = self.new_sealer(key_id, now).await?;
        let id = staff.name.as_str();
        sqlx::query(
            "INSERT INTO staff (name, role, state, address_index, key_id, address, created_at) \
             VALUES ($1, $2, 'active', $3, $4, $5, $6) \
             ON CONFLICT (name) DO UPDATE SET role = $2, state = 'active', address_index = $3, key_id = $4, address = $5, \
             briefed_at = CASE WHEN staff.role = $2 AND staff.state = 'active' AND staff.address_index = $3 \
             THEN staff.briefed_at END",
        )
        .bind(id)
        .bind(staff.role.as_str())
        .bind(self.store.keyring.index("address", staff.address.expose()))
        .bind(&sealer.id)
        .bind(sealer.seal("staff", id, "address", staff.address.expose().as_bytes()))
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("storing a member of staff"))
    }

    /// Counts a wrong code.
    ///
    /// # Errors
    /// `Conflict` when another was counted meanwhile: the one that locks the list must be known as such.
    pub async fn count_wrong_code(&mut self, name: &StaffName, before: u8) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE staff SET wrong_codes = wrong_codes + 1 WHERE name = $1 AND wrong_codes = $2",
        )
        .bind(name.as_str())
        .bind(i64::from(before))
        .execute(&mut *self.inner)
        .await
        .map_err(database("counting a wrong staff code"))?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict("the wrong codes".into())) }
    }

    /// A fresh list begins without wrong codes.
    pub async fn forgive_wrong_codes(&mut self, name: &StaffName) -> Result<(), StoreError> {
        sqlx::query("UPDATE staff SET wrong_codes = 0 WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("unlocking a list of staff codes"))
    }

    /// They have been asked what waits for them.
    pub async fn set_briefed(&mut self, name: &StaffName, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE staff SET briefed_at = $2 WHERE name = $1")
            .bind(name.as_str())
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("marking a member of staff as asked"))
    }

    /// Disables a member of staff and their codes. Returns how many rows it was: none for an unknown name.
    pub async fn disable_staff(&mut self, name: &StaffName, now: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("UPDATE staff SET state = 'disabled', briefed_at = NULL WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut *self.inner)
            .await
            .map_err(database("disabling a member of staff"))?;
        self.void_staff_codes(name, now).await?;
        Ok(done.rows_affected())
    }

    /// A new list replaces the old one: what is on paper somewhere must not open anything.
    pub async fn void_staff_codes(&mut self, name: &StaffName, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE staff_codes SET used_at = $2, used_for = 'void' WHERE staff = $1 AND used_at IS NULL",
        )
        .bind(name.as_str())
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("voiding staff codes"))
    }

    /// Stores one code of a list.
    pub async fn insert_staff_code(
        &mut self,
        id: &str,
        name: &StaffName,
        hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO staff_codes (id, staff, code_hash, issued_at) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(name.as_str())
            .bind(hash)
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("storing a staff code"))
    }

    /// Uses a code up.
    ///
    /// # Errors
    /// `Conflict` when it was used meanwhile: no decision may be saved with it.
    pub async fn use_staff_code(
        &mut self,
        id: &str,
        used_for: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE staff_codes SET used_at = $2, used_for = $3 WHERE id = $1 AND used_at IS NULL",
        )
        .bind(id)
        .bind(micros(now))
        .bind(used_for)
        .execute(&mut *self.inner)
        .await
        .map_err(database("using a staff code"))?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict("the staff code".into())) }
    }
}
