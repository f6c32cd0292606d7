// SPDX-License-Identifier: GPL-2.0-only

//! Show the audit records of BPF LSM programs, and which program wrote each.

mod args;
mod kernel;
mod log;
mod netlink;
mod output;
mod programs;
mod record;
mod source;
mod stats;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use jiff::tz::TimeZone;

use args::Args;
use kernel::Running;
use log::Log;
use programs::{Kernel, Life, Programs};
use record::{Access, Body, Record};
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

fn main() -> ExitCode {
    let args = Args::parse();
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
    let stop = sender.clone();
    ctrlc::set_handler(move || drop(stop.send(Event::End(Ok(())))))
        .map_err(|err| format!("can't wait for signals: {err}"))?;

    // What can't be opened is said before anything is read.
    let mut output = Output::new(sender);
    let live = args.file.is_empty();
    if live {
        let socket = netlink::open()?;
        thread::spawn(move || netlink::read(&socket, &mut output));
    } else {
        let logs = args.file.iter().map(|path| Log::open(path));
        let mut logs = logs.collect::<Result<Vec<_>, _>>()?;
        let follow = args.follow;
        if follow && !logs.last().is_some_and(Log::can_be_followed) {
            return Err("only a file can be followed: name a log as the last FILE".into());
        }
        thread::spawn(move || log::read(&mut logs, follow, &mut output));
    }

    let kernel = (!args.no_kernel).then(|| Box::new(Running::new()) as Box<dyn Kernel>);
    let mut programs = Programs::new(kernel);
    if live {
        programs.watch();
    }
    let mut printer = Printer::new(args);
    match show(args, &events, &mut programs, &mut printer) {
        Ok(end) => end.map(|()| printer.troubles),
        Err(err) if err.kind() == ErrorKind::BrokenPipe => {
            say("nobody reads the output any more: ending");
            Ok(printer.troubles)
        }
        Err(err) => Err(format!("can't write: {err}")),
    }
}

/// Print what comes, until the end: of the output as the outer result, of the source as the inner.
fn show(
    args: &Args,
    events: &Receiver<Event>,
    programs: &mut Programs,
    printer: &mut Printer,
) -> io::Result<Result<(), String>> {
    loop {
        let event = match printer.wait()? {
            Some(wait) => match events.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => continue,
                event => event.ok(),
            },
            None => events.recv().ok(),
        };
        match event {
            Some(Event::Record { record, number, pass }) => {
                if pass != Pass::Again {
                    programs.learn(&record, number, pass == Pass::Only);
                }
                let Body::Access(access) = &record.body else {
                    continue;
                };
                if pass != Pass::Ahead && args.want(&record, access) {
                    let life = programs.writer(access.id, record.time, number);
                    if args.want_program(access.id, life) {
                        printer.print(&record, access, life)?;
                    }
                }
            }
            Some(Event::Trouble(what)) => printer.trouble(&what),
            Some(Event::Note(what)) => say(&what),
            Some(Event::End(end)) => {
                printer.end()?;
                return Ok(end);
            }
            None => return Ok(Err("the reading thread has ended".into())),
        }
    }
}

struct Printer {
    out: AutoStream<io::Stdout>,
    zone: TimeZone,
    json: bool,
    stats: Option<Stats>,
    every: Option<Duration>,
    next: Instant,
    troubles: u64,
}

impl Printer {
    fn new(args: &Args) -> Self {
        let choice = match args.color {
            clap::ColorChoice::Auto => AutoStream::choice(&io::stdout()),
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        let every = args.stats.filter(|&seconds| seconds > 0).map(Duration::from_secs);
        Self {
            out: AutoStream::new(io::stdout(), choice),
            zone: TimeZone::system(),
            json: args.json,
            stats: args.stats.map(|_| Stats::default()),
            every,
            next: Instant::now() + every.unwrap_or_default(),
            troubles: 0,
        }
    }

    fn print(&mut self, record: &Record, access: &Access, life: &Life) -> io::Result<()> {
        let text = if let Some(stats) = &mut self.stats {
            stats.count(record.time, access, life);
            return Ok(());
        } else if self.json {
            output::json(record, access, life)
        } else {
            output::text(record, access, life, &self.zone)
        };
        self.out.write_all(text.as_bytes())
    }

    /// Show the statistics if they are due, and say how long it is until they are again.
    fn wait(&mut self) -> io::Result<Option<Duration>> {
        let Some(every) = self.every else { return Ok(None) };
        if Instant::now() >= self.next {
            self.next = Instant::now() + every;
            self.end()?;
        }
        Ok(Some(self.next.saturating_duration_since(Instant::now())))
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(stats) = &self.stats {
            let text = if self.json { stats.json() } else { stats.text(&self.zone) };
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()
    }

    fn trouble(&mut self, what: &str) {
        self.troubles += 1;
        if self.troubles <= SAID {
            say(what);
        }
        if self.troubles == SAID {
            say("what else can't be read is only counted");
        }
    }
}
