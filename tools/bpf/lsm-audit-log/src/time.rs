// SPDX-License-Identifier: GPL-2.0-only

//! Times on the command line: as such, in ausearch's words, or how long ago.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::{Span, Timestamp, ToSpan, ZonedDateTime};
use nix::time::{ClockId, clock_gettime};

/// ISO's, and ausearch's in the locales C and US English.
const DATES: [&str; 4] = ["%Y-%m-%d", "%Y%m%d", "%m/%d/%y", "%m/%d/%Y"];

/// The beginning of a range of time.
pub fn parse_since(text: &str) -> Result<Timestamp, String> {
    parse(text, &ZonedDateTime::now(), Time::midnight()).map(|(time, _)| time)
}

/// The end of a range of time, with the whole second if that is all that was said.
pub fn parse_until(text: &str) -> Result<Timestamp, String> {
    parse_end(text, &ZonedDateTime::now())
}

/// As ausearch has it, a date alone ends at the present time of the day.
fn parse_end(text: &str, now: &ZonedDateTime) -> Result<Timestamp, String> {
    let (time, seconds) = parse(if text == "today" { "now" } else { text }, now, now.time())?;
    let second = if seconds && time.subsec_nanosecond() == 0 { 999_999_999 } else { 0 };
    time.checked_add(second.nanoseconds()).map_err(|err| err.to_string())
}

/// The time, and whether it was told to the second, or less; of a date alone, `clock` on that day.
fn parse(text: &str, now: &ZonedDateTime, clock: Time) -> Result<(Timestamp, bool), String> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds.parse().map_err(|_| "not a number of seconds")?;
        return Ok((Timestamp::from_second(seconds).map_err(|err| err.to_string())?, true));
    }
    if let Ok(time) = text.parse() {
        return Ok((time, true));
    }
    if let Some(time) = word(text, now) {
        return Ok((time.map_err(|err| err.to_string())?.timestamp(), false));
    }
    if let Some(time) = civil(text, now, clock) {
        let zoned = time.to_zoned_datetime(now.time_zone().clone());
        return Ok((zoned.map_err(|err| err.to_string())?.timestamp(), true));
    }
    // "-10y" and "10y ago" are what "10y" is.
    let ago: Span = match text.strip_prefix('+') {
        Some(_) => return Err("that is still to come".into()),
        None => text.parse().map_err(|_| "neither a time nor how long ago")?,
    };
    let then = now.checked_sub(ago.abs()).map_err(|err| err.to_string())?;
    Ok((then.timestamp(), false))
}

/// ausearch's words; a day begins at midnight.
fn word(text: &str, now: &ZonedDateTime) -> Option<Result<ZonedDateTime, jiff::Error>> {
    let day = |day: Result<ZonedDateTime, jiff::Error>| day.and_then(|day| day.start_of_day());
    let week = i64::from(now.date().weekday().to_sunday_zero_offset());
    let time = match text {
        "now" => Ok(now.clone()),
        "recent" => now.checked_sub(10.minutes()),
        "boot" => now.checked_sub(uptime()),
        "this-hour" => now.with().minute(0).second(0).subsec_nanosecond(0).build(),
        "today" => now.start_of_day(),
        "yesterday" => day(now.yesterday()),
        "this-week" => day(now.checked_sub(week.days())),
        "week-ago" => day(now.checked_sub(7.days())),
        "this-month" => day(now.first_of_month()),
        "this-year" => day(now.first_of_year()),
        _ => return None,
    };
    Some(time)
}

fn uptime() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default()
}

/// A day: a word or a date.
fn day(text: &str, now: &ZonedDateTime) -> Option<Date> {
    if let Some(time) = word(text, now) {
        return Some(time.ok()?.date());
    }
    DATES.iter().find_map(|form| strtime::parse(form, text).ok()?.to_date().ok())
}

/// Whether it is a day, to which a time may be added.
pub fn is_date(text: &str) -> bool {
    day(text, &ZonedDateTime::now()).is_some()
}

/// A date, which is `alone` on that day, a time of today, or both.
fn civil(text: &str, now: &ZonedDateTime, alone: Time) -> Option<DateTime> {
    let clock = |text: &str| {
        let digits = text.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
        text.parse::<Time>().ok().filter(|_| digits && text.contains(':'))
    };
    if let Some(time) = clock(text) {
        return Some(now.date().to_datetime(time));
    }
    let (date, rest) = text.split_once(' ').unwrap_or((text, ""));
    let time = if rest.is_empty() { Some(alone) } else { clock(rest.trim_start()) };
    match (day(date, now), time) {
        (Some(date), Some(time)) => Some(date.to_datetime(time)),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Thursday.
    fn now() -> ZonedDateTime {
        "2026-11-26T09:20:30.5+01:00[Europe/Berlin]".parse().unwrap()
    }

    fn since(text: &str) -> String {
        let time =
            parse(text, &now(), Time::midnight()).unwrap_or_else(|err| panic!("{text}: {err}")).0;
        let zoned = time.to_zoned_datetime(now().time_zone().clone());
        zoned.strftime("%F %T%.f").to_string()
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("2026-11-24T10:30Z", "2026-11-24 11:30:00"),
            ("2026-11-24", "2026-11-24 00:00:00"),
            ("2026-11-24 10:30", "2026-11-24 10:30:00"),
            ("10:30", "2026-11-26 10:30:00"),
            ("10:30:15", "2026-11-26 10:30:15"),
            ("11/24/2026", "2026-11-24 00:00:00"),
            ("11/24/26 10:30:15", "2026-11-24 10:30:15"),
            ("20261124", "2026-11-24 00:00:00"),
            ("2026-11-24T10:30:15.5", "2026-11-24 10:30:15.5"),
            ("yesterday 18:00", "2026-11-25 18:00:00"),
            ("week-ago 18:00", "2026-11-19 18:00:00"),
            ("@1795516200", "2026-11-24 11:30:00"),
        ] {
            assert_eq!(since(text), expected, "{text}");
        }
        for text in
            ["", "soon", "2026-13-01", "13/01/2026", "99999999y", "+10y", "@x", "today soon", "T10"]
        {
            assert!(parse(text, &now(), Time::midnight()).is_err(), "{text}");
        }
    }

    #[test]
    fn how_long_ago() {
        for (text, expected) in [
            ("90s", "2026-11-26 09:19:00.5"),
            ("2h 30m", "2026-11-26 06:50:30.5"),
            ("7d", "2026-11-19 09:20:30.5"),
            ("10y", "2016-11-26 09:20:30.5"),
            ("10y ago", "2016-11-26 09:20:30.5"),
            ("-10y", "2016-11-26 09:20:30.5"),
            ("2 hours ago", "2026-11-26 07:20:30.5"),
        ] {
            assert_eq!(since(text), expected, "{text}");
        }
    }

    #[test]
    fn words() {
        for (text, expected) in [
            ("now", "2026-11-26 09:20:30.5"),
            ("recent", "2026-11-26 09:10:30.5"),
            ("this-hour", "2026-11-26 09:00:00"),
            ("today", "2026-11-26 00:00:00"),
            ("yesterday", "2026-11-25 00:00:00"),
            ("this-week", "2026-11-22 00:00:00"),
            ("week-ago", "2026-11-19 00:00:00"),
            ("this-month", "2026-11-01 00:00:00"),
            ("this-year", "2026-01-01 00:00:00"),
        ] {
            assert_eq!(since(text), expected, "{text}");
        }
        assert!(parse("boot", &now(), Time::midnight()).unwrap().0 < now().timestamp());
    }

    #[test]
    fn ends() {
        let end = |text| parse_end(text, &now()).unwrap();
        assert_eq!(end("today"), now().timestamp());
        assert_eq!(end("10y ago"), parse("10y", &now(), Time::midnight()).unwrap().0);
        // A date alone: at this time of the day. A word: when it began, but for today.
        for date in ["2026-11-24", "20261124", "11/24/2026", "11/24/26"] {
            assert_eq!(end(date), end("2026-11-24T09:20:30.5+01:00"), "{date}");
        }
        assert_eq!(end("11/26/2026"), now().timestamp());
        assert_eq!(end("yesterday"), end("2026-11-25T00:00:00+01:00") - 999_999_999.nanoseconds());
        // What comes within the second that was named.
        let second: Timestamp = "2026-11-24T10:30:00Z".parse().unwrap();
        assert_eq!(end("2026-11-24T10:30:00Z").duration_since(second).as_millis(), 999);
        assert_eq!(end("2026-11-24T10:30:00.5Z").duration_since(second).as_millis(), 500);
    }
}
