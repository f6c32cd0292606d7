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
    let name = log.file_name().unwrap_or_default();
    let folder = log.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder)
        .map_err(|err| format!("can't read {}: {err}", escape(folder.as_os_str().as_bytes())))?;
    let is_beside = |other: &OsStr| {
        let rest = other.as_bytes().strip_prefix(name.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b".") || rest.starts_with(b"-"))
    };
    let names = entries.flatten().filter(|entry| is_beside(&entry.file_name()));
    Ok(names.map(|entry| entry.path()).collect())
}

/// The number of a rotated log, as auditd gives it.
fn number(log: &Path, other: &Path) -> Option<u32> {
    let name = other.file_name()?.as_bytes().strip_prefix(log.file_name()?.as_bytes())?;
    let rest = name.strip_prefix(b".")?;
    std::str::from_utf8(rest.strip_suffix(b".gz").unwrap_or(rest)).ok()?.parse().ok()
}

/// Whether a log is called so when it is rotated: by a number, or by logrotate's date.
fn was_log(log: &Path, other: &Path) -> bool {
    let name = other.file_name().zip(log.file_name());
    let rest = name.and_then(|(other, log)| other.as_bytes().strip_prefix(log.as_bytes()));
    let rest = rest.map(|rest| rest.strip_suffix(b".gz").unwrap_or(rest)).unwrap_or_default();
    rest.len() > 1 && rest.iter().all(|byte| byte.is_ascii_digit() || b".-".contains(byte))
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
                output.record(record, part, place)?;
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
mod tests {
    use std::io::Write;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::thread;

    use super::*;
    use crate::record::tests::LINE;

    /// A folder that goes with this.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            let mut file = File::options().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn start(paths: &[PathBuf], follow: bool) -> Receiver<Event> {
        let (sender, events) = sync_channel(100);
        let mut logs: Vec<Log> = paths.iter().map(|path| Log::open(path).unwrap()).collect();
        thread::spawn(move || read(&mut logs, follow, &mut Output::new(sender)));
        events
    }

    fn next(events: &Receiver<Event>) -> String {
        match events.recv_timeout(Duration::from_secs(20)).unwrap() {
            Event::Record { record, pass: Pass::Ahead, .. } => {
                format!("ahead {}", record.event.serial)
            }
            Event::Record { record, number, .. } => format!("{} as {number}", record.event.serial),
            Event::Trouble(what) | Event::Note(what) => what,
            Event::End(end) => format!("{end:?}"),
        }
    }

    fn line(serial: u32) -> String {
        LINE.replace(":38)", &format!(":{serial})")) + "\n"
    }

    #[test]
    fn two_logs_twice() {
        let folder = Folder::new("twice");
        let bad = format!("{}junk\n", "x".repeat(3 << 20));
        let one = folder.write("one", &(line(1) + &bad + "junk\x1b\n" + &line(2)));
        let two = folder.write("two", line(3).trim_end());
        let cut = folder.write("cut", "type=BPF_LS");
        let events = start(&[one, two, cut], false);
        for expected in ["ahead 1", "ahead 2", "ahead 3", "1 as 1"] {
            assert_eq!(next(&events), expected);
        }
        assert!(next(&events).ends_with("one is longer than any record"));
        assert!(next(&events).ends_with(r"one doesn't begin with a type: junk\u{1b}"));
        assert_eq!(next(&events), "2 as 2");
        assert!(next(&events).contains("two ends inside a line, which may be cut: type="));
        assert_eq!(next(&events), "3 as 3");
        assert!(next(&events).contains("cut ends after its type"));
        assert_eq!(next(&events), "Ok(())");
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed() {
        let folder = Folder::new("compressed");
        // As logrotate makes it, and as two of these make one.
        let gz = folder.0.join("log.1.gz");
        fs::write(&gz, [gzip(&line(1)), gzip(&line(2))].concat()).unwrap();
        let cut = folder.0.join("log.2.gz");
        let whole = gzip(&(1000..2000).map(line).collect::<String>());
        fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        let plain = folder.write("log", &line(3));
        assert!(!Log::open(&gz).unwrap().can_be_followed());

        let events = start(&[gz, cut, plain], false);
        let mut all = Vec::new();
        while all.last().is_none_or(|last: &String| !last.contains("(())")) {
            all.push(next(&events));
        }
        let ahead = all.iter().filter(|event| event.starts_with("ahead ")).count();
        assert!((4..1000).contains(&ahead), "{ahead}");
        let again = all.split_off(ahead);
        assert_eq!(again[..3], ["1 as 1", "2 as 2", "1000 as 3"]);
        let [.., damaged, last, end] = again.as_slice() else { panic!("{again:?}") };
        assert!(damaged.contains("log.2.gz is damaged"), "{damaged}");
        assert_eq!((last, end), (&format!("3 as {ahead}"), &"Ok(())".into()));
        assert_eq!(again.len(), ahead + 2);

        for (name, start, tool) in
            [("a", b"\xfd7zXZ\0", "xz"), ("b", b"\x28\xb5\x2f\xfd00", "zstd")]
        {
            let path = folder.0.join(name);
            fs::write(&path, start).unwrap();
            assert!(Log::open(&path).err().unwrap().contains(&format!("{tool} -dc ")));
        }
    }

    #[test]
    fn rotated_ones() {
        let folder = Folder::new("rotated");
        for name in ["log", "log.1", "log.2.gz", "log.10", "log.x", "log2", "other.1"] {
            folder.write(name, "");
        }
        let logs = rotated(&folder.0.join("log")).unwrap();
        let names: Vec<_> = logs.iter().map(|log| log.file_name().unwrap()).collect();
        assert_eq!(names, ["log.10", "log.2.gz", "log.1", "log"]);
    }

    #[test]
    fn those_of_a_folder() {
        let folder = Folder::new("named");
        let last = folder.write("audit.log.1", "");
        let log = folder.write("audit.log", "");
        let other = folder.write("other", "");
        let paths = [folder.0.clone(), other.clone(), "-".into()];
        assert_eq!(named(&paths).unwrap(), [last, log, other, "-".into()]);
    }

    #[test]
    fn rotated_while_they_are_opened() {
        let folder = Folder::new("opened");
        let (last, log) = (folder.0.join("log.1"), folder.write("log", &line(1)));
        folder.write("log.1", &line(0));
        let opened = Log::open(&log).unwrap();
        assert!(opened.has_its_name());

        // At the first try it has gone, at the second it is there again.
        let tries = std::cell::Cell::new(0);
        let paths = || {
            match tries.replace(tries.get() + 1) {
                0 => fs::rename(&log, &last).unwrap(),
                _ => drop(folder.write("log", &line(2))),
            }
            Ok(vec![last.clone(), log.clone()])
        };
        assert_eq!(open(paths).unwrap().len(), 2);
        assert_eq!(tries.get(), 2);
        assert!(!opened.has_its_name());
        assert!(open(|| Ok(vec![folder.0.join("none")])).is_err());
    }

    #[test]
    fn glued() {
        let folder = Folder::new("glued");
        let one = line(1);
        let log =
            folder.write("log", &format!("{}{}{}x{}", one.trim_end(), line(2), "junk", line(3)));
        let events = start(&[log], false);
        for expected in ["ahead 1", "ahead 2", "1 as 1"] {
            assert_eq!(next(&events), expected);
        }
        assert!(next(&events).contains("line 1 of "));
        assert_eq!(next(&events), "2 as 2");
        assert!(next(&events).contains("doesn't begin with a type: junkx"));
        assert_eq!(next(&events), "Ok(())");
    }

    /// A record of another type has text that somebody chose.
    #[test]
    fn forged() {
        let folder = Folder::new("forged");
        let boot = "type=KERNEL msg=audit(1795473545.953:9): state=initialized";
        let user = "type=USER msg=audit(1795473545.953:8): pid=1 msg='hello";
        let call = "type=SYSCALL msg=audit(1795473545.953:8): uid=5 subj=my profile";
        let text = format!("{user} {boot} {}{call} {boot} {}", line(1), line(1));
        let log = folder.write("log", &(text + &line(2)));
        let events = start(&[log], false);
        assert_eq!((next(&events), next(&events)), ("ahead 8".into(), "ahead 2".into()));
        let forged = |line: &str, said: String| {
            assert!(said.contains(line) && said.contains("may be forged: type=KERNEL"), "{said}");
        };
        forged("line 1 of ", next(&events));
        assert_eq!(next(&events), "8 as 1");
        forged("line 2 of ", next(&events));
        assert_eq!((next(&events), next(&events)), ("2 as 2".into(), "Ok(())".into()));
    }

    #[test]
    fn followed() {
        let folder = Folder::new("followed");
        let log = folder.write("log", &line(1));
        let events = start(std::slice::from_ref(&log), true);
        assert_eq!(next(&events), "1 as 1");

        // A line comes in two parts, the second into a file that has been renamed.
        let (begin, end) = (&line(2)[..50], &line(2)[50..]);
        folder.write("log", begin);
        thread::sleep(2 * PAUSE);
        fs::rename(&log, folder.0.join("log.1")).unwrap();
        folder.write("log.1", end);
        folder.write("log", &line(3));
        assert_eq!(next(&events), "2 as 2");
        assert!(next(&events).ends_with("log was rotated: going on with the new one"));
        assert_eq!(next(&events), "3 as 3");

        fs::write(&log, "").unwrap();
        assert!(next(&events).contains("log was cut short"));
        folder.write("log", &line(4));
        assert_eq!(next(&events), "4 as 4");

        // What was in between isn't there.
        let rotate = |name: &str| {
            fs::rename(&log, folder.0.join(name)).unwrap();
            folder.write("log.new", &line(5));
            sleep(Duration::from_millis(50));
            fs::rename(folder.0.join("log.new"), &log).unwrap();
        };
        // Neither what logtail keeps there, nor what is being compressed, is a log.
        for name in ["log.offset", "log-20261124.gz"] {
            let later = fs::File::create(folder.0.join(name)).unwrap();
            later.set_modified(std::time::SystemTime::now() + Duration::from_secs(5)).unwrap();
        }
        rotate("log-20261124");
        assert!(next(&events).contains("was rotated: "));
        assert_eq!(next(&events), "5 as 5");
        let between = folder.0.join("log-20261125");
        fs::write(&between, line(6)).unwrap();
        let later = fs::File::open(&between).unwrap();
        later.set_modified(std::time::SystemTime::now() + Duration::from_secs(5)).unwrap();
        rotate("log-20261126");
        assert!(next(&events).contains("was rotated: "));
        let missing = next(&events);
        assert!(
            missing.contains("more than once: ") && missing.contains("log-20261125"),
            "{missing}"
        );
        assert_eq!(next(&events), "5 as 6");
    }
}
