//! The shape of dates, as far as publications need it.

/// Whether a text is a year, a month or a day of ISO 8601 (`2026`, `2026-11`, `2026-11-25`), or a time of RFC 3339.
pub fn is_date(text: &str) -> bool {
    match text.split_once(['T', ' ']) {
        Some((day, time)) => day.len() == 10 && is_day(day) && is_time(time),
        None => is_day(text),
    }
}

fn is_day(text: &str) -> bool {
    let mut parts = text.split('-');
    let year = parts.next().is_some_and(|year| number(year, 4).is_some());
    let month = parts.next().map(|month| number(month, 2).is_some_and(|month| (1..=12).contains(&month)));
    let day = parts.next().map(|day| number(day, 2).is_some_and(|day| (1..=31).contains(&day)));
    year && month != Some(false) && day != Some(false) && parts.next().is_none()
}

/// `HH:MM`, `HH:MM:SS` or with a fraction, then `Z` or an offset, or nothing where the zone was not said.
fn is_time(text: &str) -> bool {
    let zone = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone);
    let zoned = match zone.strip_prefix(['+', '-']) {
        Some(offset) => is_clock(offset) && offset.len() == 5,
        None => matches!(zone, "" | "Z" | "z"),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    zoned && is_clock(clock) && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
}

fn is_clock(text: &str) -> bool {
    let mut parts = text.split(':');
    let part = |part: Option<&str>, most: u32| part.map(|part| number(part, 2).is_some_and(|found| found <= most));
    let (hour, minute, second) = (part(parts.next(), 24), part(parts.next(), 59), part(parts.next(), 60));
    hour == Some(true) && minute == Some(true) && second != Some(false) && parts.next().is_none()
}

fn number(text: &str, digits: usize) -> Option<u32> {
    let fits = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_shape_of_the_standards() {
        for good in
            ["2026", "2026-11", "2026-11-25", "2026-11-25T10:00:00Z", "2026-11-25 10:00", "2026-11-25T10:00:00.5+01:00"]
        {
            assert!(is_date(good), "{good}");
        }
        for bad in ["", "26", "2026-13", "2026-11-32", "25.11.2026", "2026-11-25T", "2026-11T10:00", "soon", "2026-1-1"]
        {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
