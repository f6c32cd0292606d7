// SPDX-License-Identifier: GPL-2.0-only

//! Records that wait for that of their system call, which the kernel writes when the call ends.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::output::Report;
use crate::programs::Life;
use crate::record::{Access, Event, Fields, Node, Value};

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
    /// The same, where the user is all that matters, whom an operation of `io_uring` tells, too:
    /// its worker makes no system call. A record of which only the operation is known comes out
    /// when no system call follows soon, or at the end of a log that is read as a whole.
    User,
}

pub struct Held {
    event: Event,
    access: Access,
    life: Life,
    call: Option<Fields>,
    /// That is what stands before it, as in what ausearch prints, or of an earlier operation.
    early: bool,
    /// When it came, of one that comes as it is written.
    came: Option<Instant>,
    /// It came out because too many wait, so that its call says nothing.
    pub given_up: bool,
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
    /// Unless with [`Wait::Some`]: then they are in the queue.
    held: Vec<Held>,
}

pub struct Events {
    wait: Wait,
    queue: VecDeque<Held>,
    open: HashMap<Event, Open>,
    /// The events in the order in which they came, some of which aren't open any more, and how
    /// many records they have. Not with [`Wait::Some`].
    order: VecDeque<Event>,
    waiting: usize,
    ready: VecDeque<Held>,
    /// The last call of each node. ausearch prints the last record of an event first.
    last: HashMap<Node, (Event, u16, Vec<u8>)>,
    /// With [`Wait::User`]: operations of events that have no other end, and when they came.
    operations: VecDeque<(Event, Instant)>,
}

const SYSCALL: u16 = 1300;

impl Events {
    pub fn new(wait: Wait) -> Self {
        let (queue, open, order, ready, last, operations) = Default::default();
        Self { wait, queue, open, order, waiting: 0, ready, last, operations }
    }

    /// A record that comes as it is written, `now`, or is read from a log that has all.
    pub fn push(&mut self, event: Event, access: Access, life: Life, now: Option<Instant>) {
        // It has no system call, as that of a packet.
        let alone = access.fields.get("pid") == Some(&Value::Unknown);
        let (call, early, given_up) = Default::default();
        let mut held = Held { event, access, life, call, early, came: now, given_up };
        let before = self.last.get(&held.event.node).filter(|(event, ..)| *event == held.event);
        let before = before.map(|(_, kind, text)| (*kind, Fields::of_call(text)));
        match self.wait {
            Wait::All | Wait::User if !alone => {
                let ended = matches!(before, Some((SYSCALL, _)));
                (held.call, held.early) = (before.and_then(|(_, call)| call), true);
                if ended { self.ready.push_back(held) } else { self.hold(held) }
            }
            Wait::Some => {
                let open = self.open.entry(held.event.clone()).or_default();
                open.records += 1;
                if let Some((kind, call)) = before {
                    open.ended |= kind == SYSCALL;
                    open.call = open.call.take().or(call);
                }
                open.ended |= alone;
                self.queue.push_back(held);
                if self.queue.len() > WAITING {
                    self.release();
                }
            }
            _ => self.ready.push_back(held),
        }
    }

    /// Until its event ends, or too many wait.
    fn hold(&mut self, held: Held) {
        let open = self.open.entry(held.event.clone()).or_default();
        if open.held.is_empty() {
            self.order.push_back(held.event.clone());
        }
        open.held.push(held);
        self.waiting += 1;
        while self.waiting > WAITING {
            let Some(event) = self.order.pop_front() else { break };
            let known = self.ready.len();
            self.finish(&event);
            for held in self.ready.range_mut(known..) {
                held.given_up = self.wait == Wait::All || held.call.is_none();
            }
        }
        if self.order.len() > 2 * WAITING {
            self.order.retain(|event| self.open.contains_key(event));
        }
    }

    /// Unless with [`Wait::Some`]: the event's records wait for nothing more.
    fn finish(&mut self, event: &Event) {
        let Some(open) = self.open.remove(event) else { return };
        self.waiting -= open.held.len();
        let call = open.call;
        let with_call = |held: Held| Held { call: call.clone().or(held.call), ..held };
        self.ready.extend(open.held.into_iter().map(with_call));
    }

    /// A record of the event's system call, or of its operation of `io_uring`. With `now`, it
    /// comes as it is written, to a log, which has no ends of events.
    pub fn call(&mut self, event: Event, kind: u16, text: Vec<u8>, now: Option<Instant>) {
        if let Some(open) = self.open.get_mut(&event) {
            // The system call is the last to be recorded, and says more.
            if kind == SYSCALL {
                open.call = Fields::of_call(&text);
                self.end(&event);
            } else if self.wait == Wait::Some {
                open.call = open.call.take().or_else(|| Fields::of_call(&text));
            } else {
                for held in open.held.iter_mut().filter(|held| held.call.is_none() || held.early) {
                    (held.call, held.early) = (Fields::of_call(&text), false);
                }
                if let (Wait::User, Some(now)) = (self.wait, now) {
                    self.operations.push_back((event.clone(), now));
                }
            }
        }
        let known = self.last.get(&event.node);
        if kind == SYSCALL
            || !known.is_some_and(|(last, kind, _)| *kind == SYSCALL && *last == event)
        {
            self.last.insert(event.node.clone(), (event, kind, text));
        }
    }

    /// The event has no more records.
    pub fn end(&mut self, event: &Event) {
        if matches!(self.wait, Wait::All | Wait::User) {
            self.finish(event);
        } else if let Some(open) = self.open.get_mut(event) {
            open.ended = true;
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
        while let Some(event) = self.order.pop_front() {
            self.finish(&event);
        }
        self.operations.clear();
    }

    /// How long the first may still wait; none if there is no limit.
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        let came = match self.wait {
            Wait::Some => self.queue.front()?.came?,
            _ => self.operations.front()?.1,
        };
        Some(PATIENCE.saturating_sub(now.saturating_duration_since(came)))
    }

    /// The next that waits for nothing more.
    pub fn next(&mut self, now: Instant) -> Option<Held> {
        while self.wait == Wait::Some && self.is_ready(now) {
            self.release();
        }
        while let Some((event, came)) = self.operations.front() {
            if self.open.contains_key(event) && now.saturating_duration_since(*came) < PATIENCE {
                break;
            }
            if let Some((event, _)) = self.operations.pop_front() {
                self.finish(&event);
            }
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

    const NO_CALL: u32 = 99;
    const URINGOP: u16 = 1336;

    fn event(node: &str, serial: u32) -> (Event, Access) {
        let pid = if serial == NO_CALL { "?".into() } else { serial.to_string() };
        let line = format!(
            "node={node} type=1427 msg=audit(1.000:{serial}): prog-id=1 pid={pid} comm=\"a\""
        );
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
        events.call(event(node, serial).0, SYSCALL, format!("syscall=1 uid={uid}").into(), None);
    }

    fn operation(events: &mut Events, serial: u32, uid: u32, now: Option<Instant>) {
        events.call(event("a", serial).0, URINGOP, format!("uring_op=18 uid={uid}").into(), now);
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
        operation(&mut events, 3, 7, Some(now));
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

        push(&mut events, "a", 4, None);
        push(&mut events, "b", 3, None);
        push(&mut events, "a", 4, None);
        events.end_all();
        let all = [is("a", 4, None), is("a", 4, None), is("b", 3, None)];
        assert_eq!(out(&mut events, now), all);
        assert!(events.open.is_empty() && events.waiting == 0);
    }

    /// As ausearch prints them.
    #[test]
    fn the_last_first() {
        let now = Instant::now();
        for wait in [Wait::Some, Wait::All, Wait::User] {
            let mut events = Events::new(wait);
            call(&mut events, "a", 1, 10);
            push(&mut events, "a", 1, None);
            push(&mut events, "a", 1, None);
            push(&mut events, "b", 1, None);
            assert_eq!(out(&mut events, now), [is("a", 1, Some(10)), is("a", 1, Some(10))]);
            events.end_all();
            assert_eq!(out(&mut events, now), [is("b", 1, None)]);
            assert!(events.open.is_empty());

            // A worker's.
            operation(&mut events, 2, 7, None);
            push(&mut events, "a", 2, None);
            assert_eq!(out(&mut events, now), []);
            events.end_all();
            assert_eq!(out(&mut events, now), [is("a", 2, Some(7))]);

            // Two nodes in turn.
            call(&mut events, "a", 3, 5);
            call(&mut events, "b", 3, 6);
            push(&mut events, "a", 3, None);
            push(&mut events, "b", 3, None);
            assert_eq!(out(&mut events, now), [is("a", 3, Some(5)), is("b", 3, Some(6))]);
        }
    }

    /// auditd's log has no end of an event.
    #[test]
    fn workers_that_are_followed() {
        let now = Instant::now();
        for wait in [Wait::All, Wait::User] {
            let mut events = Events::new(wait);
            push(&mut events, "a", 1, Some(now));
            operation(&mut events, 1, 7, Some(now));
            assert_eq!(out(&mut events, now), []);
            // A worker's operation has no executable.
            let known = if wait == Wait::User { vec![is("a", 1, Some(7))] } else { vec![] };
            assert_eq!(out(&mut events, now + PATIENCE), known);
            assert_eq!(events.patience(now), None);
            assert!(events.operations.is_empty());
        }
    }

    /// Each may be another user's; the system call, if it comes, says more.
    #[test]
    fn two_operations() {
        let now = Instant::now();
        for with_call in [false, true] {
            let mut events = Events::new(Wait::User);
            push(&mut events, "a", 1, Some(now));
            operation(&mut events, 1, 7, Some(now));
            push(&mut events, "a", 1, Some(now));
            operation(&mut events, 1, 8, Some(now));
            if with_call {
                call(&mut events, "a", 1, 9);
            }
            let all = out(&mut events, now + PATIENCE);
            let uids = if with_call { [9, 9] } else { [7, 8] };
            assert_eq!(all, uids.map(|uid| is("a", 1, Some(uid))));
        }
    }

    #[test]
    fn those_without_a_call() {
        let now = Instant::now();
        let mut events = Events::new(Wait::All);
        push(&mut events, "a", 1, None);
        push(&mut events, "a", NO_CALL, None);
        assert_eq!(out(&mut events, now), [is("a", NO_CALL.into(), None)]);

        let mut events = Events::new(Wait::Some);
        push(&mut events, "a", NO_CALL, Some(now));
        assert_eq!(out(&mut events, now), [is("a", NO_CALL.into(), None)]);
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

        let mut events = Events::new(Wait::All);
        for serial in 101..=u32::try_from(WAITING).unwrap() + 101 {
            push(&mut events, "a", serial, None);
        }
        assert!(events.next(now).is_some_and(|held| held.given_up));
        events.end_all();
        assert!(events.next(now).is_some_and(|held| !held.given_up));

        // Whose user is known is judged by that.
        let mut events = Events::new(Wait::User);
        for serial in 101..=u32::try_from(WAITING).unwrap() + 101 {
            push(&mut events, "a", serial, None);
            operation(&mut events, serial, 7, None);
        }
        assert!(events.next(now).is_some_and(|held| !held.given_up && held.call.is_some()));

        let mut events = Events::new(Wait::All);
        for serial in 101..=u32::try_from(WAITING).unwrap() + 102 {
            push(&mut events, "a", serial, None);
            // Those that end leave nothing behind.
            for node in if serial < 4000 { ["b", "c"].as_slice() } else { &[] } {
                push(&mut events, node, serial, None);
                call(&mut events, node, serial, 1);
            }
        }
        let left = out(&mut events, now).into_iter().filter(|(node, ..)| node == "a");
        assert_eq!(left.collect::<Vec<_>>(), [is("a", 101, None), is("a", 102, None)]);
        assert_eq!((events.open.len(), events.waiting), (WAITING, WAITING));
        assert!(events.order.len() <= 2 * WAITING);
    }
}
