// SPDX-License-Identifier: GPL-2.0-only

//! Logs that grow, are rotated, compressed or damaged, and what is read of them.

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

#[test]
fn cut_by_auditd() {
    let folder = Folder::new("cut-by-auditd");
    let long = |node: &str, len: usize| {
        let line = format!("{node}{}", line(1).trim_end());
        let (before, path) = line.split_once("path=\"").unwrap();
        let rest = path.split_once('"').unwrap().1;
        let path = "x".repeat(len - before.len() - "path=\"\"".len() - rest.len());
        // What auditd adds is behind what it cuts.
        format!("{before}path=\"{path}\"{rest}\x1dAUID=\"unset\"\n")
    };
    let whole = long("", 8969) + &long("node=a ", 8968);
    let whole = folder.write("whole", &whole);
    let cut = folder.write("cut", &long("node=a ", 8969));
    let events = start(&[whole, cut], false);
    let all: Vec<String> = (0..8).map(|_| next(&events)).collect();
    let told: Vec<_> = all.iter().filter(|event| event.contains("lost its end")).collect();
    assert!(matches!(&told[..], [one] if one.starts_with("line 1 of ")), "{all:?}");
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

    for (name, start, tool) in [("a", b"\xfd7zXZ\0", "xz"), ("b", b"\x28\xb5\x2f\xfd00", "zstd")] {
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
    let log = folder.write("log", &format!("{}{}{}x{}", one.trim_end(), line(2), "junk", line(3)));
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
    assert!(missing.contains("more than once: ") && missing.contains("log-20261125"), "{missing}");
    assert_eq!(next(&events), "5 as 6");
}
