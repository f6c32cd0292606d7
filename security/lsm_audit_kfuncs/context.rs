// SPDX-License-Identifier: GPL-2.0-only

//! A record that a program is writing.

use kernel::{
    alloc::{
        allocator::KmallocNolock,
        flags::__GFP_ZERO,
        Box, //
    },
    audit::{
        self,
        LsmData,
        Record,
        RecordType,
        Subject,
        Text, //
    },
    bindings,
    bpf::{
        ProgAux,
        Referenced, //
    },
    current,
    ffi::c_void,
    net::InitNetIf,
    preempt::{
        can_take_spinlock,
        in_interrupt_or_bh_disabled,
        in_nmi,
        may_hold_spinlock, //
    },
    prelude::*, //
};

use core::mem::offset_of;

use crate::{
    fields::{
        Field,
        Keys, //
    },
    hooks, //
};

/// The longest head: `prog-id=` and ten digits, ` pid=` and a sign and ten digits, ` comm=` and 15
/// bytes in hex.
const HEAD_LEN: usize = (8 + 10) + (5 + 11) + (6 + 2 * 15);

/// A record that a program is writing, and the keys that it has so far: none may come twice.
///
/// The verifier sees to it that a program ends each record it starts, once, on every path. One run
/// of one program has it in between, so nothing locks it.
#[repr(C)]
pub(crate) struct Context {
    record: Record,
    keys: Keys,
    /// How many RCU sections the program runs in.
    rcu_sections: u32,
}

// entry.c keeps a context that has ended in a list, and overwrites what is not the record.
const _: () =
    assert!(offset_of!(Context, record) == offset_of!(bindings::bpf_audit_context, record));

// SAFETY: No other code makes a pointer to a `struct bpf_audit_context`; `record` is a member of
// it.
unsafe impl Referenced for Context {
    type Raw = bindings::bpf_audit_context;
    type Allocator = KmallocNolock;

    fn pointer(raw: &bindings::bpf_audit_context) -> &*mut c_void {
        &raw.record
    }
}

impl Context {
    /// Starts a record of the program that `aux` belongs to.
    pub(crate) fn start(aux: &ProgAux) -> Option<Box<Self, KmallocNolock>> {
        // Audit's locks may be held by whatever was interrupted, those that count losses too.
        if in_nmi() {
            return None;
        }

        let wanted = RecordType::BPF_LSM_ACCESS.wanted()?;

        // In an interrupt current is merely the interrupted task: it tells nothing of whether the
        // daemon is the cause. What bounds such records is the backlog.
        let interrupt = in_interrupt_or_bh_disabled();
        if !interrupt && audit::current_feeds_back() {
            return None;
        }

        // What a record needs are spinlocks: those of the allocators, and of audit's queue.
        if !can_take_spinlock() {
            wanted.lost(c"atomic context in bpf_audit_log_start");
            return None;
        }

        // First what can be undone: a record that was started can't be taken back.
        let Ok(context) = Box::<Self, KmallocNolock>::new_uninit(__GFP_ZERO) else {
            wanted.lost(c"out of memory in bpf_audit_log_start");
            return None;
        };

        let subject = if interrupt || hooks::BPF_AUDIT_NO_SUBJECT.contains(aux.attach_btf_id()) {
            Subject::None
        } else {
            Subject::Current
        };
        let mut record = wanted.start(subject)?;
        record.append(head(aux.id(), subject).as_bytes());

        Some(context.write(Self {
            record,
            keys: Field::Head.keys(),
            rcu_sections: aux.prog().rcu_sections(),
        }))
    }

    /// Adds the string `cause`.
    pub(crate) fn log_cause(&mut self, cause: &[u8]) -> Result {
        const KEY: &[u8] = b" cause=";

        self.claim(Field::Cause.keys(), |room| {
            let room = room.saturating_sub(KEY.len());

            // Its longest form is that in hex; only if that doesn't fit, look which it has.
            cause.len().saturating_mul(2).saturating_add(2) <= room
                || audit::untrusted_len(cause) <= room
        })?;

        self.record.append(KEY);
        self.record.append_untrusted(cause);
        Ok(())
    }

    /// Adds the number `rule`.
    pub(crate) fn log_rule(&mut self, rule: u64) -> Result {
        /// The longest text, in bytes: the key and twenty digits.
        const LEN: usize = 9 + 20;

        let mut text = Text::<LEN>::new();
        text.push(b" rule-id=");
        text.push_u64(rule);

        self.claim(Field::Rule.keys(), |room| text.as_bytes().len() <= room)?;

        self.record.append(text.as_bytes());
        Ok(())
    }

    /// Adds `data` as the field `field`.
    pub(crate) fn log(&mut self, field: Field, data: LsmData<'_>) -> Result {
        self.log_with_netif(field, None, data)
    }

    /// Adds `data`, which names `netif`, as the field `field`.
    pub(crate) fn log_with_netif(
        &mut self,
        field: Field,
        netif: Option<InitNetIf>,
        data: LsmData<'_>,
    ) -> Result {
        if field.looks_up_name() && may_hold_spinlock(self.rcu_sections) {
            return Err(EOPNOTSUPP);
        }

        let keys = match netif {
            Some(_) => field.keys().or(Field::Netif.keys()),
            None => field.keys(),
        };
        self.claim(keys, |room| {
            data.max_len() <= room || data.len_limit() <= room
        })?;

        self.record.append_lsm_data(&data);
        Ok(())
    }

    /// Claims `keys`, whose text `fits` in the room that is left, in bytes.
    ///
    /// If it returns an error, nothing is claimed.
    fn claim(&mut self, keys: Keys, fits: impl FnOnce(usize) -> bool) -> Result {
        // The record may have to grow.
        if !can_take_spinlock() {
            return Err(EOPNOTSUPP);
        }

        if self.keys.overlap(keys) {
            return Err(EINVAL);
        }

        if !fits(audit::MAX_RECORD_LEN.saturating_sub(self.record.text_len())) {
            return Err(E2BIG);
        }

        self.keys = self.keys.or(keys);
        Ok(())
    }
}

/// Returns the head of a record. Every record has it, since audit's rules or the lack of a system
/// call can leave a record without a SYSCALL record.
fn head(prog_id: u32, subject: Subject) -> Text<HEAD_LEN> {
    let mut head = Text::new();

    head.push(b"prog-id=");
    head.push_u32(prog_id);

    match subject {
        Subject::Current => {
            let task = current!();

            head.push(b" pid=");
            head.push_i32(task.tgid());
            head.push(b" comm=");
            head.push_untrusted(task.comm().to_bytes());
        }
        Subject::None => head.push(b" pid=? comm=?"),
    }

    head
}
