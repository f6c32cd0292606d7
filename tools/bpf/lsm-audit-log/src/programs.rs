// SPDX-License-Identifier: GPL-2.0-only

//! Which program had an id when.
//!
//! Ids are given anew, after a boot or when the numbers run out. A record belongs to the program
//! between whose LOAD and UNLOAD it stands, and what the kernel says of an id today belongs to
//! it only if it is the same program. Other nodes of a log are other machines, with ids of their
//! own.
//!
//! The record of a boot is written before the audit daemon runs, and reaches its log only if the
//! kernel was booted with `audit=1`. So a boot is also known by the serials, which begin anew.
//! Serials alone can mislead: a system call has the time of its start and the serial of its first
//! record, and two that a user draws out are enough. So in a log that tells when the daemon starts,
//! a boot takes a start of the daemon, too.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::record::{Body, Event, Fields, Node, Record};

/// How far the time of a LOAD record is from the program's load time: the one is the start of
/// the system call or the end of the verification, the other lies in between.
const LOADING: SignedDuration = SignedDuration::from_secs(10);
/// What two clocks may differ by, and for how long a program runs on after its UNLOAD.
const SLACK: SignedDuration = SignedDuration::from_secs(1);
/// How much later a record must be than all before it, if a lower serial is to mean a boot: records
/// that are written at once can come in another order than their serials.
const BOOTED: SignedDuration = SignedDuration::from_secs(1);
/// How many ids are remembered, before those of programs that have gone are forgotten.
const REMEMBERED: usize = 10_000;

/// What the kernel knows of a loaded program.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    pub name: String,
    pub tag: String,
    pub hook: Option<String>,
    pub loaded: Timestamp,
    pub pinned: Vec<PathBuf>,
}

pub trait Kernel {
    fn program(&mut self, id: u32) -> Option<Info>;
    /// The LSM programs that are loaded.
    fn programs(&mut self) -> Vec<(u32, Info)>;
    fn pins(&mut self, id: u32) -> Vec<PathBuf>;
}

/// The kernel, if it may be asked.
type Asked<'a> = Option<&'a mut (dyn Kernel + 'static)>;

/// One program's time with its id.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// The numbers of the records that it begins and ends with.
    from: u64,
    until: Option<u64>,
    /// As its LOAD record has it.
    load: Option<Timestamp>,
    pub loader: Option<Vec<u8>>,
    pub unloaded: Option<Timestamp>,
    asked: bool,
    pub info: Option<Box<Info>>,
    /// Another program that has the id now.
    pub successor: Option<Box<Info>>,
}

impl Life {
    /// What tells it from the others that have its id on its node.
    pub fn number(&self) -> u64 {
        self.from
    }

    pub fn loaded(&self) -> Option<Timestamp> {
        self.info.as_ref().map(|info| info.loaded).or(self.load)
    }
}

pub struct Programs {
    kernel: Option<Box<dyn Kernel>>,
    /// What logs call the machine of this kernel, where they name it.
    this_node: Vec<u8>,
    nodes: HashMap<Node, Machine>,
}

/// What the log tells of the audit daemon's start.
#[derive(Clone, Copy, Default)]
enum Daemon {
    /// Nothing.
    #[default]
    Untold,
    /// It started at this time, and no later record of the boot has come since.
    Started(Timestamp),
    /// It has started, and one has.
    Running,
}

/// The programs of one node.
#[derive(Default)]
struct Machine {
    /// By id, in order.
    lives: HashMap<u32, Vec<Life>>,
    /// The event of the last LOAD, and the ids of all that have it: one system call may load
    /// several programs.
    loading: Option<(Event, Vec<u32>)>,
    /// The last system call and its executable: ausearch prints the last record of an event first.
    call: Option<(Event, Option<Vec<u8>>)>,
    /// The latest time and the highest serial since the last boot.
    last: Option<(Timestamp, u64)>,
    daemon: Daemon,
    /// What [`Machine::writer()`] returned of a program that nothing is known of, but that its id
    /// had another program before and has another one after it.
    between: Life,
}

/// Most ids are given once.
fn one() -> Vec<Life> {
    Vec::with_capacity(1)
}

impl Programs {
    /// Without a kernel, records are all that is known.
    pub fn new(kernel: Option<Box<dyn Kernel>>, this_node: Vec<u8>) -> Self {
        Self { kernel, this_node, nodes: HashMap::new() }
    }

    /// Records come as they are written from now on: look at what is there, as it may be gone
    /// when its records arrive.
    pub fn watch(&mut self) {
        let machine = self.nodes.entry(None).or_default();
        for (id, info) in self.kernel.iter_mut().flat_map(|kernel| kernel.programs()) {
            let life = Life { asked: true, info: Some(Box::new(info)), ..Life::default() };
            machine.lives.entry(id).or_insert_with(one).push(life);
        }
    }

    /// The node's programs, and its kernel if that is this machine's.
    fn of(&mut self, node: &Node) -> (&mut Machine, Asked<'_>) {
        let here = node.as_ref().is_none_or(|node| *node == self.this_node);
        let kernel = self.kernel.as_deref_mut().filter(|_| here);
        (self.nodes.entry(node.clone()).or_default(), kernel)
    }

    /// Take in what the record with this number says of programs. Of those that it says `now`,
    /// the kernel may be asked now.
    pub fn learn(&mut self, record: &Record, number: u64, now: bool) {
        let (machine, kernel) = self.of(&record.event.node);
        if record.body == Body::DaemonStart {
            machine.daemon = Daemon::Started(record.event.time);
            return;
        }
        if machine.has_booted(&record.event, record.body == Body::Boot) {
            machine.boot(number);
        }
        match &record.body {
            Body::Load(id) => machine.load(*id, &record.event, number, now, kernel),
            Body::Unload(id) => machine.unload(*id, record.event.time, number),
            Body::Call { text, .. } => machine.loaded(&record.event, text),
            Body::Boot | Body::DaemonStart | Body::Access(_) | Body::End => (),
        }
    }

    /// The program that wrote the record with this number, of this event, under this id.
    pub fn writer(&mut self, id: u32, event: &Event, number: u64) -> &Life {
        let (machine, kernel) = self.of(&event.node);
        machine.writer(id, event.time, number, kernel)
    }
}

impl Machine {
    /// Whether the event is the first of a boot.
    fn has_booted(&mut self, event: &Event, says_so: bool) -> bool {
        let Event { time, serial, .. } = *event;
        // A system call that began after the daemon has a serial above all that came before.
        let daemon_started = match self.daemon {
            Daemon::Untold => true,
            Daemon::Started(at) => time >= at,
            Daemon::Running => false,
        };
        let booted = says_so
            || self.last.is_some_and(|(latest, highest)| {
                daemon_started && serial < highest && time.duration_since(latest) > BOOTED
            });
        let later = booted || self.last.is_none_or(|(_, highest)| serial > highest);
        if let (Daemon::Started(_), true) = (self.daemon, later) {
            self.daemon = Daemon::Running;
        }
        let last = self.last.filter(|_| !booted).unwrap_or((time, serial));
        self.last = Some((last.0.max(time), last.1.max(serial)));
        booted
    }

    /// The record with this number is of another boot than those before it.
    fn boot(&mut self, number: u64) {
        for life in self.lives.values_mut().filter_map(|lives| lives.last_mut()) {
            life.until.get_or_insert(number.saturating_sub(1));
        }
    }

    /// The system call of an event has this text.
    fn loaded(&mut self, event: &Event, text: &[u8]) {
        let call = Fields::of_call(text).unwrap_or_default();
        let exe = call.text("exe").map(<[u8]>::to_vec);
        let loading = self.loading.take_if(|(loading, _)| loading == event);
        for id in loading.map(|(_, ids)| ids).unwrap_or_default() {
            if let Some(life) = self.lives.get_mut(&id).and_then(|lives| lives.last_mut()) {
                life.loader.clone_from(&exe);
            }
        }
        self.call = Some((event.clone(), exe));
    }

    fn load(&mut self, id: u32, event: &Event, number: u64, now: bool, kernel: Asked<'_>) {
        if now && self.lives.len() >= REMEMBERED {
            self.lives.retain(|_, lives| lives.last().is_some_and(|life| life.until.is_none()));
        }
        let lives = self.lives.entry(id).or_insert_with(one);
        if let Some(last) = lives.last_mut() {
            last.until.get_or_insert(number);
        }
        let mut life = Life { from: number, load: Some(event.time), ..Life::default() };
        life.loader =
            self.call.as_ref().filter(|(call, _)| call == event).and_then(|(_, exe)| exe.clone());
        if now {
            ask(kernel, id, &mut life, event.time);
        }
        lives.push(life);
        match &mut self.loading {
            Some((loading, ids)) if loading == event => ids.push(id),
            loading => *loading = Some((event.clone(), vec![id])),
        }
    }

    fn unload(&mut self, id: u32, time: Timestamp, number: u64) {
        let lives = self.lives.entry(id).or_insert_with(one);
        match lives.last_mut() {
            Some(last) if last.until.is_none() => {
                last.until = Some(number);
                last.unloaded = Some(time);
            }
            last => {
                let from = last.and_then(|last| last.until).unwrap_or(0);
                let unloaded = Some(time);
                lives.push(Life { from, until: Some(number), unloaded, ..Life::default() });
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "`at` is that of a life just found or made")]
    fn writer(&mut self, id: u32, time: Timestamp, number: u64, mut kernel: Asked<'_>) -> &Life {
        let lives = self.lives.entry(id).or_insert_with(one);
        let fits = |life: &Life| match (life.until, life.unloaded) {
            (None, _) => true,
            (Some(_), Some(unloaded)) if time.duration_since(unloaded) <= SLACK => true,
            (Some(until), _) => number <= until,
        };
        let next = lives.partition_point(|life| life.from <= number);
        let mut at = match next.checked_sub(1) {
            Some(last) if fits(&lives[last]) => last,
            last if next < lives.len() => {
                let from = last.and_then(|last| lives[last].until).unwrap_or(0);
                let until = Some(lives[next].from);
                self.between = Life { from, until, ..Life::default() };
                ask(kernel, id, &mut self.between, time);
                return &self.between;
            }
            _ => {
                lives.insert(next, Life { from: number, ..Life::default() });
                next
            }
        };

        if lives[at].until.is_none() {
            ask(kernel.as_deref_mut(), id, &mut lives[at], time);
            let came = lives[at].successor.take_if(|successor| successor.loaded <= time);
            if came.is_some() {
                // Unseen.
                lives[at].until = Some(number);
                at += 1;
                let life = Life { from: number, asked: true, info: came, ..Life::default() };
                lives.insert(at, life);
            }
            if let (Some(info), Some(kernel)) = (&mut lives[at].info, kernel) {
                // Programs are pinned after they are loaded; the pin goes before the program does.
                let pinned = kernel.pins(id);
                if !pinned.is_empty() {
                    info.pinned = pinned;
                }
            }
        }
        &lives[at]
    }
}

/// Ask the kernel, once. What it says is of another program if that was loaded at another time
/// than this one or, where nothing is known of that, after this one was seen.
fn ask(kernel: Asked<'_>, id: u32, life: &mut Life, seen: Timestamp) {
    let Some(kernel) = kernel else { return };
    if std::mem::replace(&mut life.asked, true) {
        return;
    }
    let Some(info) = kernel.program(id) else { return };
    let same = match life.load {
        Some(load) => info.loaded.duration_since(load).abs() <= LOADING,
        None => info.loaded.duration_since(seen) <= SLACK,
    };
    *(if same { &mut life.info } else { &mut life.successor }) = Some(Box::new(info));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// The programs that a kernel has, with when they were loaded.
    type Loaded = Rc<RefCell<HashMap<u32, i64>>>;

    struct Fake(Loaded);

    impl Kernel for Fake {
        fn program(&mut self, id: u32) -> Option<Info> {
            let loaded = *self.0.borrow().get(&id)?;
            Some(Info {
                name: format!("p{loaded}"),
                tag: String::new(),
                hook: None,
                loaded: at(loaded),
                pinned: Vec::new(),
            })
        }
        fn programs(&mut self) -> Vec<(u32, Info)> {
            let ids: Vec<u32> = self.0.borrow().keys().copied().collect();
            ids.into_iter().filter_map(|id| Some((id, self.program(id)?))).collect()
        }
        fn pins(&mut self, id: u32) -> Vec<PathBuf> {
            vec![format!("/pin/{id}").into()]
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn with(kernel: &[(u32, i64)]) -> (Programs, Loaded) {
        let loaded = Rc::new(RefCell::new(kernel.iter().copied().collect()));
        (Programs::new(Some(Box::new(Fake(Rc::clone(&loaded)))), b"here".into()), loaded)
    }

    fn event(node: Option<&str>, second: i64) -> Event {
        let node = node.map(|node| node.as_bytes().to_vec());
        Event { node, time: at(second), serial: second.unsigned_abs() }
    }

    fn record(second: i64, body: Body) -> Record {
        Record { event: event(None, second), body }
    }

    fn with_serial(second: i64, serial: u64, body: Body) -> Record {
        Record { event: Event { node: None, time: at(second), serial }, body }
    }

    fn call(exe: &str) -> Body {
        Body::Call { kind: 1300, text: format!("syscall=321 exe=\"{exe}\"").into() }
    }

    /// The name, when it was loaded and unloaded, and who has the id now.
    type Who = (Option<String>, Option<i64>, Option<i64>, Option<String>);

    fn who(programs: &mut Programs, id: u32, second: i64, number: u64) -> Who {
        who_of(None, programs, id, second, number)
    }

    fn who_of(
        node: Option<&str>,
        programs: &mut Programs,
        id: u32,
        second: i64,
        number: u64,
    ) -> Who {
        let life = programs.writer(id, &event(node, second), number);
        let name = |info: &Option<Box<Info>>| info.as_ref().map(|info| info.name.clone());
        let second = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        (name(&life.info), second(life.loaded()), second(life.unloaded), name(&life.successor))
    }

    fn named(second: i64) -> Who {
        (Some(format!("p{second}")), Some(second), None, None)
    }

    #[test]
    fn from_the_kernel() {
        let (mut programs, _) = with(&[(7, 100)]);
        assert_eq!(who(&mut programs, 7, 150, 1), named(100));
        assert_eq!(
            programs.writer(7, &event(None, 150), 2).info.as_ref().unwrap().pinned[0].as_os_str(),
            "/pin/7"
        );
        assert_eq!(who(&mut programs, 8, 150, 3), (None, None, None, None));
    }

    #[test]
    fn gone_but_recorded() {
        let mut programs = Programs::new(None, Vec::new());
        programs.learn(&record(100, Body::Load(7)), 1, false);
        programs.learn(&record(100, call("/bin/x")), 2, false);
        programs.learn(&record(200, Body::Unload(7)), 9, false);
        assert_eq!(who(&mut programs, 7, 150, 5), (None, Some(100), Some(200), None));
        assert_eq!(
            programs.writer(7, &event(None, 150), 5).loader.as_deref(),
            Some(b"/bin/x".as_slice())
        );
    }

    #[test]
    fn an_id_again() {
        // Read ahead: two programs, and a third that the kernel has.
        let (mut programs, _) = with(&[(7, 500)]);
        for (second, body) in [
            (100, Body::Load(7)),
            (200, Body::Unload(7)),
            (300, Body::Load(7)),
            (400, Body::Unload(7)),
            (500, Body::Load(7)),
        ] {
            programs.learn(&record(second, body), second.unsigned_abs(), false);
        }
        assert_eq!(who(&mut programs, 7, 150, 150), (None, Some(100), Some(200), None));
        assert_eq!(who(&mut programs, 7, 350, 350), (None, Some(300), Some(400), None));
        assert_eq!(who(&mut programs, 7, 550, 550), named(500));
        // A system call that began before the program was there.
        assert_eq!(who(&mut programs, 7, 450, 560), named(500));
        // Between two of them: of neither.
        assert_eq!(who(&mut programs, 7, 250, 250), (None, None, None, Some("p500".into())));
    }

    #[test]
    fn an_id_again_unseen() {
        // The log has no LOAD of what the kernel has, which came after the first record.
        let (mut programs, _) = with(&[(7, 500)]);
        assert_eq!(who(&mut programs, 7, 150, 1), (None, None, None, Some("p500".into())));
        assert_eq!(who(&mut programs, 7, 550, 2), named(500));
        assert_eq!(who(&mut programs, 7, 150, 1), (None, None, None, None));

        // Nor an UNLOAD, of the one before that.
        let (mut programs, _) = with(&[(7, 500)]);
        programs.learn(&record(100, Body::Load(7)), 1, false);
        programs.learn(&record(500, Body::Load(7)), 3, false);
        assert_eq!(who(&mut programs, 7, 150, 2), (None, Some(100), None, None));
        assert_eq!(who(&mut programs, 7, 550, 4), named(500));

        // Neither.
        let (mut programs, _) = with(&[(7, 500)]);
        programs.learn(&record(100, Body::Load(7)), 1, false);
        assert_eq!(who(&mut programs, 7, 150, 2), (None, Some(100), None, Some("p500".into())));
        assert_eq!(who(&mut programs, 7, 550, 3), named(500));
    }

    #[test]
    fn after_a_boot() {
        let mut programs = Programs::new(None, Vec::new());
        programs.learn(&record(100, Body::Load(7)), 1, false);
        programs.learn(&record(200, Body::Boot), 2, false);
        assert_eq!(who(&mut programs, 7, 150, 1), (None, Some(100), None, None));
        assert_eq!(who(&mut programs, 7, 250, 3), (None, None, None, None));
    }

    /// The log has no record of it: the serial tells.
    #[test]
    fn after_an_unseen_boot() {
        let mut programs = Programs::new(None, Vec::new());
        let mut learn = |second, serial, body, number| {
            programs.learn(&with_serial(second, serial, body), number, false);
        };
        learn(100, 500, Body::Load(7), 1);
        // A system call that began before, one that was late, and a clock that was set back.
        learn(90, 501, Body::End, 2);
        learn(101, 499, Body::End, 3);
        learn(50, 3, Body::End, 4);
        learn(200, 40, Body::End, 5);
        learn(250, 41, Body::Load(7), 6);
        for (number, load) in [(1, Some(100)), (4, Some(100)), (5, None), (6, Some(250))] {
            assert_eq!(who(&mut programs, 7, 200, number), (None, load, None, None), "{number}");
        }
    }

    /// A lower serial at a later time is that of a system call which somebody has drawn out.
    #[test]
    fn no_boot_without_the_daemon() {
        let mut programs = Programs::new(None, Vec::new());
        let mut learn = |second, serial, body, number| {
            programs.learn(&with_serial(second, serial, body), number, false);
        };
        learn(90, 7000, Body::DaemonStart, 1);
        learn(100, 500, Body::Load(7), 2);
        learn(110, 499, call("/bin/drawn-out"), 3);
        // The daemon starts again, in the same boot.
        learn(120, 7500, Body::DaemonStart, 4);
        learn(118, 497, Body::End, 5);
        learn(121, 501, Body::End, 5);
        learn(130, 498, Body::End, 6);
        // And in another one.
        learn(140, 9, Body::DaemonStart, 7);
        learn(150, 40, Body::End, 8);
        for (number, load) in [(3, Some(100)), (6, Some(100)), (8, None)] {
            assert_eq!(who(&mut programs, 7, 200, number), (None, load, None, None), "{number}");
        }
    }

    #[test]
    fn nodes() {
        let (mut programs, _) = with(&[(7, 100)]);
        let (a, b, here) = (Some("a"), Some("b"), Some("here"));
        let mut number = 0;
        let mut learn = |programs: &mut Programs, node, second, body| {
            number += 1;
            programs.learn(&Record { event: event(node, second), body }, number, false);
        };
        // The same ids, serials and times on two nodes.
        learn(&mut programs, a, 110, Body::Load(7));
        learn(&mut programs, b, 110, Body::Load(7));
        learn(&mut programs, b, 110, call("/bin/b"));
        learn(&mut programs, a, 110, call("/bin/a"));
        learn(&mut programs, a, 200, Body::Unload(7));
        learn(&mut programs, b, 300, Body::Boot);
        assert_eq!(who_of(a, &mut programs, 7, 150, 5), (None, Some(110), Some(200), None));
        assert_eq!(who_of(b, &mut programs, 7, 150, 5), (None, Some(110), None, None));
        for (node, loader) in [(a, "/bin/a"), (b, "/bin/b")] {
            let life = programs.writer(7, &event(node, 150), 5);
            assert_eq!(life.loader.as_deref(), Some(loader.as_bytes()));
        }
        // b has booted, a has not.
        learn(&mut programs, a, 310, Body::Load(8));
        assert_eq!(who_of(a, &mut programs, 8, 350, 9), (None, Some(310), None, None));
        assert_eq!(who_of(b, &mut programs, 7, 350, 9), (None, None, None, None));
        assert_eq!(who_of(b, &mut programs, 8, 350, 9), (None, None, None, None));
        // This kernel is asked about its own programs only, whose LOAD no log has.
        assert_eq!(who_of(here, &mut programs, 7, 150, 9), named(100));
        assert_eq!(who_of(None, &mut programs, 7, 150, 9), named(100));
        assert_eq!(who_of(Some("c"), &mut programs, 7, 150, 9), (None, None, None, None));
    }

    #[test]
    fn as_they_come() {
        let (mut programs, loaded) = with(&[(7, 100)]);
        programs.watch();
        // Gone by the time that its record is read.
        loaded.borrow_mut().clear();
        assert_eq!(who(&mut programs, 7, 150, 1), named(100));
        // Its last record may come behind its UNLOAD.
        programs.learn(&record(200, Body::Unload(7)), 2, true);
        let last = (Some("p100".into()), Some(100), Some(200), None);
        assert_eq!(who(&mut programs, 7, 200, 3), last);
        // There only for a moment.
        loaded.borrow_mut().insert(7, 300);
        programs.learn(&record(300, Body::Load(7)), 4, true);
        loaded.borrow_mut().clear();
        assert_eq!(who(&mut programs, 7, 310, 5), named(300));
    }
}
