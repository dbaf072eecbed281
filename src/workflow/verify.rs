//! Verdicts on challenge codes and on who wrote: the keys are here, the counting is `domain/transition/identify.rs`.
//! A code is bound to its request; every comparison takes the same time (standard S4).

use super::{Failure, Workflow};
use crate::crypto::code;
use crate::domain::address::Address;
use crate::domain::ids::Reference;
use crate::domain::request::Request;
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::{CodeVerdict, Party};

/// What challenge codes are hashed for; a staff code never passes as one.
const PURPOSE: &str = "challenge";

impl Workflow {
    pub(super) fn challenge_hash(&self, reference: &Reference, typed: &str) -> String {
        code::code_hash(self.store.keyring().codes(), PURPOSE, reference.as_str(), typed)
    }

    pub(super) fn token_hash(&self, token: &str) -> String {
        code::token_hash(self.store.keyring().codes(), token)
    }

    /// What a typed code is.
    pub(super) async fn code_verdict(
        &self,
        reference: &Reference,
        typed: &str,
    ) -> Result<CodeVerdict, Failure> {
        let hash = self.challenge_hash(reference, typed);
        let now = self.env.now();
        let mut verdict = CodeVerdict::Wrong;
        for open in self.store.open_codes(reference).await? {
            if code::same(&open.hash, &hash) {
                verdict = if open.expires_at > now { CodeVerdict::Right } else { CodeVerdict::Expired };
            }
        }
        Ok(verdict)
    }
}

/// Who wrote, seen from the request.
pub(super) fn party(request: &Request, from: &Address, verdict: SenderVerdict) -> Party {
    if !verdict.speaks_for_customer() {
        Party::Stranger
    } else if request.address_on_file() == Some(from) {
        Party::OnFile
    } else if request.origin.sender == *from && request.origin.verdict.speaks_for_customer() {
        Party::Requester
    } else {
        Party::Stranger
    }
}
