// SPDX-License-Identifier: GPL-2.0-only

//! The command as its users run it: what goes in, what comes out, and how it ends.

#![expect(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

const HEAD: &str = "type=1427 msg=audit(";

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lsm-audit-log"));
    command.arg("--no-kernel").env("TZ", "UTC");
    command
}

/// On pipes.
fn start(options: &[&str]) -> Child {
    command()
        .args(options)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// With this on standard input.
fn run(options: &[&str], input: &[u8]) -> Output {
    let mut child = start(options);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shown(options: &[&str], input: &str) -> Vec<String> {
    let output = run(options, input.as_bytes());
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

/// A file that goes with this.
struct Log(PathBuf);

impl Log {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn many(count: u32) -> String {
    let line =
        |n| format!("{HEAD}1795473545.953:{n}): prog-id=1 pid={n} comm=\"sh\" cause=\"c\"\n");
    (0..count).map(line).collect()
}

/// Wait until it has filled the pipe that nobody reads.
fn until_full(pipe: &OwnedFd) {
    let mut polled = [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)];
    let start = Instant::now();
    while poll(&mut polled, PollTimeout::ZERO) == Ok(1) {
        assert!(start.elapsed() < Duration::from_secs(60), "it writes nothing");
        sleep(Duration::from_millis(20));
    }
}

fn terminate(child: &Child) {
    let kill = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success());
}

fn end(child: &mut Child, within: Duration) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > within {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it goes on");
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn machines_are_not_mixed() {
    let log = "\
        node=a type=BPF msg=audit(100.000:1): prog-id=7 op=LOAD\n\
        node=a type=SYSCALL msg=audit(100.000:1): syscall=321 exe=\"/bin/a\"\n\
        node=b type=1427 msg=audit(150.000:1): prog-id=7 pid=1 comm=\"x\" cause=\"c\"\n\
        node=b type=SYSCALL msg=audit(150.000:1): syscall=59 uid=5 exe=\"/bin/b\"\n\
        node=a type=1427 msg=audit(150.000:1): prog-id=7 pid=1 comm=\"x\" cause=\"c\"\n\
        node=a type=SYSCALL msg=audit(150.000:1): syscall=59 uid=6 exe=\"/bin/c\"\n\
        node=b type=KERNEL msg=audit(160.000:2): state=initialized\n\
        node=a type=1427 msg=audit(170.000:2): prog-id=7 pid=1 comm=\"x\" cause=\"c\"\n";
    let file = Log::new("nodes", log.as_bytes());
    let output = command().arg(&file.0).output().unwrap();
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    let by_a = "by program 7, loaded 1970-01-01 00:01:40 by /bin/a";
    let unknown = "by program 7, of which nothing is known";
    for (line, node, end) in [
        (&lines[0], " b c ", format!("uid=5 exe=\"/bin/b\" {unknown}")),
        (&lines[1], " a c ", format!("uid=6 exe=\"/bin/c\" {by_a}")),
        (&lines[2], " a c ", by_a.into()),
    ] {
        assert!(line.contains(node) && line.ends_with(&end), "{line}");
    }
    assert_eq!(lines.len(), 3);

    assert_eq!(shown(&["--node", "b"], log).len(), 1);
    let stats = shown(&["--stats"], log);
    assert!(stats[3].contains(" a ") && stats[4].contains(" b "), "{stats:?}");
    assert!(stats[3].starts_with("        2 ") && stats[4].starts_with("        1 "));
}

#[test]
fn odd_lines() {
    let one = format!("{HEAD}1.000:1): prog-id=1 pid=1 comm=\"x\" path=\"/a\" path=\"/b\"");
    let other = "type=AUDIT1427 msg=audit(2.000:2): prog-id=2 pid=2 comm=?";
    let output = run(&["--json"], format!("{one}{other}\n").as_bytes());
    let out = text(&output.stdout);
    assert!(out.contains(r#""path":["/a","/b"]"#) && out.contains(r#""serial":2,"#), "{out}");
    assert_eq!((out.lines().count(), output.status.code()), (2, Some(1)));
    assert!(text(&output.stderr).contains("line 1 of standard input holds 2 records"));

    let output = run(&[], format!("{HEAD}1.000:1): prog-id=1 prog-id=2\n").as_bytes());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(text(&output.stderr).contains("has more than one prog-id"));
}

#[test]
fn one_line_each() {
    assert_eq!(shown(&[], &many(3)).len(), 3);
}

/// As ausearch prints them: the last record of an event first.
#[test]
fn what_ausearch_prints() {
    let at = "msg=audit(1795473545.953:7):";
    let load = "msg=audit(1795473540.000:6):";
    let input = format!(
        "----\ntime->Mon Nov 23 22:39:00 2026\n\
         type=SYSCALL {load} syscall=321 uid=0 exe=\"/usr/sbin/bpftool\"\n\
         type=BPF {load} prog-id=1 op=LOAD\n\
         ----\ntime->Mon Nov 23 22:39:05 2026\n\
         type=PROCTITLE {at} proctitle=\"sh\"\n\
         type=SYSCALL {at} syscall=59 uid=1000 exe=\"/usr/bin/dash\"\n\
         type=BPF_LSM_ACCESS {at} prog-id=1 pid=5 comm=\"sh\" cause=\"b\"\n\
         type=BPF_LSM_ACCESS {at} prog-id=1 pid=5 comm=\"sh\" cause=\"a\"\n"
    );
    let end = "uid=1000 exe=\"/usr/bin/dash\" by program 1, loaded 2026-11-23 22:39:00 by \
               /usr/sbin/bpftool";
    for options in [&[][..], &["--uid", "1000"], &["-x", "/usr/bin/dash"]] {
        let shown = shown(options, &input);
        assert_eq!(shown.len(), 2, "{options:?}");
        assert!(shown.iter().all(|line| line.ends_with(end)), "{shown:?}");
    }
    assert_eq!(shown(&["--uid", "0"], &input).len(), 0);
}

/// More than can wait, of one event.
#[test]
fn too_many_that_wait() {
    let stamp = "audit(1795473545.953:7):";
    let record = format!("type=1427 msg={stamp} prog-id=1 pid=5 comm=\"sh\"\n");
    let input = record.repeat(4097) + &format!("type=SYSCALL msg={stamp} syscall=59 uid=5\n");
    for (uid, count) in [("5", 4097), ("6", 4097)] {
        let output = run(&["--uid", uid], input.as_bytes());
        assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(1), count));
        assert!(text(&output.stderr).contains("too many records wait"));
    }
}

/// A log that is emptied between the two times that it is read.
#[test]
fn emptied_while_it_is_read() {
    let file = Log::new("emptied", many(100_000).as_bytes());
    let mut child =
        command().arg(&file.0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The second time has begun.
    let mut some = [0; 100];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut some).unwrap();
    fs::File::options().write(true).open(&file.0).unwrap().set_len(0).unwrap();
    let rest = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()).unwrap());
    let output = child.wait_with_output().unwrap();
    rest.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("was cut short while it was read"));
}

#[test]
fn logs_that_are_left_out() {
    let folder = std::env::temp_dir().join(format!("left-out-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    for name in ["audit.log", "audit.log.1", "audit.log.2.gz", "audit.log.1.xz", "audit.log-1"] {
        fs::write(folder.join(name), "").unwrap();
    }
    let output = command().arg(&folder).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("audit.log-1 is left out: ") && said.contains("audit.log.1.xz is left out: ")
    );
    assert_eq!((said.lines().count(), output.status.code()), (2, Some(0)));
}

/// Before it has a writer, a pipe can't be opened.
#[test]
fn a_pipe_that_nobody_writes_to() {
    let pipe = Log::new("pipe", b"");
    fs::remove_file(&pipe.0).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe.0).status().unwrap().success());
    let mut child = command().arg(&pipe.0).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_secs(1));
    terminate(&child);
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!(error, "");
}

/// A rename is two records with one serial, and both are of the system call that follows.
#[test]
fn both_sides() {
    let stamp = "msg=audit(1795473545.953:7):";
    let input = format!(
        "type=1427 {stamp} prog-id=1 pid=54 comm=\"mv\" rule-id=12 path=\"/srv/a\" dev=\"sda1\" ino=7\n\
         type=1427 {stamp} prog-id=1 pid=54 comm=\"mv\" rule-id=18446744073709551615 path=\"/srv/b\"\n\
         type=SYSCALL {stamp} arch=c000003e syscall=82 success=no exit=-1 uid=1000 exe=\"/usr/bin/mv\"\n"
    );
    let json = shown(&["--json"], &input);
    assert_eq!(json.len(), 2);
    for (line, path, rule) in
        [(&json[0], "/srv/a", "12"), (&json[1], "/srv/b", "18446744073709551615")]
    {
        assert!(line.contains(r#""serial":7,"#), "{line}");
        assert!(line.contains(r#""syscall":82,"#), "{line}");
        assert!(line.contains(&format!(r#""path":"{path}""#)), "{line}");
        assert!(line.contains(&format!(r#""rule-id":{rule}"#)), "{line}");
    }

    let text = shown(&["-x", "mv"], &input);
    assert_eq!(text.len(), 2);
    assert!(text[0].contains(r#"path="/srv/a""#) && text[1].contains(r#"path="/srv/b""#));
    assert_eq!(shown(&["-R", "12"], &input), text[..1]);
    assert_eq!(shown(&["-f", "/srv/b"], &input), text[1..]);
}

#[test]
fn the_past() {
    for ago in [["--since", "10y ago"], ["--since", "-10y"], ["-S", "10y"], ["-ts", "10y"]] {
        assert_eq!(shown(&ago, &many(2)).len(), 2, "{ago:?}");
    }
    assert_eq!(shown(&["--until", "2026-11-23T22:39:05Z"], &many(2)).len(), 2);
    assert_eq!(shown(&["--until", "2026-11-23T22:39:04Z"], &many(2)).len(), 0);
}

#[test]
fn statistics_after_the_end_of_time() {
    assert_eq!(shown(&["--stats=18446744073709551615"], &many(2)).len(), 3);
}

#[test]
fn a_compressed_log() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(many(5).as_bytes()).unwrap();
    let gz = encoder.finish().unwrap();
    let output = run(&[], &gz);
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 5));
    let file = Log::new("gz", &gz);
    let output = command().arg(&file.0).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 5));
}

#[test]
fn nobody_reads_any_more() {
    let file = Log::new("head", many(20_000).as_bytes());
    let mut child =
        command().arg(&file.0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let status = end(&mut child, Duration::from_secs(20));
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!((status.code(), error.as_str()), (Some(0), ""));
}

#[test]
fn ends_while_its_reader_has_stopped() {
    let file = Log::new("stuck", many(20_000).as_bytes());
    // Its messages go the same way, as through 2>&1.
    let (reader, writer) = nix::unistd::pipe().unwrap();
    let stdout = writer.try_clone().unwrap();
    let stderr = writer.try_clone().unwrap();
    let mut child = command().arg(&file.0).stdout(stdout).stderr(stderr).spawn().unwrap();
    until_full(&writer);
    terminate(&child);
    let status = end(&mut child, Duration::from_secs(10));
    assert_eq!((status.code(), status.signal()), (Some(1), None));
    drop(reader);
}

#[test]
fn ends_while_nothing_comes() {
    let mut child = start(&[]);
    sleep(Duration::from_millis(500));
    terminate(&child);
    assert_eq!(end(&mut child, Duration::from_secs(10)).code(), Some(0));
    let output = child.wait_with_output().unwrap();
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("", ""));
}

#[test]
fn until_then() {
    let file = Log::new("until", many(2).as_bytes());
    // In two seconds, to the whole second.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let then = format!("@{}", now.as_secs() + 2);
    let mut child = command()
        .args(["-F", "--until", &then])
        .arg(&file.0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(end(&mut child, Duration::from_secs(20)).code(), Some(0));
    assert_eq!(text(&child.wait_with_output().unwrap().stdout).lines().count(), 2);
}

#[test]
fn completions() {
    for (shell, text_of_it) in
        [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_lsm-audit-log"))
            .args(["--completions", shell])
            .output()
            .unwrap();
        let text = text(&output.stdout);
        assert!(text.contains(text_of_it) && text.contains("lsm-audit-log"), "{shell}");
        assert!(text.contains("until") && text.contains("node"), "{shell}");
    }
}

#[test]
fn nothing_is_lost_on_a_full_disk() {
    for options in [&["--help"][..], &["--version"], &["--completions", "bash"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lsm-audit-log"));
        let output = command.args(options).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains("can't write"), "{options:?}");
    }
}

/// Whoever can write a line of the log must not be able to hide the others.
#[test]
fn the_last_times() {
    let log = format!(
        "{HEAD}1795473545.953:38): prog-id=7 pid=1 comm=\"before\"\n\
         type=BPF msg=audit(253402207200.000:1): prog-id=7 op=UNLOAD\n\
         {HEAD}253402207200.000:2): prog-id=7 pid=1 comm=\"last\"\n\
         {HEAD}0.000:3): prog-id=7 pid=1 comm=\"first\"\n"
    );
    for options in [&[][..], &["--json"], &["--stats"], &["--until", "now"]] {
        for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Niue"] {
            let file = Log::new(&format!("last-times-{zone}").replace('/', "-"), log.as_bytes());
            let output = command().env("TZ", zone).args(options).arg(&file.0).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{options:?}: {}", text(&output.stderr));
            let wanted = if options == ["--stats"] { "7" } else { "before" };
            assert!(text(&output.stdout).contains(wanted), "{options:?}");
        }
    }
}

/// The time that a line takes grows as its length does.
#[test]
fn long_lines() {
    let types = "type=".repeat(12_000);
    let fields =
        format!("{HEAD}1795473545.953:38): prog-id=1 pid=1 comm=?{}", " a=1".repeat(15_000));
    let file = Log::new("long-lines", format!("{types}\n{fields}\n").repeat(20).as_bytes());
    for options in ["", "--json"] {
        // Of processor time, since others may use the machine.
        let limited = format!("ulimit -t 30; exec \"$1\" --no-kernel {options} \"$2\"");
        let mut command = Command::new("sh");
        let command = command.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_lsm-audit-log")]);
        let output = command.arg(&file.0).output().unwrap();
        assert_eq!((output.status.code(), output.status.signal()), (Some(1), None));
        assert_eq!(text(&output.stdout).lines().count(), 20);
    }
}
