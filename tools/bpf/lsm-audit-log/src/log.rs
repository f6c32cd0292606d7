// SPDX-License-Identifier: GPL-2.0-only

//! Records in a log: a file, which may be followed by its name as it grows and is rotated, or
//! whatever standard input is. Either may be compressed.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;

use crate::output::escape;
use crate::record;
use crate::source::{Event, Gone, Output, Pass};

/// More than any record has: auditd takes 8,970 bytes from the kernel, and adds what it makes of
/// them. A line of a file that isn't a log may be longer.
const LONGEST: u64 = 1 << 16;
/// How often a followed log is looked at.
const PAUSE: Duration = Duration::from_millis(200);

pub struct Log {
    path: PathBuf,
    /// For messages.
    name: String,
    /// Shares its place with `reader`.
    file: File,
    /// None before the first of a pipe is there, which tells whether it is compressed.
    reader: Option<Box<dyn BufRead + Send>>,
    regular: bool,
    /// When it was opened; 0 in /proc, whatever can be read.
    size: u64,
    compressed: bool,
    start: u64,
    /// How much has been read since the start.
    read: u64,
    /// How many lines, and the next as far as it is there.
    lines: u64,
    line: Vec<u8>,
    overlong: bool,
}

enum Stop {
    Gone,
    Failed(String),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Read logs in their order; follow the last one then.
pub fn read(logs: &mut [Log], follow: bool, output: &mut Output) -> Result<(), Gone> {
    let end = match logs {
        [before @ .., last] if follow => before
            .iter_mut()
            .try_for_each(|log| log.rest(output))
            .and_then(|()| last.follow(output)),
        _ if logs.iter().all(|log| log.regular) => read_twice(logs, output),
        _ => logs.iter_mut().try_for_each(|log| log.rest(output)),
    };
    match end {
        Err(Stop::Gone) => Err(Gone),
        Err(Stop::Failed(why)) => output.send(Event::End(Err(why))),
        Ok(()) => output.send(Event::End(Ok(()))),
    }
}

/// The first time to see when programs come and go. What is written to the logs after that isn't
/// there for the second.
fn read_twice(logs: &mut [Log], output: &mut Output) -> Result<(), Stop> {
    output.begin(Pass::Ahead);
    logs.iter_mut().try_for_each(|log| log.rest(output))?;
    output.begin(Pass::Again);
    for log in logs {
        // What is compressed doesn't grow, and is said to be damaged now if it is.
        let end = if log.compressed { u64::MAX } else { log.read };
        log.rewind(log.start)?;
        log.drain(end, output)?;
        log.last_line(output)?;
        let cut = |now: Metadata| log.size > 0 && now.len() < log.start + end;
        if !log.compressed && (log.read < end || log.file.metadata().is_ok_and(cut)) {
            output.trouble(format!(
                "{} was cut short while it was read: what was in it may be missing",
                log.name
            ))?;
        }
    }
    Ok(())
}

/// Open logs; again if they are rotated meanwhile, so that none is missing and none comes twice.
pub fn open(paths: impl Fn() -> Result<Vec<PathBuf>, String>) -> Result<Vec<Log>, String> {
    const TRIES: usize = 10;
    let mut opened = Ok(Vec::new());
    for _ in 0..TRIES {
        opened = paths().and_then(|paths| paths.iter().map(|path| Log::open(path)).collect());
        match &opened {
            Ok(logs) if !logs.iter().all(Log::has_its_name) => {
                opened = Err("the logs are rotated faster than they can be opened".into());
            }
            Ok(_) => break,
            // One that was rotated away, or that isn't there at all.
            Err(_) => (),
        }
    }
    opened
}

/// The log that auditd writes in a folder.
pub fn of_folder(path: &Path) -> Option<PathBuf> {
    path.is_dir().then(|| path.join("audit.log"))
}

/// The logs of these names; in a folder those that auditd writes there.
pub fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let logs = paths.iter().map(|path| match of_folder(path) {
        Some(log) => rotated(&log),
        None => Ok(vec![path.clone()]),
    });
    Ok(logs.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The log that auditd writes.
pub fn of_auditd() -> PathBuf {
    let config = fs::read_to_string("/etc/audit/auditd.conf").unwrap_or_default();
    let log = config.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "log_file").then(|| PathBuf::from(value.trim()))
    });
    log.unwrap_or_else(|| PathBuf::from("/var/log/audit/audit.log"))
}

/// The files beside a log whose names are its own and something that begins with a dot or a dash.
fn beside(log: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = log.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder)
        .map_err(|err| format!("can't read {}: {err}", escape(folder.as_os_str().as_bytes())))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_beside = |suffix: &[u8]| matches!(suffix.first(), Some(b'.' | b'-'));
    Ok(paths.filter(|path| suffix(log, path).is_some_and(is_beside)).collect())
}

/// What stands behind the log's name in another's.
fn suffix<'a>(log: &Path, other: &'a Path) -> Option<&'a [u8]> {
    other.file_name()?.as_bytes().strip_prefix(log.file_name()?.as_bytes())
}

/// The same without what tells that it is compressed.
fn plain_suffix<'a>(log: &Path, other: &'a Path) -> Option<&'a [u8]> {
    let suffix = suffix(log, other)?;
    Some(suffix.strip_suffix(b".gz").unwrap_or(suffix))
}

/// The number of a rotated log, as auditd gives it.
fn number(log: &Path, other: &Path) -> Option<u32> {
    std::str::from_utf8(plain_suffix(log, other)?.strip_prefix(b".")?).ok()?.parse().ok()
}

/// Whether a log is called so when it is rotated: by a number, or by logrotate's date.
fn was_log(log: &Path, other: &Path) -> bool {
    let suffix = plain_suffix(log, other).unwrap_or_default();
    suffix.len() > 1 && suffix.iter().all(|byte| byte.is_ascii_digit() || b".-".contains(byte))
}

/// A log, and before it those that it was before it was rotated, compressed or not.
pub fn rotated(log: &Path) -> Result<Vec<PathBuf>, String> {
    let others = beside(log)?.into_iter();
    let mut logs: Vec<_> = others.filter_map(|other| Some((number(log, &other)?, other))).collect();
    logs.sort_by(|one, other| other.cmp(one));
    Ok(logs.into_iter().map(|(_, path)| path).chain([log.to_owned()]).collect())
}

/// Say which files of a folder may be logs and aren't read: auditd gives no such names, but
/// logrotate does.
pub fn name_others(logs: &[PathBuf]) {
    for log in logs {
        let mut others = beside(log).unwrap_or_default();
        others.retain(|other| number(log, other).is_none());
        others.sort();
        for other in others {
            let other = escape(other.as_os_str().as_bytes());
            crate::say(&format!("{other} is left out: name it if it is a log, too"));
        }
    }
}

impl Log {
    pub fn open(path: &Path) -> Result<Self, String> {
        let stdin = path.as_os_str() == "-";
        let (name, file) = if stdin {
            let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
            ("standard input".into(), file)
        } else {
            (escape(path.as_os_str().as_encoded_bytes()), File::open(path))
        };
        let open = file.and_then(|mut file| {
            let metadata = file.metadata()?;
            let (regular, size) = (metadata.is_file(), metadata.len());
            // Somebody may have read a part of standard input.
            let start = if regular { file.stream_position()? } else { 0 };
            Ok((file, regular, size, start))
        });
        let (file, regular, size, start) =
            open.map_err(|err| format!("can't open {name}: {err}"))?;
        let mut log = Self {
            path: path.into(),
            name,
            file,
            reader: None,
            regular,
            size,
            compressed: false,
            start,
            read: 0,
            lines: 0,
            line: Vec::new(),
            overlong: false,
        };
        if regular {
            log.begin()?;
        }
        Ok(log)
    }

    /// Look at the beginning.
    fn begin(&mut self) -> Result<(), String> {
        let name = &self.name;
        let (reader, compression) =
            reader(&self.file).map_err(|err| format!("can't read {name}: {err}"))?;
        if let Compression::Other(tool) = compression {
            let command = if self.path.as_os_str() == "-" {
                String::new()
            } else {
                format!(": {tool} -dc {} | lsm-audit-log -", quoted(&self.path))
            };
            return Err(format!(
                "{name} is compressed by {tool}, which this doesn't read{command}"
            ));
        }
        self.compressed = compression == Compression::Gzip;
        self.reader = Some(reader);
        Ok(())
    }

    /// Whether the file has not been renamed since it was opened.
    fn has_its_name(&self) -> bool {
        let same = || Some(is_same(&fs::metadata(&self.path).ok()?, &self.file.metadata().ok()?));
        self.path.as_os_str() == "-" || same().unwrap_or(false)
    }

    pub fn can_be_followed(&self) -> bool {
        self.regular && !self.compressed && self.path.as_os_str() != "-"
    }

    fn failed(&self, err: &io::Error) -> Stop {
        Stop::Failed(format!("can't read {}: {err}", self.name))
    }

    fn rewind(&mut self, start: u64) -> Result<(), Stop> {
        (self.start, self.read, self.lines) = (start, 0, 0);
        self.file.seek(SeekFrom::Start(start)).map_err(|err| self.failed(&err))?;
        self.begin().map_err(Stop::Failed)?;
        Ok(())
    }

    fn rest(&mut self, output: &mut Output) -> Result<(), Stop> {
        self.drain(u64::MAX, output)?;
        self.last_line(output)
    }

    /// Take the last line, which should have been taken for its end.
    fn last_line(&mut self, output: &mut Output) -> Result<(), Stop> {
        let line = self.line.trim_ascii();
        // What is no record is said then.
        if !line.is_empty() && record::parse_line(line).is_ok() {
            let excerpt = escape(line.get(..120).unwrap_or(line));
            output
                .note(format!("{} ends inside a line, which may be cut: {excerpt}", self.name))?;
        }
        if line.is_empty() {
            self.line.clear();
        }
        self.take_line(output)
    }

    /// Read whole lines until there is no more, or so much has been read.
    fn drain(&mut self, end: u64, output: &mut Output) -> Result<(), Stop> {
        loop {
            let room = LONGEST.saturating_sub(self.line.len() as u64).min(end - self.read);
            let before = self.line.len();
            let Some(reader) = &mut self.reader else {
                self.begin().map_err(Stop::Failed)?;
                continue;
            };
            let more = reader.take(room).read_until(b'\n', &mut self.line);
            self.read += (self.line.len() - before) as u64;
            match more {
                // The disk is well, and other logs may be.
                Err(err) if self.compressed && err.raw_os_error().is_none() => {
                    self.line.clear();
                    return Ok(output.trouble(format!("{} is damaged: {err}", self.name))?);
                }
                more => more.map_err(|err| self.failed(&err))?,
            };
            if self.line.ends_with(b"\n") {
                self.take_line(output)?;
            } else if self.line.len() as u64 == LONGEST {
                self.overlong = true;
                self.line.clear();
            } else {
                return Ok(());
            }
        }
    }

    /// Take the line that has been read, if there is one; it may be the last and have no end.
    fn take_line(&mut self, output: &mut Output) -> Result<(), Stop> {
        if self.line.is_empty() && !self.overlong {
            return Ok(());
        }
        self.lines += 1;
        let place = || format!("line {} of {}", self.lines, self.name);
        if self.overlong {
            output.trouble(format!("{} is longer than any record", place()))?;
        } else {
            let line = self.line.trim_ascii_end();
            let begin = record::beginnings(line);
            let ends = begin.iter().skip(1).copied().chain([line.len()]);
            for (number, (&at, end)) in begin.iter().zip(ends).enumerate() {
                let part = line.get(at..end).unwrap_or_default();
                let record = record::parse_line(part);
                let is_closed = matches!(&record, Ok(Some(record)) if record.is_closed());
                let is_malformed = record.is_err();
                let is_cut = matches!(record, Ok(Some(_))) && record::may_be_cut(part);
                output.record(record, part, place)?;
                if is_cut {
                    output.trouble(format!(
                        "{} may have lost its end: auditd writes no more behind its node",
                        place()
                    ))?;
                }
                let rest = line.get(end..).unwrap_or_default();
                if rest.is_empty() || is_malformed {
                    break;
                }
                if !is_closed {
                    let excerpt = escape(rest.get(..120).unwrap_or(rest));
                    output.trouble(format!(
                        "{} has what looks like a record inside of another, and may be forged: \
                         {excerpt}",
                        place()
                    ))?;
                    break;
                }
                if number == 0 {
                    output.trouble(format!(
                        "{} holds {} records: the end of a line was lost",
                        place(),
                        begin.len()
                    ))?;
                }
            }
        }
        self.line.clear();
        self.overlong = false;
        Ok(())
    }

    fn follow(&mut self, output: &mut Output) -> Result<(), Stop> {
        loop {
            self.drain(u64::MAX, output)?;
            let old = self.file.metadata().map_err(|err| self.failed(&err))?;
            match fs::metadata(&self.path) {
                Ok(new) if !is_same(&new, &old) => self.next(&old, output)?,
                Ok(new) if new.len() < self.start + self.read => {
                    self.last_line(output)?;
                    output.send(Event::Trouble(format!(
                        "{} was cut short, and is read from its start: what was written to it just \
                         before may be missing",
                        self.name
                    )))?;
                    self.rewind(0)?;
                }
                Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(self.failed(&err)),
                // It stays as it is, or there will be a new one.
                _ => sleep(PAUSE),
            }
        }
    }

    /// Go on with the file that has the name now. The old one, which has been renamed, is read
    /// to its end.
    fn next(&mut self, old: &Metadata, output: &mut Output) -> Result<(), Stop> {
        self.rest(output)?;
        *self = Self::open(&self.path).map_err(Stop::Failed)?;
        output
            .send(Event::Note(format!("{} was rotated: going on with the new one", self.name)))?;

        // Those that were the log after the one that was read, whatever they are called now.
        let others = beside(&self.path).unwrap_or_default();
        let between = others.iter().find(|path| {
            let is = |other: Metadata| {
                let later = (other.mtime(), other.mtime_nsec()) > (old.mtime(), old.mtime_nsec());
                later && !is_same(&other, old)
            };
            // While it is made, a compressed one lies beside what it is made of.
            let is_half =
                path.extension() == Some(OsStr::new("gz")) && path.with_extension("").exists();
            was_log(&self.path, path) && !is_half && fs::metadata(path).is_ok_and(is)
        });
        if let Some(between) = between {
            output.trouble(format!(
                "{} was rotated more than once: {} was it meanwhile, and is missing here",
                self.name,
                escape(between.as_os_str().as_bytes())
            ))?;
        }
        Ok(())
    }
}

#[derive(PartialEq)]
enum Compression {
    Plain,
    Gzip,
    /// By this program.
    Other(&'static str),
}

/// A reader of the file from its place on; it may have read some of it.
fn reader(file: &File) -> io::Result<(Box<dyn BufRead + Send>, Compression)> {
    let mut plain = BufReader::new(file.try_clone()?);
    Ok(match plain.fill_buf()? {
        [0x1f, 0x8b, ..] => {
            (Box::new(BufReader::new(MultiGzDecoder::new(plain))), Compression::Gzip)
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => (Box::new(plain), Compression::Other("xz")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (Box::new(plain), Compression::Other("zstd")),
        [b'B', b'Z', b'h', ..] => (Box::new(plain), Compression::Other("bzip2")),
        _ => (Box::new(plain), Compression::Plain),
    })
}

/// A name as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.as_os_str().as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    match std::str::from_utf8(path) {
        Ok(text) if path.iter().all(plain) => text.into(),
        Ok(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => "FILE".into(),
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests;
