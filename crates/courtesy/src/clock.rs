//! Time comes from here and nowhere else; rooms get it as an argument.

pub use jiff::Timestamp;

/// The time now, in whole microseconds: what the store keeps.
#[must_use]
pub fn now() -> Timestamp {
    from_micros(Timestamp::now().as_microsecond())
}

/// A time as the store keeps it: microseconds since 1970.
#[must_use]
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A time from the store. Values outside jiff's range (the year 9999) are clamped to it.
#[must_use]
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
