// SPDX-License-Identifier: GPL-2.0-only

//! The command line. Its letters are ausearch's where they do the same, and none of them is one
//! that ausearch has for something else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::{ArgAction, ColorChoice, Parser};
use clap_complete::Shell;
use jiff::Timestamp;

use crate::events::Wait;
use crate::output::Report;
use crate::programs::{Info, Life};
use crate::record::{Access, Event, Fields, Value};
use crate::time::{is_date, parse_since, parse_until};

/// Show the audit records of BPF LSM programs, and which program wrote each
///
/// BPF LSM programs report accesses in audit records of type 1427 (BPF_LSM_ACCESS), which tell
/// the id of the program. This command adds the program's name, tag, hook, pinned path and load
/// time: from the kernel while the program is loaded, and from audit's own records of its LOAD
/// and UNLOAD when it is not. Ids are given anew; a record is never put down to another program
/// that has the id later, nor to one of another machine, if a log that is another machine's is
/// read with --no-kernel, or names its nodes.
///
/// Without a LOG it shows the records as the kernel writes them, beside the audit daemon, until
/// it is interrupted. That takes CAP_AUDIT_READ and the initial network namespace. To ask about
/// programs takes CAP_SYS_ADMIN.
#[derive(Parser)]
// Backticks would be printed.
#[expect(clippy::doc_markdown, clippy::struct_excessive_bools)]
#[command(version, after_help = AFTER, max_term_width = 100, disable_version_flag = true)]
pub struct Args {
    /// Logs of auditd, the oldest first, or "-" for standard input: read these instead; of a
    /// folder, its audit.log and the rotated ones
    #[arg(value_name = "LOG")]
    pub logs: Vec<PathBuf>,

    /// Read auditd's own logs, also the rotated ones
    #[arg(long, conflicts_with = "logs")]
    pub input_logs: bool,

    /// Go on with the last LOG as it grows, also when it is rotated
    #[arg(short = 'F', long)]
    pub follow: bool,

    /// Only records of this time or later: "2026-11-24", "2026-11-24 10:30", "2026-11-24T10:30Z",
    /// "10:30", how long ago ("90s", "2h 30m", "7d"), or one of ausearch's words: now, recent,
    /// this-hour, boot, today, yesterday, this-week, week-ago, this-month, this-year
    #[arg(short = 'S', long, alias = "start", value_name = "TIME", value_parser = parse_since,
          allow_hyphen_values = true)]
    pub since: Option<Timestamp>,

    /// Only records of this time or earlier; of a date alone: until the present time on that day
    #[arg(short = 'U', long, alias = "end", value_name = "TIME", value_parser = parse_until,
          allow_hyphen_values = true)]
    pub until: Option<Timestamp>,

    /// Only records with this cause (may be repeated, as all that follow)
    #[arg(short = 'C', long, value_name = "TEXT")]
    pub cause: Vec<String>,

    /// Only records of the rule with this number, as the program counts its rules
    #[arg(short = 'R', long, value_name = "NUMBER")]
    pub rule: Vec<u64>,

    /// Only records of the program with this id, name or tag, or that is pinned at this path or
    /// below it
    #[arg(short = 'P', long, value_name = "PROGRAM")]
    pub prog: Vec<String>,

    /// Only records of this process
    #[arg(short, long)]
    pub pid: Vec<u64>,

    /// Only records of processes with this in their command name
    #[arg(short, long, value_name = "NAME")]
    pub comm: Vec<OsString>,

    /// Only records of executables with this in their path, as their system call's record tells it
    #[arg(short = 'x', long, alias = "executable", value_name = "FILE")]
    pub exe: Vec<OsString>,

    /// Only records of this user, a number, as their system call's record tells it
    #[arg(long)]
    pub uid: Vec<u32>,

    /// Only records of who logged in as this user, a number
    #[arg(long, alias = "auid", value_name = "UID")]
    pub loginuid: Vec<u32>,

    /// Only records with this in their path or name
    #[arg(short = 'f', long, alias = "file")]
    pub path: Vec<OsString>,

    /// --comm, --exe and --path are the whole, not a part of it
    #[arg(short, long)]
    pub word: bool,

    /// Only records of this machine, in a log of several
    #[arg(short, long)]
    pub node: Vec<OsString>,

    /// What logs call this machine, if that isn't its host name: its kernel is asked about the
    /// programs of this node, and of records without one
    #[arg(long, value_name = "NODE")]
    pub this_node: Option<OsString>,

    /// Don't ask the kernel about programs: the log is another machine's
    #[arg(long)]
    pub no_kernel: bool,

    /// Write one JSON object on each line
    #[arg(short, long)]
    pub json: bool,

    /// Count instead, by program and cause, and show that at the end, or every so many SECONDS
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "0")]
    pub stats: Option<u64>,

    /// Whether to use colour
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,

    /// Print what makes a shell complete this command's options
    #[arg(long, value_name = "SHELL", exclusive = true)]
    pub completions: Option<Shell>,

    /// Print version
    #[arg(short, long, short_alias = 'V', action = ArgAction::Version)]
    version: (),
}

const AFTER: &str = "\
ausearch's -ts, -te, -ui, -ul and -if are known, too; a time may be in two words.

Exit status:
  0  all records were read; also if interrupted, or if nobody reads the output any more
  1  some could not be read or were lost, which was said
  2  it could not begin or go on

lsm-audit-log(8) has examples.";

/// ausearch's options of one dash and several letters, those whose value may be in two words,
/// and what they are here.
const AUSEARCH: [(&str, Option<&str>); 31] = [
    ("-ts", Some("--since")),
    ("--start", Some("--since")),
    ("--since", Some("--since")),
    ("-S", Some("--since")),
    ("-te", Some("--until")),
    ("--end", Some("--until")),
    ("--until", Some("--until")),
    ("-U", Some("--until")),
    ("-ui", Some("--uid")),
    ("-ul", Some("--loginuid")),
    ("-if", Some("--")),
    ("--input", Some("--")),
    ("-escape", None),
    ("-ga", None),
    ("-ge", None),
    ("-gi", None),
    ("-hn", None),
    ("-pp", None),
    ("-sc", None),
    ("-se", None),
    ("-su", None),
    ("-sv", None),
    ("-tm", None),
    ("-ua", None),
    ("-ue", None),
    ("-uu", None),
    ("-vm", None),
    ("-ts=", None),
    ("-te=", None),
    ("-ui=", None),
    ("-ul=", None),
];

/// The command line, with ausearch's spelling of an option as clap's.
pub fn translate(args: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut args = args.into_iter().peekable();
    let mut translated = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--" {
            translated.push(arg);
            translated.extend(args);
            break;
        }
        match AUSEARCH.iter().find(|(option, _)| arg == *option) {
            None => match arg.as_bytes().strip_prefix(b"--input=") {
                Some(name) => translated.push(log(OsStr::from_bytes(name))),
                None => translated.push(arg),
            },
            // A log is named without an option.
            Some((option, Some("--"))) => {
                translated.push(log(&args.next().ok_or(format!("{option} needs a value"))?));
            }
            Some((option, None)) => {
                return Err(format!("{option} isn't an option of this command"));
            }
            Some((option, Some(here))) => {
                let mut value = args.next().ok_or(format!("{option} needs a value"))?;
                // A date and a time, in either order.
                if here.ends_with("since") || here.ends_with("until") {
                    if is_clock(&value) {
                        if let Some(mut date) =
                            args.next_if(|arg| arg.to_str().is_some_and(is_date))
                        {
                            date.push(" ");
                            date.push(value);
                            value = date;
                        }
                    } else if let Some(time) = args.next_if(|arg| is_clock(arg)) {
                        value.push(" ");
                        value.push(time);
                    }
                }
                let mut arg = OsString::from(here);
                arg.push("=");
                arg.push(value);
                translated.push(arg);
            }
        }
    }
    Ok(translated)
}

/// The name of a log that no option can be taken for.
fn log(name: &OsStr) -> OsString {
    let is_option = name.as_bytes().starts_with(b"-") && name != "-";
    let mut log = OsString::from(if is_option { "./" } else { "" });
    log.push(name);
    log
}

/// Whether this can be a time of the day, and no log.
fn is_clock(arg: &OsStr) -> bool {
    let arg = arg.as_bytes();
    arg.contains(&b':') && arg.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
}

impl Args {
    /// Whether these are wanted, as far as a record itself tells.
    pub fn want(&self, event: &Event, access: &Access) -> bool {
        let fields = &access.fields;
        self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time <= until)
            && any(&self.node, |node| event.node.as_deref() == Some(node.as_bytes()))
            && any(&self.cause, |cause| has_text(fields, "cause", |it| it == cause.as_bytes()))
            && any(&self.rule, |&rule| has_number(fields, "rule-id", rule))
            && any(&self.pid, |&pid| has_number(fields, "pid", pid))
            && any(&self.path, |path| {
                let is = |it: &[u8]| self.is(it, path);
                has_text(fields, "path", is) || has_text(fields, "name", is)
            })
    }

    /// As ausearch compares: a part is enough, but for "-w".
    fn is(&self, text: &[u8], wanted: &OsStr) -> bool {
        let wanted = wanted.as_bytes();
        if self.word {
            return text == wanted;
        }
        wanted.is_empty() || text.windows(wanted.len()).any(|part| part == wanted)
    }

    pub fn want_program(&self, id: u32, life: &Life) -> bool {
        any(&self.prog, |it| {
            let known = life.info.as_ref();
            let pinned = |info: &Info| {
                it.starts_with('/') && info.pinned.iter().any(|pin| pin.starts_with(it))
            };
            it.parse() == Ok(id)
                || known.is_some_and(|info| info.name == *it || info.tag == *it || pinned(info))
        })
    }

    /// Whether it is wanted for what its system call is.
    pub fn want_call(&self, report: &Report<'_>) -> bool {
        let none = Fields::default();
        let call = report.call.unwrap_or(&none);
        any(&self.uid, |&uid| has_number(call, "uid", uid.into()))
            && any(&self.loginuid, |&uid| has_number(call, "auid", uid.into()))
            && any(&self.exe, |exe| has_text(call, "exe", |it| self.is(it, exe)))
            && any(&self.comm, |comm| {
                let is = |it: &[u8]| self.is(it, comm);
                has_text(&report.access.fields, "comm", is) || has_text(call, "comm", is)
            })
    }

    /// Whether to wait for a record's system call.
    pub fn wait(&self) -> Wait {
        if !(self.loginuid.is_empty() && self.exe.is_empty()) {
            Wait::All
        } else if !self.uid.is_empty() {
            Wait::User
        } else if self.stats.is_some() && self.comm.is_empty() {
            Wait::No
        } else {
            Wait::Some
        }
    }
}

/// Whether it is any of these; if none are named, it is.
fn any<T>(these: &[T], is: impl Fn(&T) -> bool) -> bool {
    these.is_empty() || these.iter().any(is)
}

fn has_text(fields: &Fields, key: &str, is: impl Fn(&[u8]) -> bool) -> bool {
    fields.all(key).any(|value| matches!(value, Value::Text(text) if is(text)))
}

fn has_number(fields: &Fields, key: &str, number: u64) -> bool {
    fields.all(key).any(|value| *value == Value::Number(number))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::record::tests::access;

    fn parse(line: &str) -> Args {
        let words = line.split(' ').map(|word| OsString::from(word.replace('_', " ")));
        let args = translate(words).unwrap();
        Args::try_parse_from(args).unwrap_or_else(|err| panic!("{err}"))
    }

    #[test]
    fn the_manual_page_has_every_option() {
        let page = include_str!("../lsm-audit-log.8");
        Args::command().debug_assert();
        for arg in Args::command().get_arguments() {
            let (short, long) = (arg.get_short(), arg.get_long());
            let names = short.map(|name| format!("Fl {name}")).into_iter();
            for name in names.chain(long.map(|name| format!("Fl -{name}"))) {
                assert!(page.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn letters_are_those_of_ausearch() {
        let same = [
            ('c', "comm"),
            ('f', "path"),
            ('h', "help"),
            ('n', "node"),
            ('p', "pid"),
            ('v', "version"),
            ('w', "word"),
            ('x', "exe"),
        ];
        // Audit 4.0.2's, also those that begin its longer ones.
        let theirs = "acefghiklmnopqrstuvwx";
        let mut command = Args::command();
        command.build();
        for arg in command.get_arguments() {
            for short in arg.get_short_and_visible_aliases().unwrap_or_default() {
                let same = same
                    .iter()
                    .any(|&(letter, long)| letter == short && arg.get_long() == Some(long));
                assert!(same || !theirs.contains(short), "-{short}");
            }
        }
    }

    #[test]
    fn as_for_ausearch() {
        let args = parse("x -ts 11/24/2026 10:30:00 -te today -c sh -p 5 -ui 0 -f /tmp -if log");
        assert_eq!(args.since, Some(parse_since("2026-11-24 10:30").unwrap()));
        assert!(args.until.is_some());
        assert_eq!((args.comm, args.pid, args.uid), (vec!["sh".into()], vec![5], vec![0]));
        assert_eq!((args.path, args.logs), (vec!["/tmp".into()], vec!["log".into()]));
        for since in ["-ts", "--start", "-S", "--since"] {
            for day in ["yesterday 18:00", "18:00 yesterday", "week-ago 18:00", "11/24/2026 18:00"]
            {
                let args = parse(&format!("x {since} {day} log"));
                let sorted = if day.starts_with('1') && day.ends_with('y') {
                    "yesterday 18:00"
                } else {
                    day
                };
                assert_eq!(args.since, Some(parse_since(sorted).unwrap()), "{since} {day}");
                assert_eq!(args.logs, [PathBuf::from("log")], "{since} {day}");
            }
        }
        for until in ["-te", "--end", "-U", "--until"] {
            let args = parse(&format!("x {until} 18:00 11/24/2026 --input log"));
            assert_eq!(args.until, Some(parse_until("2026-11-24 18:00").unwrap()), "{until}");
            assert_eq!(args.logs, [PathBuf::from("log")], "{until}");
        }
        assert_eq!(parse("x --input=log").logs, [PathBuf::from("log")]);
        for dash in ["x -if --json", "x --input=--json"] {
            assert_eq!(parse(dash).logs, [PathBuf::from("./--json")]);
        }
        assert_eq!(parse("x -if -").logs, [PathBuf::from("-")]);
        for wrong in ["x -ua 0", "x -ts", "x -hn a", "x -if", "x --input"] {
            assert!(translate(wrong.split(' ').map(OsString::from)).is_err(), "{wrong}");
        }
        assert_eq!(parse("x -- -ts").logs, [PathBuf::from("-ts")]);
        let ago = |line| parse(line).since.unwrap();
        assert!(
            ago("x --since -10y") < ago("x -S 9y") && ago("x --since=10y_ago") < ago("x -ts -9y")
        );
    }

    #[test]
    fn programs() {
        let info = Info {
            name: "open".into(),
            tag: "40d5a5cd1f3ac61b".into(),
            hook: None,
            loaded: Timestamp::UNIX_EPOCH,
            pinned: vec!["/sys/fs/bpf/tetragon/policy/sensor/file_open/prog".into()],
        };
        let mut life = Life::default();
        life.info = Some(Box::new(info));
        for (wanted, is) in [
            ("7", true),
            ("open", true),
            ("40d5a5cd1f3ac61b", true),
            ("/sys/fs/bpf/tetragon/policy", true),
            ("/sys/fs/bpf/tetragon/pol", false),
            ("policy", false),
            ("", false),
        ] {
            let args = parse(&format!("x --prog={wanted}"));
            assert_eq!(args.want_program(7, &life), is, "{wanted}");
        }
    }

    #[test]
    fn what_is_wanted() {
        let event =
            crate::record::tests::record(&format!("node=a {}", crate::record::tests::LINE)).event;
        let access = access(
            r#"pid=5 comm="sh" rule-id=4294967296 cause="a" cause="b" path="/x/y" name="z""#,
        );
        let call = Fields::of_call(br#"syscall=59 auid=1000 uid=0 comm="ash" exe="/usr/bin/dash""#);
        let life = Life::default();
        for (options, wanted) in [
            ("--node a --node b", true),
            ("-n b", false),
            ("--cause b", true),
            ("-C c", false),
            ("--rule 4294967296", true),
            ("-R 5", false),
            ("-f /x -f /q", true),
            ("-f z", true),
            ("-f x/", true),
            ("-f xy", false),
            ("-f /x/y/z", false),
            ("-w -f /x/y", true),
            ("-w -f z", true),
            ("-w -f /x", false),
            ("-p 5", true),
            ("-p 6", false),
            ("-c s", true),
            ("--comm ash", true),
            ("--comm bash", false),
            ("-c h -w", false),
            ("-c sh -w", true),
            ("--uid 0", true),
            ("--uid 1000", false),
            ("-ul 1000", true),
            ("-x /usr/bin/dash", true),
            ("-x das", true),
            ("-x bash", false),
            ("-x dash --word", false),
            ("-x /usr/bin/dash --word", true),
            ("--until @1795473545", true),
            ("--until @1795473544", false),
            ("--since @1795473546", false),
            ("--since @1795473545", true),
        ] {
            let args = parse(&format!("x {options}"));
            let report =
                Report { event: &event, access: &access, life: &life, call: call.as_ref() };
            assert_eq!(args.want(&event, &access) && args.want_call(&report), wanted, "{options}");
            let unknown = Report { call: None, ..report };
            let of_call =
                options.contains("uid") || options.contains("-ul") || options.contains("-x");
            assert!(!(of_call && args.want_call(&unknown)), "{options}");
        }
    }
}
