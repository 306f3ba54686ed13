//! Days to dates.

/// The date `days` after 1970-01-01, as `2011-10-20`, by the Gregorian calendar's cycle of 400 years.
pub(super) fn date(days: i64) -> String {
    // Counted from 0000-03-01, so that the leap day ends a year. Beyond ten thousand years either way
    // the number is no date.
    let days = days.clamp(-4_000_000, 4_000_000) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn known_days() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (-3653, "1960-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (15_267, "2011-10-20"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
        ] {
            assert_eq!(date(days), text);
        }
    }
}
