// SPDX-License-Identifier: GPL-2.0-only

//! How many records come from each program, by cause, and how fast; of each node for itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

use crate::output::{PROGRAM, ascii, clock, escape, json_program, json_time};
use crate::programs::Life;
use crate::record::{Access, Event, Node};

#[derive(Default)]
pub struct Stats {
    counts: BTreeMap<Key, Count>,
    /// From the first record of a node to its last.
    spans: BTreeMap<Node, (Timestamp, Timestamp)>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    node: Node,
    id: u32,
    /// Tells programs apart that have an id one after the other.
    life: u64,
    cause: Vec<u8>,
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
    pub fn count(&mut self, event: &Event, access: &Access, program: &Life) {
        let time = event.time;
        let (first, last) = self.spans.entry(event.node.clone()).or_insert((time, time));
        (*first, *last) = (time.min(*first), time.max(*last));

        let cause = access.fields.text("cause").unwrap_or_default().to_vec();
        let key = Key { node: event.node.clone(), id: access.id, life: program.number(), cause };
        let count = self.counts.entry(key).or_insert_with(|| Count {
            program: Life::default(),
            records: 0,
            peak: 0,
            this_second: 0,
            last: time,
        });
        count.program = program.clone();
        count.records += 1;
        if time.as_second() != count.last.as_second() {
            count.this_second = 0;
        }
        count.this_second += 1;
        count.peak = count.peak.max(count.this_second);
        count.last = time;
    }

    /// In a second, on average; what took less than one is taken to have taken that.
    fn rate(&self, key: &Key, count: &Count) -> f64 {
        let (first, last) = self.spans.get(&key.node).copied().unwrap_or_default();
        let span = last.duration_since(first).max(SignedDuration::from_secs(1));
        #[expect(clippy::cast_precision_loss)]
        let records = count.records as f64;
        records / span.as_secs_f64()
    }

    pub fn text(&self, zone: &TimeZone) -> String {
        if self.counts.is_empty() {
            return "no records\n".into();
        }
        let mut text = String::new();
        for (node, &(first, last)) in &self.spans {
            if let Some(node) = node {
                let _ = write!(text, "{}: ", escape(node));
            }
            let (first, last) = (clock(first, zone, "%F %T"), clock(last, zone, "%F %T"));
            let _ = writeln!(text, "{first} to {last}");
        }
        // Most logs are of one machine, and don't name it.
        let named = self.spans.keys().any(Option::is_some);
        let node_column = |node: &str| if named { format!("{node:<16} ") } else { String::new() };
        let _ = writeln!(
            text,
            "{PROGRAM}{:>9} {:>9} {:>9}  {}{:>9}  {:<24} {:<24} CAUSE{PROGRAM:#}",
            "RECORDS",
            "A SECOND",
            "PEAK",
            node_column("NODE"),
            "ID",
            "PROGRAM",
            "HOOK"
        );
        for (key, count) in &self.counts {
            let info = count.program.info.as_ref();
            let node = key.node.as_ref().map_or_else(|| "-".into(), |node| escape(node));
            let _ = writeln!(
                text,
                "{:>9} {:>9.2} {:>9}  {}{:>9}  {:<24} {:<24} {}",
                count.records,
                self.rate(key, count),
                count.peak,
                node_column(&node),
                key.id,
                info.map_or("?", |info| &info.name),
                info.and_then(|info| info.hook.as_deref()).unwrap_or("?"),
                if key.cause.is_empty() { "-".into() } else { escape(&key.cause) }
            );
        }
        text
    }

    pub fn json(&self) -> String {
        let lines = self.counts.iter().map(|(key, count)| {
            let mut line = json!({
                "program": json_program(key.id, &count.program),
                "cause": (!key.cause.is_empty()).then(|| String::from_utf8_lossy(&key.cause)),
                "records": count.records,
                "per_second": self.rate(key, count),
                "peak": count.peak,
                "last": json_time(count.last),
            });
            if let (Some(node), Json::Object(line)) = (&key.node, &mut line) {
                line.insert("node".into(), String::from_utf8_lossy(node).into());
            }
            ascii(&line)
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Body, tests::record};

    #[test]
    fn of_each_node() {
        let mut stats = Stats::default();
        let mut count = |line: &str| {
            let record = record(line);
            let Body::Access(access) = &record.body else { panic!() };
            stats.count(&record.event, access, &Life::default());
        };
        let rest = r#"prog-id=7 pid=1 comm="x" cause="c""#;
        for second in 1..=10 {
            count(&format!("node=a type=1427 msg=audit({second}.000:1): {rest}"));
        }
        count(&format!("node=b type=1427 msg=audit(1000.000:1): {rest}"));
        count(&format!("type=1427 msg=audit(1000.000:1): {rest}"));

        let lines: Vec<Json> = stats.json().lines().map(|line| line.parse().unwrap()).collect();
        let of = |at: usize| (lines[at]["node"].as_str(), lines[at]["records"].as_u64());
        assert_eq!(
            (of(0), of(1), of(2)),
            ((None, Some(1)), (Some("a"), Some(10)), (Some("b"), Some(1)))
        );
        // a's ten records took nine seconds, whatever the time of b's.
        assert!((lines[1]["per_second"].as_f64().unwrap() - 10.0 / 9.0).abs() < 0.001);

        let text = stats.text(&TimeZone::UTC);
        assert!(text.contains("a: 1970-01-01 00:00:01 to 1970-01-01 00:00:10\n"), "{text}");
        assert_eq!(text.lines().count(), 3 + 1 + 3, "{text}");
    }
}
