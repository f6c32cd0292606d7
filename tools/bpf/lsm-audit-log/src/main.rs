// SPDX-License-Identifier: GPL-2.0-only

//! Show the audit records of BPF LSM programs, and which program wrote each.

mod args;
mod events;
mod kernel;
mod log;
mod netlink;
mod output;
mod programs;
mod record;
mod source;
mod stats;
mod stop;
mod time;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use clap::{CommandFactory, Parser};
use jiff::{Timestamp, tz::TimeZone};

use args::Args;
use events::Events;
use kernel::Running;
use log::Log;
use output::{Lines, Report};
use programs::{Kernel, Programs};
use record::Body;
use source::{Event, Output, Pass};
use stats::Stats;

/// How many records may wait to be printed.
const WAITING: usize = 4096;
/// How many messages about what can't be read are said, before they are only counted.
const SAID: u64 = 20;

/// To standard error, if anybody is there.
fn say(what: &str) {
    let _ = writeln!(io::stderr(), "lsm-audit-log: {what}");
}

/// The end of a command that only says something, such as its help: `code`, if it was written.
fn told(written: io::Result<()>, code: u8) -> ExitCode {
    match written {
        Err(err) if err.kind() != ErrorKind::BrokenPipe => {
            say(&format!("can't write: {err}"));
            ExitCode::from(2)
        }
        _ => ExitCode::from(code),
    }
}

fn main() -> ExitCode {
    let args = args::translate(std::env::args_os())
        .map_err(|why| Args::command().error(clap::error::ErrorKind::UnknownArgument, why))
        .and_then(Args::try_parse_from);
    let args = match args {
        Ok(args) => args,
        Err(err) => return told(err.print(), if err.use_stderr() { 2 } else { 0 }),
    };
    if let Some(shell) = args.completions {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "lsm-audit-log", &mut text);
        return told(io::stdout().write_all(&text), 0);
    }
    match run(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(troubles) => {
            say(&format!("not all was read, {troubles} times: see above"));
            ExitCode::from(1)
        }
        Err(why) => {
            say(&why);
            ExitCode::from(2)
        }
    }
}

/// Returns how often something could not be read.
fn run(args: &Args) -> Result<u64, String> {
    let (sender, events) = sync_channel(WAITING);
    let progress = stop::on_signals(sender.clone())?;

    // What can't be opened is said before anything is read.
    let mut output = Output::new(sender);
    let live = !args.input_logs && args.logs.is_empty();
    if live {
        if args.follow {
            return Err("only a file can be followed: name a log".into());
        }
        let socket = netlink::open()?;
        progress.begun();
        thread::spawn(move || netlink::read(&socket, &mut output));
    } else {
        let mut logs = log::open(|| {
            if args.input_logs { log::rotated(&log::of_auditd()) } else { log::named(&args.logs) }
        })?;
        let folders = args.logs.iter().filter_map(|log| log::of_folder(log));
        log::name_others(&folders.chain(args.input_logs.then(log::of_auditd)).collect::<Vec<_>>());
        progress.begun();
        let follow = args.follow;
        if follow && !logs.last().is_some_and(Log::can_be_followed) {
            return Err("only a file can be followed: name a log that grows as the last LOG".into());
        }
        thread::spawn(move || log::read(&mut logs, follow, &mut output));
    }

    let kernel = (!args.no_kernel).then(|| Box::new(Running::new()) as Box<dyn Kernel>);
    let this_node = args.this_node.clone().or_else(|| nix::unistd::gethostname().ok());
    let mut programs = Programs::new(kernel, this_node.unwrap_or_default().as_bytes().into());
    if live {
        programs.watch();
    }
    let printer = Printer::new(args, progress);
    let mut shower = Shower { args, programs, events: Events::new(args.wait()), printer };
    match shower.show(&events, live || args.follow) {
        Ok(end) => end.map(|()| shower.printer.troubles),
        // As with any command that is read by head(1).
        Err(err) if err.kind() == ErrorKind::BrokenPipe => Ok(shower.printer.troubles),
        Err(err) => Err(format!("can't write: {err}")),
    }
}

/// What becomes of the records that come.
struct Shower<'a> {
    args: &'a Args,
    programs: Programs,
    events: Events,
    printer: Printer,
}

impl Shower<'_> {
    /// Print what comes, until the end: of the output as the outer result, of the source as the
    /// inner.
    fn show(&mut self, events: &Receiver<Event>, endless: bool) -> io::Result<Result<(), String>> {
        loop {
            let until = self.args.until.filter(|_| endless);
            let left = until.map(|until| until.duration_since(Timestamp::now()));
            let left = left.map(|left| Duration::try_from(left).unwrap_or_default());
            if left.is_some_and(|left| left.is_zero()) {
                return self.end().map(Ok);
            }
            let now = Instant::now();
            let waits = [self.printer.wait()?, self.events.patience(now), left];
            let event = match waits.into_iter().flatten().min() {
                Some(wait) => events.recv_timeout(wait),
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Record { record, number, pass }) => self.take(record, number, pass),
                Ok(Event::Trouble(what)) => self.printer.trouble(&what),
                Ok(Event::Note(what)) => self.printer.note(&what),
                Ok(Event::End(end)) => {
                    self.end()?;
                    return Ok(end);
                }
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err("the reading thread has ended".into()));
                }
            }
            self.print()?;
            self.printer.progress.made();
        }
    }

    fn take(&mut self, record: record::Record, number: u64, pass: Pass) {
        if pass != Pass::Again {
            self.programs.learn(&record, number, pass == Pass::Only);
        }
        if pass == Pass::Ahead {
            return;
        }
        let event = record.event;
        match record.body {
            Body::Access(access) if self.args.want(&event, &access) => {
                let life = self.programs.writer(access.id, &event, number);
                if self.args.want_program(access.id, life) {
                    let now = (pass == Pass::Only).then(Instant::now);
                    self.events.push(event, access, life.clone(), now);
                }
            }
            Body::Call { kind, text } => {
                let is_log = self.args.input_logs || !self.args.logs.is_empty();
                let now = (pass == Pass::Only && is_log).then(Instant::now);
                self.events.call(event, kind, text, now);
            }
            Body::End => self.events.end(&event),
            _ => (),
        }
    }

    fn print(&mut self) -> io::Result<()> {
        while let Some(held) = self.events.next(Instant::now()) {
            let report = held.report();
            if held.given_up {
                self.printer.trouble(&format!(
                    "too many records wait for their system calls: one of event {} is shown, \
                     whoever made it",
                    report.event.serial
                ));
            }
            if held.given_up || self.args.want_call(&report) {
                self.printer.print(&report)?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.events.end_all();
        self.print()?;
        self.printer.end()
    }
}

struct Printer {
    out: AutoStream<io::Stdout>,
    zone: TimeZone,
    lines: Lines,
    json: bool,
    stats: Option<Stats>,
    every: Option<Duration>,
    /// None if that is after the end of time.
    next: Option<Instant>,
    troubles: u64,
    notes: u64,
    progress: stop::Progress,
}

impl Printer {
    fn new(args: &Args, progress: stop::Progress) -> Self {
        let choice = match args.color {
            clap::ColorChoice::Auto => AutoStream::choice(&io::stdout()),
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        let every = args.stats.filter(|&seconds| seconds > 0).map(Duration::from_secs);
        Self {
            out: AutoStream::new(io::stdout(), choice),
            zone: TimeZone::system(),
            lines: if io::stdout().is_terminal() { Lines::Two } else { Lines::One },
            json: args.json,
            stats: args.stats.map(|_| Stats::default()),
            every,
            next: every.and_then(|every| Instant::now().checked_add(every)),
            troubles: 0,
            notes: 0,
            progress,
        }
    }

    fn print(&mut self, report: &Report<'_>) -> io::Result<()> {
        let text = if let Some(stats) = &mut self.stats {
            stats.count(report.event, report.access, report.life);
            return Ok(());
        } else if self.json {
            output::json(report)
        } else {
            output::text(report, &self.zone, self.lines)
        };
        self.out.write_all(text.as_bytes())
    }

    /// Show the statistics if they are due, and say how long it is until they are again.
    fn wait(&mut self) -> io::Result<Option<Duration>> {
        let (Some(every), Some(next)) = (self.every, self.next) else { return Ok(None) };
        if Instant::now() >= next {
            self.next = Instant::now().checked_add(every);
            self.end()?;
        }
        Ok(self.next.map(|next| next.saturating_duration_since(Instant::now())))
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(stats) = &self.stats {
            let text = if self.json { stats.json() } else { stats.text(&self.zone) };
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    fn note(&mut self, what: &str) {
        say_some(&mut self.notes, what, "no more of this is said");
    }

    fn trouble(&mut self, what: &str) {
        say_some(&mut self.troubles, what, "what else can't be read is only counted");
    }
}

/// Count it, and say the first of it; the last one that is said has this behind it.
fn say_some(count: &mut u64, what: &str, last: &str) {
    *count += 1;
    if *count <= SAID {
        say(what);
    }
    if *count == SAID {
        say(last);
    }
}
