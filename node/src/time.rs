//! Times as people and scripts read them: RFC 3339 in UTC, and never an error.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The last moment that can be written with a year of four digits.
pub const LATEST: &str = "9999-12-31T23:59:59.999Z";
const LATEST_MS: i64 = 253_402_300_799_999;

/// A claim of time in RFC 3339 UTC with milliseconds. Beyond the year 9999 it is [`LATEST`].
pub fn rfc3339(unix_ms: u64) -> String {
    let clamped = i64::try_from(unix_ms).unwrap_or(i64::MAX).min(LATEST_MS);
    Timestamp::from_millisecond(clamped).map_or_else(|_| LATEST.to_owned(), |time| format!("{time:.3}"))
}

/// A claim of time for tables: to the minute, UTC.
pub fn short(unix_ms: u64) -> String {
    let full = rfc3339(unix_ms);
    full.get(..16).unwrap_or(&full).replace('T', " ")
}

/// Reads a point in time as people give it: RFC 3339, a date (its beginning in UTC), or how long ago (`90m`, `12h`,
/// `7d`, `2w`). Returns Unix milliseconds.
///
/// # Errors
/// In words.
pub fn parse(text: &str, now: u64) -> Result<u64, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(u64::try_from(time.as_millisecond()).unwrap_or(0));
    }
    if let Ok(date) = text.parse::<Date>().and_then(|date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0))) {
        return Ok(u64::try_from(date.as_millisecond()).unwrap_or(0));
    }
    let seconds = |unit: char| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        'w' => Some(604_800),
        _ => None,
    };
    let ago = text.char_indices().next_back().and_then(|(at, unit)| {
        let count: u64 = text.get(..at)?.parse().ok()?;
        count.checked_mul(seconds(unit)?)?.checked_mul(1_000)
    });
    ago.map(|ago| now.saturating_sub(ago)).ok_or_else(|| {
        format!(
            "{text:?} is not a time: give a date (2026-11-20), a time (2026-11-20T08:00:00Z) or how long ago (12h, 7d)"
        )
    })
}

/// How long something took or has been, for people.
pub fn ago(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_764_000_000_123), "2025-11-24T16:00:00.123Z");
        assert_eq!(short(1_764_000_000_123), "2025-11-24 16:00");
    }

    #[test]
    fn claims_beyond_the_year_9999_are_clamped() {
        assert_eq!(rfc3339(253_402_300_799_999), LATEST);
        assert_eq!(rfc3339(253_402_300_800_000), LATEST);
        assert_eq!(rfc3339(u64::MAX), LATEST);
    }

    #[test]
    fn people_give_times_in_several_ways() {
        let now = 1_764_000_000_000;
        assert_eq!(parse("2025-11-24T16:00:00Z", 0), Ok(now));
        assert_eq!(parse("2025-11-24", 0), Ok(1_763_942_400_000));
        assert_eq!(parse("90m", now), Ok(now - 5_400_000));
        assert_eq!(parse("2w", now), Ok(now - 1_209_600_000));
        for wrong in ["", "d", "7 d", "soon", "1e3d", "-1d", "99999999999999999999d", "7é"] {
            assert!(parse(wrong, now).is_err(), "{wrong}");
        }
    }
}
