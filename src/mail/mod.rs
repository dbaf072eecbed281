//! Bytes of mail to values, purely: no I/O, no async, no clock. Reading never trusts and never panics; what it cannot
//! read it says. The way of a mail: `incoming` (bytes to text and headers), `authentication` (who vouches for From),
//! `reply` (new text without quotes), `domain::form` (what is asked), `classify` (what kind of mail it is).

pub mod authentication;
pub mod bounce;
pub mod classify;
mod from;
mod headers;
pub mod html;
pub mod incoming;
mod marks;
pub mod outgoing;
pub mod reply;
mod table;
mod text;
