//! The thin binary: choose the one crypto backend, then do what the command line says. See `cli/mod.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Fails only when a provider stands already, and nothing runs before this line.
    let _ = rustls::crypto::ring::default_provider().install_default();
    dsrd::cli::main()
}
