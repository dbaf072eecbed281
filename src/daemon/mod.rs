//! The running daemon: `assemble` builds its parts from the configuration, `pumps` are its work, `run` its loops, `control`
//! the socket by which commands reach it, `health` what monitors see.

pub mod assemble;
pub mod health;
pub mod lock;
pub mod logins;
pub mod pumps;
pub mod rate;
pub mod run;
pub mod supervise;
pub mod tokens;
