//! Named fault points, for the tests (standard R7, decision 26): `fault!` stands before and behind every commit and every
//! act outside. Without the cargo feature `faults` it expands to nothing, and a release build refuses the feature. With
//! it, `fault/armed.rs` does at a point what a file says: end the process, fail, or stall. The sweep is
//! `tests/it/sweep.rs`. Never a place for behaviour that the shipped program has.

/// A fault point. `fault!("a.b")` in an `async fn` and `fault!(blocking "a.b")` elsewhere return the function's error;
/// `fault!("a.b", else value)` returns this value; `fault!(blocking "a.b", about bytes)` fails in no other way than by
/// ending or stalling, and can be told to do so for certain bytes only.
#[cfg(feature = "faults")]
macro_rules! fault {
    ($point:literal) => {
        $crate::fault::armed::hit($point).await?
    };
    ($point:literal, else $value:expr) => {
        if $crate::fault::armed::hit($point).await.is_err() {
            return $value;
        }
    };
    (blocking $point:literal) => {
        $crate::fault::armed::hit_blocking($point)?
    };
    (blocking $point:literal, about $bytes:expr) => {
        $crate::fault::armed::hit_about($point, $bytes)
    };
}

/// Nothing.
#[cfg(not(feature = "faults"))]
macro_rules! fault {
    ($($any:tt)*) => {};
}

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("the feature `faults` is for the tests alone: build without it");

#[cfg(feature = "faults")]
pub(crate) mod armed;
