// SPDX-License-Identifier: GPL-2.0-only

//! Records as text for people, and as JSON for programs. Nothing that somebody else chose gets
//! out as it is: it could steer a terminal.

use std::fmt::{Display, Write};

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value as Json, json};

use crate::programs::Life;
use crate::record::{Access, Event, Fields, Value};

const DIM: Style = Style::new().dimmed();
const CAUSE: Style = AnsiColor::Red.on_default().bold();
pub const PROGRAM: Style = AnsiColor::Cyan.on_default();

/// Printable ASCII, and escapes for all else, as in Rust's strings: other letters may look like
/// these, or be written from right to left.
pub fn escape(text: &[u8]) -> String {
    let mut escaped = String::new();
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => escaped.extend(['\\', c]),
                ' '..='~' => escaped.push(c),
                _ => escaped.extend(c.escape_default()),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    escaped
}

/// The local time.
pub fn clock(time: Timestamp, zone: &TimeZone, format: &str) -> String {
    time.to_zoned_datetime(zone.clone()).strftime(format).to_string()
}

const SECONDS: &str = "%F %T";

/// A record, and what is known of it.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    pub event: &'a Event,
    pub access: &'a Access,
    pub life: &'a Life,
    /// The system call that it belongs to.
    pub call: Option<&'a Fields>,
}

/// How many a record takes: two are easier to read, one is easier to search and to count.
#[derive(Clone, Copy)]
pub enum Lines {
    One,
    Two,
}

/// The record, its system call, and the program.
pub fn text(report: &Report<'_>, zone: &TimeZone, lines: Lines) -> String {
    let Report { event, access, life, call } = *report;
    let time = clock(event.time, zone, "%F %T%.3f");
    let mut text = format!("{DIM}{time}{DIM:#}");
    if let Some(node) = &event.node {
        let _ = write!(text, " {}", escape(node));
    }
    let cause = access.fields.0.iter().position(|(key, _)| key == "cause");
    let first = cause.and_then(|at| access.fields.0.get(at)).map_or_else(
        || "-".into(),
        |(_, cause)| match cause {
            Value::Text(cause) => escape(cause),
            cause => shown(cause),
        },
    );
    let _ = write!(text, " {CAUSE}{first}{CAUSE:#}");
    for (at, (key, value)) in access.fields.0.iter().enumerate() {
        if cause != Some(at) {
            let _ = write!(text, " {DIM}{key}={DIM:#}{}", shown(value));
        }
    }
    for key in ["uid", "exe"] {
        if let Some(value) = call.and_then(|call| call.get(key)) {
            let _ = write!(text, " {DIM}{key}={DIM:#}{}", shown(value));
        }
    }
    let between = match lines {
        Lines::One => " ",
        Lines::Two => "\n    ",
    };
    let _ = writeln!(text, "{between}{DIM}by{DIM:#} {}", program(access.id, life, zone));
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", escape(text)),
        Value::Number(number) => number.to_string(),
        Value::Code(code) => code.to_string(),
        Value::Bare(text) => escape(text),
        Value::Unknown => "?".into(),
    }
}

/// All that is known of it.
fn program(id: u32, life: &Life, zone: &TimeZone) -> String {
    let mut text = match &life.info {
        Some(info) => format!("{PROGRAM}{}{PROGRAM:#} (id {id}, tag {})", info.name, info.tag),
        None if id == 0 => format!("{PROGRAM}a program that was being unloaded{PROGRAM:#}"),
        None => format!("{PROGRAM}program {id}{PROGRAM:#}"),
    };
    if let Some(hook) = life.info.as_ref().and_then(|info| info.hook.as_ref()) {
        let _ = write!(text, " on {PROGRAM}{hook}{PROGRAM:#}");
    }
    if let Some(loaded) = life.loaded() {
        let _ = write!(text, ", loaded {}", clock(loaded, zone, SECONDS));
    }
    if let Some(loader) = &life.loader {
        let _ = write!(text, " by {}", escape(loader));
    }
    for pin in life.info.iter().flat_map(|info| &info.pinned) {
        let _ = write!(text, ", pinned at {}", escape(pin.as_os_str().as_encoded_bytes()));
    }
    if let Some(unloaded) = life.unloaded {
        let _ = write!(text, ", unloaded {}", clock(unloaded, zone, SECONDS));
    } else if let Some(now) = &life.successor {
        let since = clock(now.loaded, zone, SECONDS);
        let _ = write!(text, ", no longer loaded: the id is {}'s now, loaded {since}", now.name);
    } else if life.loaded().is_none() && id != 0 {
        text.push_str(", of which nothing is known");
    }
    text
}

pub fn json(report: &Report<'_>) -> String {
    let Report { event, access, life, call } = *report;
    let mut object = Map::new();
    object.insert("time".into(), json_time(event.time));
    object.insert("serial".into(), event.serial.into());
    if let Some(node) = &event.node {
        object.insert("node".into(), String::from_utf8_lossy(node).into());
    }
    object.insert("program".into(), json_program(access.id, life));
    object.insert("syscall".into(), call.map_or(Json::Null, |call| json_fields(call).into()));
    object.insert("raw".into(), json!(access.raw));
    for (key, value) in json_fields(&access.fields) {
        // No field has the name of one of these, as long as the kernel writes the record.
        let key = if object.contains_key(&key) || key == "node" { key + "_" } else { key };
        object.insert(key, value);
    }
    // Last, because it is long.
    if let Some(raw) = object.shift_remove("raw") {
        object.insert("raw".into(), raw);
    }
    ascii(&Json::Object(object))
}

/// A key that comes twice has all its values in an array.
fn json_fields(fields: &Fields) -> Map<String, Json> {
    let mut values: Map<String, Json> = Map::new();
    for (key, value) in &fields.0 {
        let value = json_value(value);
        match values.get_mut(key) {
            Some(Json::Array(all)) => all.push(value),
            Some(one) => *one = vec![one.take(), value].into(),
            None => {
                values.insert(key.clone(), value);
            }
        }
    }
    values
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Text(text) | Value::Bare(text) => String::from_utf8_lossy(text).into(),
        Value::Number(number) => (*number).into(),
        Value::Code(code) => (*code).into(),
        Value::Unknown => Json::Null,
    }
}

pub fn json_program(id: u32, life: &Life) -> Json {
    let time = |time: Option<Timestamp>| time.map(json_time);
    let info = life.info.as_ref();
    json!({
        "id": id,
        "name": info.map(|info| &info.name),
        "tag": info.map(|info| &info.tag),
        "hook": info.map(|info| &info.hook),
        "pinned": info.map(|info| info.pinned.iter().map(|pin| pin.to_string_lossy()).collect::<Vec<_>>()),
        "loaded": time(life.loaded()),
        "loader": life.loader.as_ref().map(|exe| String::from_utf8_lossy(exe)),
        "unloaded": time(life.unloaded),
    })
}

pub fn json_time(time: Timestamp) -> Json {
    format!("{time:.3}").into()
}

/// One line of JSON, in which every character that could steer a terminal is escaped: whatever
/// isn't ASCII is inside of a string.
pub fn ascii(json: &dyn Display) -> String {
    let mut line = String::new();
    for c in json.to_string().chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            line.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests;

    /// ESC, C1's CSI, backspace, right-to-left override, a byte that isn't UTF-8, a letter, and what
    /// escapes.
    const HOSTILE: &str =
        "pid=1 comm=1B5B326A path=2FC29B0820E280AE20FF20C3A9225C cause=0D0A netif=07";

    fn both(
        fields: &str,
        node: Option<&[u8]>,
        loader: Option<&[u8]>,
        call: Option<&str>,
    ) -> (String, Json, String) {
        let access = tests::access(fields);
        let event = Event { node: node.map(<[u8]>::to_vec), ..tests::record(tests::LINE).event };
        let mut life = Life::default();
        life.loader = loader.map(<[u8]>::to_vec);
        let call = call.map(|call| Fields::of_call(call.as_bytes()).unwrap());
        let report = Report { event: &event, access: &access, life: &life, call: call.as_ref() };
        let text = super::text(&report, &TimeZone::UTC, Lines::One);
        let json = super::json(&report);
        (anstream::adapter::strip_str(&text).to_string(), json.parse().unwrap(), json)
    }

    #[test]
    fn nothing_steers_a_terminal() {
        let (text, json, raw) =
            both(HOSTILE, Some(b"\x1b[m"), Some(b"\x1b]0;x\x07"), Some("exe=1B5B6D"));
        for line in [&text, &raw] {
            assert!(line.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{line}");
        }
        assert!(
            text.contains(
                r#"comm="\u{1b}[2j" path="/\u{9b}\u{8} \u{202e} \xff \u{e9}\"\\" netif="\u{7}""#
            ),
            "{text}"
        );
        assert!(text.contains(r"05.953 \u{1b}[m \r\n pid=1 comm="), "{text}");
        assert!(text.contains(r#" exe="\u{1b}[m" by "#), "{text}");

        assert_eq!(json["comm"], "\x1b[2j");
        assert_eq!(json["path"], "/\u{9b}\u{8} \u{202e} \u{fffd} é\"\\");
        assert_eq!(json["raw"], format!("prog-id=1 {HOSTILE}"));
    }

    #[test]
    fn numbers_and_what_is_not_known() {
        let (_, json, _) =
            both("pid=? comm=? ino=18446744073709551615 saddr=::1", None, None, None);
        assert_eq!(
            (&json["pid"], &json["ino"], &json["saddr"]),
            (&Json::Null, &json!(u64::MAX), &json!("::1"))
        );
        assert_eq!(
            (&json["time"], &json["program"]["id"], &json["syscall"]),
            (&json!("2026-11-23T22:39:05.953Z"), &json!(1), &Json::Null)
        );
    }

    #[test]
    fn a_key_twice() {
        let fields =
            r#"pid=1 comm="c" cause="a" path="/x" cause="b" path="/y" path="/z" program=5 raw=1"#;
        let (text, json, raw) = both(fields, None, None, None);
        assert_eq!(json["cause"], json!(["a", "b"]));
        assert_eq!(json["path"], json!(["/x", "/y", "/z"]));
        assert_eq!(raw.matches("\"path\":").count(), 1);
        assert!(
            text.contains(r#" a pid=1 comm="c" path="/x" cause="b" path="/y" path="/z" "#),
            "{text}"
        );
        // Members that aren't fields keep their names.
        assert_eq!((&json["program"]["id"], &json["program_"]), (&json!(1), &json!("5")));
        assert_eq!(json["raw_"], "1");
    }

    #[test]
    fn the_system_call() {
        let call = r#"arch=c000003e syscall=59 success=no exit=-13 uid=1000 tty=(none) comm="sh" exe="/bin/sh""#;
        let (text, json, _) = both("pid=1 comm=?", None, None, Some(call));
        assert!(text.contains(r#" pid=1 comm=? uid=1000 exe="/bin/sh" by program 1"#), "{text}");
        let call = &json["syscall"];
        assert_eq!(
            (&call["syscall"], &call["exit"], &call["uid"]),
            (&json!(59), &json!(-13), &json!(1000))
        );
        assert_eq!((&call["exe"], &call["success"]), (&json!("/bin/sh"), &json!("no")));
        assert_eq!(text.lines().count(), 1);
    }
}
