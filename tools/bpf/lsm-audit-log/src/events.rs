// SPDX-License-Identifier: GPL-2.0-only

//! Records that wait for that of their system call, which the kernel writes when the call ends.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::output::Report;
use crate::programs::Life;
use crate::record::{Access, Event, Fields};

/// For how long a record may wait when it comes as it is written.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// How many may wait.
const WAITING: usize = 4096;

/// What is done with a record whose system call isn't known yet.
#[derive(Clone, Copy, PartialEq)]
pub enum Wait {
    /// Nothing that the system call says is wanted.
    No,
    /// All records come out, in their order.
    Some,
    /// A record is of no use without it: it comes out when the call ends, behind others that
    /// came later if it takes long.
    All,
}

pub struct Held {
    event: Event,
    access: Access,
    life: Life,
    call: Option<Fields>,
    /// When it came, of one that comes as it is written.
    came: Option<Instant>,
}

impl Held {
    pub fn report(&self) -> Report<'_> {
        Report {
            event: &self.event,
            access: &self.access,
            life: &self.life,
            call: self.call.as_ref(),
        }
    }
}

/// An event that has records waiting.
#[derive(Default)]
struct Open {
    records: usize,
    call: Option<Fields>,
    ended: bool,
}

pub struct Events {
    wait: Wait,
    queue: VecDeque<Held>,
    open: HashMap<Event, Open>,
    ready: VecDeque<Held>,
}

impl Events {
    pub fn new(wait: Wait) -> Self {
        let (queue, open, ready) = Default::default();
        Self { wait, queue, open, ready }
    }

    /// A record that comes as it is written, `now`, or is read from a log that has all.
    pub fn push(&mut self, event: Event, access: Access, life: Life, now: Option<Instant>) {
        let held = Held { event, access, life, call: None, came: now };
        if self.wait == Wait::No {
            self.ready.push_back(held);
            return;
        }
        self.open.entry(held.event.clone()).or_default().records += 1;
        self.queue.push_back(held);
        if self.queue.len() > WAITING {
            self.release();
        }
    }

    /// A record of the event's system call, or of its operation of `io_uring`.
    pub fn call(&mut self, event: &Event, kind: u16, text: &[u8]) {
        const SYSCALL: u16 = 1300;
        let Some(open) = self.open.get_mut(event) else { return };
        // The system call is the last to be recorded, and says more.
        if kind == SYSCALL || open.call.is_none() {
            open.call = Fields::of_call(text);
        }
        if kind == SYSCALL {
            self.end(event);
        }
    }

    /// The event has no more records.
    pub fn end(&mut self, event: &Event) {
        let Some(open) = self.open.get_mut(event) else { return };
        open.ended = true;
        if self.wait == Wait::All {
            let (ended, waiting) = self.queue.drain(..).partition(|held| held.event == *event);
            self.queue = waiting;
            for held in <VecDeque<Held>>::into_iter(ended) {
                self.complete(held);
            }
        }
    }

    /// Whether the first waits for nothing more.
    fn is_ready(&self, now: Instant) -> bool {
        let ended = |held: &Held| self.open.get(&held.event).is_none_or(|open| open.ended);
        self.queue.front().is_some_and(ended)
            || self.patience(now).is_some_and(|patience| patience.is_zero())
    }

    /// No more records come at all.
    pub fn end_all(&mut self) {
        while !self.queue.is_empty() {
            self.release();
        }
    }

    /// How long the first may still wait; none if there is no limit.
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        let came = self.queue.front().filter(|_| self.wait == Wait::Some)?.came?;
        Some(PATIENCE.saturating_sub(now.saturating_duration_since(came)))
    }

    /// The next that waits for nothing more.
    pub fn next(&mut self, now: Instant) -> Option<Held> {
        while self.is_ready(now) {
            self.release();
        }
        self.ready.pop_front()
    }

    fn release(&mut self) {
        if let Some(held) = self.queue.pop_front() {
            self.complete(held);
        }
    }

    fn complete(&mut self, mut held: Held) {
        if let Some(open) = self.open.get_mut(&held.event) {
            open.records -= 1;
            if open.records == 0 {
                held.call = self.open.remove(&held.event).and_then(|open| open.call);
            } else {
                held.call.clone_from(&open.call);
            }
        }
        self.ready.push_back(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Body, Value, tests::record};

    fn event(node: &str, serial: u32) -> (Event, Access) {
        let line =
            format!("node={node} type=1427 msg=audit(1.000:{serial}): prog-id=1 pid={serial}");
        let record = record(&line);
        match record.body {
            Body::Access(access) => (record.event, access),
            other => panic!("{other:?}"),
        }
    }

    /// The events that come out, with the users of their calls.
    fn out(events: &mut Events, now: Instant) -> Vec<(String, u64, Option<u64>)> {
        let held = std::iter::from_fn(|| events.next(now));
        let all = held.map(|held| {
            let report = held.report();
            let node = String::from_utf8(report.event.node.clone().unwrap()).unwrap();
            let uid = report.call.and_then(|call| match call.get("uid") {
                Some(&Value::Number(uid)) => Some(uid),
                _ => None,
            });
            (node, report.event.serial, uid)
        });
        all.collect()
    }

    fn push(events: &mut Events, node: &str, serial: u32, now: Option<Instant>) {
        let (event, access) = event(node, serial);
        events.push(event, access, Life::default(), now);
    }

    fn call(events: &mut Events, node: &str, serial: u32, uid: u32) {
        events.call(&event(node, serial).0, 1300, format!("syscall=1 uid={uid}").as_bytes());
    }

    fn is(node: &str, serial: u64, uid: Option<u64>) -> (String, u64, Option<u64>) {
        (node.into(), serial, uid)
    }

    #[test]
    fn in_their_order() {
        let now = Instant::now();
        let mut events = Events::new(Wait::Some);
        push(&mut events, "a", 1, None);
        push(&mut events, "b", 1, None);
        push(&mut events, "a", 1, None);
        push(&mut events, "a", 2, None);
        call(&mut events, "b", 1, 10);
        call(&mut events, "a", 3, 0);
        assert_eq!(out(&mut events, now), []);
        // The same serial is another event on another node.
        call(&mut events, "a", 1, 20);
        let first = [is("a", 1, Some(20)), is("b", 1, Some(10)), is("a", 1, Some(20))];
        assert_eq!(out(&mut events, now), first);
        // One that had no system call.
        events.end_all();
        assert_eq!(out(&mut events, now), [is("a", 2, None)]);
        assert!(events.open.is_empty());
    }

    #[test]
    fn as_they_come() {
        let now = Instant::now();
        let mut events = Events::new(Wait::Some);
        push(&mut events, "a", 1, Some(now));
        push(&mut events, "a", 2, Some(now + PATIENCE / 2));
        call(&mut events, "a", 2, 10);
        assert_eq!(out(&mut events, now), []);
        assert_eq!(events.patience(now), Some(PATIENCE));
        let both = [is("a", 1, None), is("a", 2, Some(10))];
        assert_eq!(out(&mut events, now + PATIENCE), both);
        assert_eq!(events.patience(now), None);

        // io_uring's worker makes no system call.
        push(&mut events, "a", 3, Some(now));
        events.call(&event("a", 3).0, 1336, b"uring_op=18 uid=7");
        events.end(&event("a", 3).0);
        assert_eq!(out(&mut events, now), [is("a", 3, Some(7))]);
    }

    #[test]
    fn those_that_are_wanted_by_their_call() {
        let now = Instant::now();
        let mut events = Events::new(Wait::All);
        push(&mut events, "a", 1, Some(now));
        push(&mut events, "a", 2, Some(now));
        call(&mut events, "a", 2, 10);
        assert_eq!(out(&mut events, now), [is("a", 2, Some(10))]);
        assert_eq!(events.patience(now), None);
        // However long that takes.
        call(&mut events, "a", 1, 20);
        assert_eq!(out(&mut events, now + 100 * PATIENCE), [is("a", 1, Some(20))]);
    }

    #[test]
    fn not_too_many() {
        let now = Instant::now();
        let mut events = Events::new(Wait::Some);
        for serial in 1..=u32::try_from(WAITING).unwrap() + 2 {
            push(&mut events, "a", serial, None);
        }
        assert_eq!(out(&mut events, now), [is("a", 1, None), is("a", 2, None)]);
        assert_eq!(events.open.len(), WAITING);
    }
}
