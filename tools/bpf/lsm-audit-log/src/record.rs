// SPDX-License-Identifier: GPL-2.0-only

//! What an audit record says: of a BPF LSM program's access, and of programs coming and going.

use jiff::Timestamp;

/// The name and number of each record type that matters here.
const TYPES: [(&str, u16); 7] = [
    ("DAEMON_START", 1200),
    ("SYSCALL", 1300),
    ("EOE", 1320),
    ("BPF", 1334),
    ("URINGOP", 1336),
    ("BPF_LSM_ACCESS", 1427),
    ("KERNEL", 2000),
];

/// Keys whose value is in quotes, or in bare hex if it holds what a quoted string can't.
const STRINGS: [&str; 8] = ["comm", "cause", "path", "dev", "name", "ocomm", "exe", "key"];

/// Keys whose value is a decimal number.
const NUMBERS: [&str; 24] = [
    "prog-id",
    "rule-id",
    "pid",
    "capability",
    "ino",
    "opid",
    "lport",
    "fport",
    "src",
    "dest",
    // Of a system call; its arguments are in hex.
    "syscall",
    "uring_op",
    "items",
    "ppid",
    "auid",
    "uid",
    "gid",
    "euid",
    "suid",
    "fsuid",
    "egid",
    "sgid",
    "fsgid",
    "ses",
];

/// A machine, as a log that several machines send their records to calls it. Each has programs,
/// serials and a clock of its own. A log of one machine need not name it.
pub type Node = Option<Vec<u8>>;

/// What the records of one system call have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    pub node: Node,
    pub time: Timestamp,
    pub serial: u64,
}

/// A record, without what isn't used of it.
#[derive(Debug, PartialEq)]
pub struct Record {
    pub event: Event,
    pub body: Body,
}

impl Record {
    /// Whether no part of its text can look like the start of another record. What others chose
    /// has no blanks in the records of programs. A system call's may have: a profile of `AppArmor`,
    /// in `subj=`, and so may records of the types that aren't read here.
    pub fn is_closed(&self) -> bool {
        !matches!(self.body, Body::Call { .. } | Body::DaemonStart)
    }
}

#[derive(Debug, PartialEq)]
pub enum Body {
    /// What a program reported.
    Access(Access),
    /// A program of this id has been loaded.
    Load(u32),
    /// The program of this id goes.
    Unload(u32),
    /// The system call, or the operation of `io_uring`, that the event's other records belong to.
    Call { kind: u16, text: Vec<u8> },
    /// The event has no more records. (The kernel says so; auditd leaves it out of its log.)
    End,
    /// The kernel has started: ids and serials begin anew.
    Boot,
    /// The audit daemon has started. It gives serials of its own.
    DaemonStart,
}

/// Keys and values in the order of the record. A key may come twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub Vec<(String, Value)>);

#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    pub id: u32,
    /// Without `prog-id`.
    pub fields: Fields,
    /// The text that this was made from.
    pub raw: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any bytes but NUL: somebody chose them.
    Text(Vec<u8>),
    Number(u64),
    /// What a system call returned.
    Code(i64),
    /// Neither: an address, a number in hex, or of a key that isn't known.
    Bare(Vec<u8>),
    /// A bare question mark.
    Unknown,
}

impl Fields {
    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn text(&self, key: &str) -> Option<&[u8]> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What a system call's record says; None if it isn't one.
    pub fn of_call(text: &[u8]) -> Option<Self> {
        split_call(text).ok().map(Self::decode)
    }

    fn decode(fields: Vec<(&str, &[u8])>) -> Self {
        Self(fields.into_iter().map(|(key, raw)| (key.to_owned(), decode(key, raw))).collect())
    }
}

/// Why a text is not a record, as the end of "line 7 ...".
pub type Malformed = &'static str;

/// Read a line of a log; None if it is a record of a type that doesn't matter here,
/// or stands between records.
pub fn parse_line(line: &[u8]) -> Result<Option<Record>, Malformed> {
    let line = line.trim_ascii();
    // These are ausearch's.
    if line.is_empty() || line == b"----" || line.starts_with(b"time->") {
        return Ok(None);
    }

    let (node, line) = match line.strip_prefix(b"node=") {
        Some(rest) => {
            let (node, rest) = split_once(rest, b' ').ok_or("ends after its node")?;
            (Some(node.to_vec()), rest)
        }
        None => (None, line),
    };
    let line = line.strip_prefix(b"type=").ok_or("doesn't begin with a type")?;
    let (name, line) = split_once(line, b' ').ok_or("ends after its type")?;
    let line = line.trim_ascii_start();
    let text = line.strip_prefix(b"msg=").unwrap_or(line);

    let mut record = parse(type_of(name), text)?;
    if let Some(record) = &mut record {
        record.event.node = node;
    }
    Ok(record)
}

/// Whether auditd may have cut the record: it has room for 8,969 bytes (`format_raw()` in its
/// src/auditd-event.c), and the kernel leaves none of it for the node's name.
pub fn may_be_cut(line: &[u8]) -> bool {
    let raw = line.split(|&byte| byte == 0x1d).next().unwrap_or(line);
    raw.starts_with(b"node=") && raw.len() >= 8969
}

/// Where records seem to begin in a line: more than one do where the end of a line was lost, or
/// where somebody chose a text so, which is possible in some records: see [`Record::is_closed`].
pub fn beginnings(line: &[u8]) -> Vec<usize> {
    let mut begin = vec![0];
    for (at, _) in line.windows(5).enumerate().filter(|(_, text)| text == b"type=") {
        let (before, record) = line.split_at_checked(at).unwrap_or_default();
        let node = || {
            let before = before.strip_suffix(b" ")?;
            let word = before.iter().rposition(|&byte| byte == b' ').map_or(0, |blank| blank + 1);
            let at = before.get(word..)?.windows(5).rposition(|text| text == b"node=")?;
            Some(word + at)
        };
        if has_stamp(record) {
            begin.push(node().unwrap_or(at));
        }
    }
    begin.dedup();
    begin
}

/// Whether there is a time and a serial behind the type that this begins with.
fn has_stamp(text: &[u8]) -> bool {
    // More than any type, blanks, time and serial have.
    let text = text.get(..200).unwrap_or(text);
    let stamp = || {
        let (_, rest) = split_once(text, b' ')?;
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"msg=").unwrap_or(rest).strip_prefix(b"audit(")?;
        parse_stamp(split_once(rest, b')')?.0)
    };
    stamp().is_some()
}

/// Read the text of a record as the kernel gives it.
pub fn parse(kind: u16, text: &[u8]) -> Result<Option<Record>, Malformed> {
    const NO_STAMP: Malformed = "has no time and serial";
    let rest = text.strip_prefix(b"audit(").ok_or(NO_STAMP)?;
    let (stamp, body) = split_once(rest, b')').ok_or(NO_STAMP)?;
    if kind == 0 && body.starts_with(b": prog-id=") {
        return Err("is of a type that isn't known, and has a prog-id");
    }
    if TYPES.iter().all(|&(_, number)| number != kind) {
        return Ok(None);
    }
    let (time, serial) = parse_stamp(stamp).ok_or(NO_STAMP)?;

    // Behind this character auditd may add what it makes of the record.
    let body = body.strip_prefix(b":").ok_or(NO_STAMP)?;
    let body = body.split(|&byte| byte == 0x1d).next().unwrap_or(body).trim_ascii();

    let body = match kind {
        1427 => Body::Access(parse_access(body)?),
        1334 => parse_program(body)?,
        1300 | 1336 => {
            split_call(body)?;
            Body::Call { kind, text: body.to_vec() }
        }
        1320 => Body::End,
        1200 => Body::DaemonStart,
        _ => Body::Boot,
    };
    Ok(Some(Record { event: Event { node: None, time, serial }, body }))
}

/// A type's number, from its name, its number, or what auditd ("UNKNOWN[1427]") and journald
/// ("AUDIT1427") call a type that they don't know; 0 if it doesn't matter.
fn type_of(name: &[u8]) -> u16 {
    let known = TYPES.iter().find(|(text, _)| text.as_bytes() == name);
    let unknown = name.strip_prefix(b"UNKNOWN[").and_then(|rest| rest.strip_suffix(b"]"));
    let number = unknown.or_else(|| name.strip_prefix(b"AUDIT")).unwrap_or(name);
    known.map(|&(_, number)| number).or_else(|| parse_number(number)).unwrap_or(0)
}

/// "1795473545.953:38"
fn parse_stamp(stamp: &[u8]) -> Option<(Timestamp, u64)> {
    let (time, serial) = split_once(stamp, b':')?;
    let (seconds, millis) = split_once(time, b'.')?;
    let seconds: i64 = parse_number(seconds)?;
    let millis: u16 = parse_number(millis)?;
    let millis = seconds.checked_mul(1000)?.checked_add(millis.into())?;
    Some((Timestamp::from_millisecond(millis).ok()?, parse_number(serial)?))
}

fn parse_access(body: &[u8]) -> Result<Access, Malformed> {
    const HEAD: [&str; 3] = ["prog-id", "pid", "comm"];
    let mut fields = split(body)?;
    let id = program_id(&fields)?;
    // A part of an id or of a pid would be another's.
    if !fields.iter().map(|(key, _)| *key).take(HEAD.len()).eq(HEAD) {
        return Err("doesn't begin as all records of programs, or was cut");
    }
    fields.retain(|(key, _)| *key != "prog-id");
    Ok(Access { id, fields: Fields::decode(fields), raw: lossy(body) })
}

fn parse_program(body: &[u8]) -> Result<Body, Malformed> {
    let fields = split(body)?;
    let id = program_id(&fields)?;
    match find(&fields, "op") {
        Some(Value::Bare(op)) if op == b"LOAD" => Ok(Body::Load(id)),
        Some(Value::Bare(op)) if op == b"UNLOAD" => Ok(Body::Unload(id)),
        _ => Err("is neither a program's LOAD nor its UNLOAD"),
    }
}

fn program_id(fields: &[(&str, &[u8])]) -> Result<u32, Malformed> {
    if fields.iter().filter(|(key, _)| *key == "prog-id").count() > 1 {
        return Err("has more than one prog-id");
    }
    let id = match find(fields, "prog-id") {
        Some(Value::Number(id)) => u32::try_from(id).ok(),
        _ => None,
    };
    id.ok_or("has no prog-id")
}

fn find(fields: &[(&str, &[u8])], wanted: &str) -> Option<Value> {
    let (key, raw) = fields.iter().find(|(key, _)| *key == wanted)?;
    Some(decode(key, raw))
}

/// Split the text of a system call, whose `subj=` may hold blanks, equals signs and quotes. What
/// stands before it can't be chosen so, and `key=` is the last.
fn split_call(text: &[u8]) -> Result<Vec<(&str, &[u8])>, Malformed> {
    const SUBJ: &[u8] = b" subj=";
    let Some(at) = text.windows(SUBJ.len()).position(|part| part == SUBJ) else {
        return split(text);
    };
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, b""));
    let rest = rest.get(SUBJ.len()..).unwrap_or_default();
    let end = rest.windows(5).rposition(|part| part == b" key=").unwrap_or(rest.len());
    let (subj, key) = rest.split_at_checked(end).unwrap_or((rest, b""));

    let mut fields = split(before)?;
    fields.push(("subj", subj));
    fields.extend(split(key)?);
    Ok(fields)
}

/// Split a record's text into keys and values as they stand there, quotes included.
fn split(mut text: &[u8]) -> Result<Vec<(&str, &[u8])>, Malformed> {
    let mut fields = Vec::new();
    loop {
        text = text.trim_ascii_start();
        if text.is_empty() {
            return Ok(fields);
        }
        let (key, rest) = split_once(text, b'=').ok_or("has something that is no field")?;
        let key = std::str::from_utf8(key).ok().filter(|key| is_key(key)).ok_or("has a bad key")?;
        let end = match rest.strip_prefix(b"\"") {
            Some(inner) => 2 + position(inner, b'"').ok_or("has a quote that isn't closed")?,
            None => position(rest, b' ').unwrap_or(rest.len()),
        };
        let (value, rest) = rest.split_at_checked(end).ok_or("ends inside a value")?;
        if !(rest.is_empty() || rest.starts_with(b" ")) {
            return Err("has something behind a quoted value");
        }
        fields.push((key, value));
        text = rest;
    }
}

fn is_key(key: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !key.is_empty() && key.chars().all(good)
}

fn decode(key: &str, raw: &[u8]) -> Value {
    let quoted = raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    if let Some(text) = quoted {
        return Value::Text(text.to_vec());
    }
    let bare = || Value::Bare(raw.to_vec());
    match key {
        _ if raw == b"?" => Value::Unknown,
        _ if NUMBERS.contains(&key) => parse_number(raw).map_or_else(bare, Value::Number),
        "exit" => signed(raw).map_or_else(bare, Value::Code),
        _ if STRINGS.contains(&key) => unhex(raw).map_or_else(bare, Value::Text),
        // Without quotes even if it is plain; a name that could be taken for hex is in hex.
        "netif" => Value::Text(unhex(raw).unwrap_or_else(|| raw.to_vec())),
        _ => bare(),
    }
}

/// Upper-case hex, as audit writes it.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let pairs = text.chunks(2).map(|pair| match pair {
        &[high, low] => Some((digit(high)? << 4) | digit(low)?),
        _ => None,
    });
    if text.is_empty() { None } else { pairs.collect() }
}

fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => parse_number(digits).map(|number: i64| -number),
        None => parse_number(text),
    }
}

/// Digits only: Rust's own parsing takes a sign as well.
fn parse_number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(text).ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|&other| other == byte)
}

fn split_once(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = position(text, byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
pub mod tests;
