//! `dsrd`, the data subject request daemon. The map: `daemon` pumps mail, jobs and the outbox; `workflow::receive` turns
//! every inbound mail into one event; `domain::transition::decide` says what follows; `workflow::apply` saves it with its
//! audit entry, jobs and notices; `verify`, `approve`, `execute` and `deliver` carry a request to its end.
//! ARCHITECTURE.md walks the same way with one mail and its reply.

pub mod domain;
pub mod env;
