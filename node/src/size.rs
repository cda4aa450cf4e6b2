//! Sizes as people write and read them: bytes, or KiB, MiB, GiB.

/// Names of units, the largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("bytes", 1)];

/// A size in the largest unit of which there are at least ten, or that it is a multiple of; rounded down.
pub(crate) fn words(bytes: u64) -> String {
    let fits = |unit: u64| bytes > 0 && (bytes.is_multiple_of(unit) || bytes / unit >= 10);
    let (name, unit) = UNITS.into_iter().find(|(_, unit)| fits(*unit)).unwrap_or(("bytes", 1));
    format!("{} {name}", bytes / unit)
}

/// A size that [`parse`] reads back as it was: in the largest unit that it is a multiple of.
pub(crate) fn exact(bytes: u64) -> String {
    let fits = |unit: u64| bytes > 0 && bytes.is_multiple_of(unit);
    let (name, unit) = UNITS.into_iter().find(|(_, unit)| fits(*unit)).unwrap_or(("bytes", 1));
    format!("{} {name}", bytes / unit)
}

/// Reads a size: a number of bytes, or of KiB, MiB or GiB (also K, M and G).
///
/// # Errors
/// In words.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.ok_or_else(|| format!("{text:?} is not a size: give bytes, or a number with KiB, MiB or GiB (64MiB)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(
            ["0", "1000", "64MiB", "64 mib", "3k", "2G"].map(parse),
            [0, 1_000, 64 << 20, 64 << 20, 3 << 10, 2 << 30].map(Ok)
        );
        for wrong in ["", "MiB", "1.5G", "-1", "1TB", "99999999999999G"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_exact_size_reads_back() {
        for bytes in [0, 1, 7_000, 5 << 20, (5 << 20) + 1, 64 << 30] {
            assert_eq!(parse(&exact(bytes)), Ok(bytes));
        }
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_says_most() {
        let told = [0, 999, 1_024, 64 << 20, (64 << 20) - 1, 448 << 20, 5_000_000].map(words);
        assert_eq!(told, ["0 bytes", "999 bytes", "1 KiB", "64 MiB", "63 MiB", "448 MiB", "4882 KiB"]);
    }
}
