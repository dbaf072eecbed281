//! What time alone brings: wakes the requests whose time has come (decision 45). What follows is
//! `domain/transition/time.rs`.

use super::{Failure, Incident, Workflow};
use crate::domain::event::Event;

/// Requests woken in one batch.
const BATCH_MAX: i64 = 200;

impl Workflow {
    /// Wakes every request whose time has come, and looks after holds and what is owed. Returns how much there was.
    pub async fn wake(&self) -> Result<usize, Failure> {
        let frozen = self.spread_freezes().await?;
        let told = self.tell_of_holds().await?;
        let owed = self.look_after_owed().await?;
        let due = self.store.requests_to_wake(self.env.now(), BATCH_MAX).await?;
        let incidents: Vec<Incident> =
            due.iter().map(|row| Incident::of(&row.request.reference, Event::Woke)).collect();
        for (index, failure) in self.apply(&incidents).await? {
            let request = due.get(index).map(|row| row.request.reference.to_string()).unwrap_or_default();
            tracing::error!(request, %failure, "could not do what was due; it is tried again with the next tick");
        }
        Ok(told + owed + frozen + due.len())
    }
}
