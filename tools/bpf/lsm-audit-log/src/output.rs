// SPDX-License-Identifier: GPL-2.0-only

//! Records as text for people, and as JSON for programs. Nothing that somebody else chose gets
//! out as it is: it could steer a terminal.

use std::fmt::{Display, Write};

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value as Json, json};

use crate::programs::Life;
use crate::record::{Access, Record, Value};

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

/// Two lines: the record, and the program.
pub fn text(record: &Record, access: &Access, life: &Life, zone: &TimeZone) -> String {
    let time = clock(record.time, zone, "%F %T%.3f");
    let mut text = format!("{DIM}{time}{DIM:#}");
    if let Some(node) = &record.node {
        let _ = write!(text, " {}", escape(node.as_bytes()));
    }
    let cause = access.text("cause");
    let first = cause.map_or_else(|| "-".into(), escape);
    let _ = write!(text, " {CAUSE}{first}{CAUSE:#}");
    for (key, value) in access.fields.iter().filter(|(key, _)| cause.is_none() || key != "cause") {
        let _ = write!(text, " {DIM}{key}={DIM:#}{}", shown(value));
    }
    let _ = writeln!(text, "\n    {DIM}by{DIM:#} {}", program(access.id, life, zone));
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", escape(text)),
        Value::Number(number) => number.to_string(),
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

pub fn json(record: &Record, access: &Access, life: &Life) -> String {
    let mut object = Map::new();
    object.insert("time".into(), json_time(record.time));
    object.insert("serial".into(), record.serial.into());
    if let Some(node) = &record.node {
        object.insert("node".into(), json!(node));
    }
    object.insert("program".into(), json_program(access.id, life));
    for (key, value) in &access.fields {
        let value = match value {
            Value::Text(text) | Value::Bare(text) => String::from_utf8_lossy(text).into(),
            Value::Number(number) => (*number).into(),
            Value::Unknown => Json::Null,
        };
        object.entry(key).or_insert(value);
    }
    object.insert("raw".into(), json!(access.raw));
    ascii(&Json::Object(object))
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
    use crate::record::{Body, tests};

    /// ESC, C1's CSI, backspace, right-to-left override, a byte that isn't UTF-8, a letter, and what
    /// escapes.
    const HOSTILE: &str = "comm=1B5B326A path=2FC29B0820E280AE20FF20C3A9225C cause=0D0A netif=07";

    #[test]
    fn nothing_steers_a_terminal() {
        let access = tests::access(HOSTILE);
        let body = Body::Boot;
        let record = Record { node: Some("\x1b[m".into()), body, ..tests::record(tests::LINE) };
        let mut life = Life::default();
        life.loader = Some(b"\x1b]0;x\x07".into());
        let text =
            anstream::adapter::strip_str(&super::text(&record, &access, &life, &TimeZone::UTC))
                .to_string();
        let json = super::json(&record, &access, &life);
        for line in [text.clone(), json.clone()] {
            assert!(line.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{line}");
        }
        assert!(
            text.contains(
                r#"comm="\u{1b}[2j" path="/\u{9b}\u{8} \u{202e} \xff \u{e9}\"\\" netif="\u{7}""#
            ),
            "{text}"
        );
        assert!(text.contains(r"05.953 \u{1b}[m \r\n comm="), "{text}");

        let json: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(json["comm"], "\x1b[2j");
        assert_eq!(json["path"], "/\u{9b}\u{8} \u{202e} \u{fffd} é\"\\");
        assert_eq!(json["raw"], format!("prog-id=1 {HOSTILE}"));
    }

    #[test]
    fn numbers_and_what_is_not_known() {
        let access = tests::access("pid=? ino=18446744073709551615 saddr=::1");
        let json = super::json(&tests::record(tests::LINE), &access, &Life::default());
        let json: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["pid"], &json["ino"], &json["saddr"]),
            (&Json::Null, &json!(u64::MAX), &json!("::1"))
        );
        assert_eq!(
            (&json["time"], &json["program"]["id"]),
            (&json!("2026-11-23T22:39:05.953Z"), &json!(1))
        );
    }
}
