// SPDX-License-Identifier: GPL-2.0-only

//! How many records come from each program, by cause, and how fast.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;

use crate::output::{PROGRAM, ascii, clock, escape, json_program, json_time};
use crate::programs::Life;
use crate::record::Access;

#[derive(Default)]
pub struct Stats {
    /// By program and cause. The time tells programs apart that have an id one after the other.
    counts: BTreeMap<(u32, Option<Timestamp>, Vec<u8>), Count>,
    /// From the first record to the last.
    span: Option<(Timestamp, Timestamp)>,
}

struct Count {
    /// As it was when the last record came.
    program: Life,
    records: u64,
    /// The most records of one second, and those of the second that is last.
    peak: u64,
    this_second: u64,
    last: Timestamp,
}

impl Stats {
    pub fn count(&mut self, time: Timestamp, access: &Access, program: &Life) {
        let (first, last) = self.span.get_or_insert((time, time));
        (*first, *last) = (time.min(*first), time.max(*last));

        let cause = access.text("cause").unwrap_or_default().to_vec();
        let key = (access.id, program.loaded(), cause);
        let program = program.clone();
        let count = self.counts.entry(key).or_insert_with(|| Count {
            program: Life::default(),
            records: 0,
            peak: 0,
            this_second: 0,
            last: time,
        });
        count.program = program;
        count.records += 1;
        if time.as_second() != count.last.as_second() {
            count.this_second = 0;
        }
        count.this_second += 1;
        count.peak = count.peak.max(count.this_second);
        count.last = time;
    }

    /// In a second, on average; what took less than one is taken to have taken that.
    fn rate(&self, count: &Count) -> f64 {
        let (first, last) = self.span.unwrap_or_default();
        let span = last.duration_since(first).max(SignedDuration::from_secs(1));
        #[expect(clippy::cast_precision_loss)]
        let records = count.records as f64;
        records / span.as_secs_f64()
    }

    pub fn text(&self, zone: &TimeZone) -> String {
        let Some((first, last)) = self.span else { return "no records\n".into() };
        let (first, last) = (clock(first, zone, "%F %T"), clock(last, zone, "%F %T"));
        let mut text = format!(
            "{first} to {last}\n{PROGRAM}{:>9} {:>9} {:>9} {:>9}  {:<24} {:<24} CAUSE{PROGRAM:#}\n",
            "RECORDS", "A SECOND", "PEAK", "ID", "PROGRAM", "HOOK"
        );
        for ((id, _, cause), count) in &self.counts {
            let info = count.program.info.as_ref();
            let _ = writeln!(
                text,
                "{:>9} {:>9.2} {:>9} {id:>9}  {:<24} {:<24} {}",
                count.records,
                self.rate(count),
                count.peak,
                info.map_or("?", |info| &info.name),
                info.and_then(|info| info.hook.as_deref()).unwrap_or("?"),
                if cause.is_empty() { "-".into() } else { escape(cause) }
            );
        }
        text
    }

    pub fn json(&self) -> String {
        let lines = self.counts.iter().map(|((id, _, cause), count)| {
            ascii(&json!({
                "program": json_program(*id, &count.program),
                "cause": (!cause.is_empty()).then(|| String::from_utf8_lossy(cause)),
                "records": count.records,
                "per_second": self.rate(count),
                "peak": count.peak,
                "last": json_time(count.last),
            }))
        });
        lines.collect()
    }
}
