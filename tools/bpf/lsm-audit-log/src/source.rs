// SPDX-License-Identifier: GPL-2.0-only

//! Where records come from: each source runs in a thread of its own and sends what it reads.

use std::sync::mpsc::SyncSender;

use crate::record::{Malformed, Record};

pub enum Event {
    Record {
        record: Record,
        /// Counted from the start of the source, twice if that is read twice.
        number: u64,
        pass: Pass,
    },
    /// Something is missing in what was read; to be said and counted.
    Trouble(String),
    /// To be said.
    Note(String),
    /// No more will come, because of an error if there is one.
    End(Result<(), String>),
}

#[derive(Clone, Copy, PartialEq)]
pub enum Pass {
    Only,
    /// To see when programs come and go: it will be read again.
    Ahead,
    Again,
}

/// The other side has gone, so that there is no sense in going on.
pub struct Gone;

pub struct Output {
    events: SyncSender<Event>,
    pass: Pass,
    number: u64,
}

impl Output {
    pub fn new(events: SyncSender<Event>) -> Self {
        Self { events, pass: Pass::Only, number: 0 }
    }

    pub fn begin(&mut self, pass: Pass) {
        self.pass = pass;
        self.number = 0;
    }

    pub fn record(
        &mut self,
        record: Result<Option<Record>, Malformed>,
        text: &[u8],
        place: impl FnOnce() -> String,
    ) -> Result<(), Gone> {
        match record {
            Ok(None) => Ok(()),
            Ok(Some(record)) => {
                self.number += 1;
                self.send(Event::Record { record, number: self.number, pass: self.pass })
            }
            Err(why) => {
                let excerpt = crate::output::escape(text.get(..120).unwrap_or(text));
                self.trouble(format!("{} {why}: {excerpt}", place()))
            }
        }
    }

    /// What is to be said is said once.
    pub fn trouble(&self, what: String) -> Result<(), Gone> {
        if self.pass == Pass::Ahead { Ok(()) } else { self.send(Event::Trouble(what)) }
    }

    pub fn note(&self, what: String) -> Result<(), Gone> {
        if self.pass == Pass::Ahead { Ok(()) } else { self.send(Event::Note(what)) }
    }

    pub fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).map_err(|_| Gone)
    }
}
