// SPDX-License-Identifier: GPL-2.0-only

//! Signals that end the command: after what has been read, or at once if nobody takes that.

use std::io;
use std::os::fd::AsFd;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;

use crate::source::Event;

/// For how long there may be no progress.
const STUCK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// How much of what came has been printed, or left out; nothing before all logs are open.
#[derive(Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    pub fn begun(&self) {
        self.made();
    }

    pub fn made(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Let SIGINT, SIGTERM and SIGHUP end the command.
pub fn on_signals(events: SyncSender<Event>) -> Result<Progress, String> {
    let progress = Progress::default();
    let watched = progress.clone();
    // This runs in a thread of its own, once for each signal.
    ctrlc::set_handler(move || end(&events, &watched.0))
        .map_err(|err| format!("can't wait for signals: {err}"))?;
    Ok(progress)
}

/// The main thread may wait for a pipe that is full, and whoever sends it records for that.
fn end(events: &SyncSender<Event>, progress: &AtomicU64) {
    let mut sent = false;
    let mut printed = progress.load(Ordering::Relaxed);
    if printed == 0 {
        // A log may be a pipe that nobody writes to, which is waited for.
        exit(0);
    }
    let mut since = Instant::now();
    while since.elapsed() < STUCK {
        if !sent {
            sent = !matches!(events.try_send(Event::End(Ok(()))), Err(TrySendError::Full(_)));
        }
        sleep(PAUSE);
        let now = progress.load(Ordering::Relaxed);
        if now != printed {
            (printed, since) = (now, Instant::now());
        }
    }
    // Standard error may be the same pipe, and its lock be held.
    let error = io::stderr();
    let mut polled = [PollFd::new(error.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut polled, PollTimeout::ZERO) == Ok(1) {
        let _ =
            write(&error, b"lsm-audit-log: ended while nobody took its output: some is missing\n");
    }
    exit(1);
}
