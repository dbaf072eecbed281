//! The second half of the plot: with her copy at home, Asha has the same months deleted. A court steps in and steps back,
//! the law keeps the invoices, and the demo compares what went with what the package holds. `story.rs` has the first half.

use super::Trouble;
use super::mailroom::Letter;
use super::story::{ASHA, MEERA, NOTICE_LINES, Story, WHOLE, no_code};
use crate::domain::request::{Outcome, Stage};

impl Story<'_> {
    /// From the form to the decision; what a code and a call-back are was told before.
    pub(super) async fn ask_to_delete(&mut self, title: &str) -> Result<Letter, Trouble> {
        self.turn_clock(180);
        self.tell(
            title,
            "The copy is safe at home, and Asha asks for the deletion of the same two months. The way to the decision is \
             the one that you know: a code to the address on file, and a call-back.",
        )?;
        let text = "Scope: account 481516, 1 January 2026 to 28 February 2026\n\
                    Legal basis: Customer request\n\
                    Requester: Asha Rao, Owner, asha@acme-traders.example, +91 98123 45678\n\
                    I acknowledge identity verification may be required.";
        self.writes(ASHA, "Data Delete Request \u{2013} Acme Traders", text).await?;
        let [_, challenge] = self.receive(ASHA, ["We have your request", "Is it you?"]).await?;
        let code = challenge.code().ok_or_else(|| no_code(&challenge))?.to_owned();
        self.answers(ASHA, &challenge, &format!("CONFIRM {code}")).await?;
        self.receive(ASHA, ["Where your request about your data stands"]).await?;
        let [call_back] = self.receive(MEERA, ["a call-back is needed"]).await?;
        let code = self.next_code()?;
        self.answers(MEERA, &call_back, &format!("CALLED {code} spoke to Asha again")).await?;
        let [_, decision] = self.receive(MEERA, ["Call-back recorded", "Please decide"]).await?;
        self.show_mail("Meera is asked to decide", &decision, WHOLE)?;
        Ok(decision)
    }

    /// An order of a court, for three days.
    pub(super) async fn hold_and_release(
        &mut self,
        title: &str,
        decision: &Letter,
    ) -> Result<Letter, Trouble> {
        self.turn_clock(30);
        self.tell(
            title,
            "An order of a court comes in: nothing of this account may be deleted. Meera answers with HOLD. Three days \
             later the court lifts the order, and she answers with RELEASE.",
        )?;
        self.answers(MEERA, decision, "HOLD Order 12/26 of the Bengaluru court").await?;
        let [_, held] = self.receive(MEERA, ["Hold placed", "a legal hold covers everything"]).await?;
        self.show_mail("Meera hears that nothing can be deleted now", &held, NOTICE_LINES)?;
        self.turn_clock(3 * 24 * 60);
        self.answers(MEERA, &held, "RELEASE").await?;
        let [_, again] = self.receive(MEERA, ["Hold lifted", "Please decide"]).await?;
        Ok(again)
    }

    /// The approval, and the time in which Asha could still stop it.
    pub(super) async fn approve_deletion(&mut self, title: &str, decision: &Letter) -> Result<(), Trouble> {
        self.turn_clock(20);
        self.tell(
            title,
            "Meera approves the new plan. Nothing happens yet: for a day Asha can stop it by answering CANCEL.",
        )?;
        let code = self.next_code()?;
        self.answers(MEERA, decision, &format!("APPROVE {code}")).await?;
        self.receive(MEERA, ["Approved by meera"]).await?;
        let [agreed] = self.receive(ASHA, ["Your data will be deleted"]).await?;
        self.show_mail("Asha hears when it begins", &agreed, WHOLE)
    }

    /// What went, against the package and the company's own data.
    pub(super) async fn delete(&mut self, title: &str) -> Result<(), Trouble> {
        let asked_for = self.company.calls_asked_for().await?;
        let before = self.company.size().await?;
        self.turn_clock(24 * 60);
        self.tell(
            title,
            "The day is over. dsrd deletes exactly the rows of the plan, files first, and asks the database again.",
        )?;
        self.settle().await?;
        let [done] = self.receive(ASHA, ["Your data is deleted, except what has to stay"]).await?;
        self.show_mail("Asha gets the certificate", &done, WHOLE)?;
        if !done.attachments.iter().any(|(name, _)| name.ends_with("-certificate.html")) {
            return Err(Trouble::unexpected("an attached certificate", "none"));
        }
        let after = self.company.size().await?;
        let left = self.company.calls_asked_for().await?.len();
        let gone = before.calls.saturating_sub(after.calls);
        if left != 0 || usize::try_from(gone).ok() != Some(asked_for.len()) {
            let found = format!("{gone} gone, {left} left");
            return Err(Trouble::unexpected(format!("exactly {} calls gone", asked_for.len()), found));
        }
        if after.invoices != before.invoices {
            return Err(Trouble::unexpected("every invoice kept", format!("{} left", after.invoices)));
        }
        let said = format!(
            "the {} calls of the package are gone from the database, and no other call; {} recordings went with their \
             files; all {} invoices stay, as the law wants",
            asked_for.len(),
            before.recordings.saturating_sub(after.recordings),
            after.invoices
        );
        self.check(&said)?;
        match self.machine.request().await?.map(|request| request.stage) {
            Some(Stage::Closed { outcome: Outcome::Completed, .. }) => Ok(()),
            other => Err(Trouble::unexpected("a completed deletion", format!("{other:?}"))),
        }
    }
}
