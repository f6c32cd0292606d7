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
        Allocation,
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
    preempt::{
        in_interrupt,
        in_nmi,
        irqs_disabled, //
    },
    prelude::*, //
};

use crate::fields::{
    Field,
    Keys, //
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
}

// SAFETY: No other code makes a pointer to a `struct bpf_audit_context`.
unsafe impl Referenced for Context {
    type Raw = bindings::bpf_audit_context;
    type Allocator = KmallocNolock;
}

impl Context {
    /// Starts a record of the program that `aux` belongs to.
    pub(crate) fn start(aux: &ProgAux) -> Option<Box<Self, KmallocNolock>> {
        // An interrupt borrows whatever task it meets: that one isn't the subject.
        let subject = if in_interrupt() {
            Subject::None
        } else {
            Subject::Current
        };

        let unfit = match subject {
            // A record from here would make more work for the task that delivers it, for ever.
            // Leaving it out is no loss, as when audit leaves out the daemon's system calls.
            Subject::Current => audit::current_is_consumer(),
            // Audit's locks may be held by whoever was interrupted, those that count losses too.
            Subject::None => in_nmi(),
        };
        if unfit {
            return None;
        }

        // First what can be undone: a record that was started can't be taken back.
        let Ok(context) = Box::<Self, KmallocNolock>::new_uninit(__GFP_ZERO) else {
            audit::record_lost(c"out of memory in bpf_audit_log_start");
            return None;
        };

        // A sleepable program may sleep, but not everywhere: inside `bpf_rcu_read_lock()`, say, it
        // may not.
        let allocation = if aux.prog().is_sleepable() {
            Allocation::proven()
        } else {
            Allocation::Atomic
        };

        let mut record = Record::start(RecordType::BPF_LSM_ACCESS, subject, allocation)?;
        record.append(head(aux.id(), subject).as_bytes());

        Some(context.write(Self {
            record,
            keys: Field::Head.keys(),
        }))
    }

    /// Adds the string `cause`.
    pub(crate) fn log_cause(&mut self, cause: &[u8]) -> Result {
        const KEY: &[u8] = b" cause=";

        self.claim(Field::Cause, |room| {
            let room = room.saturating_sub(KEY.len());

            // Its longest form is that in hex; only if that doesn't fit, look which it has.
            cause.len().saturating_mul(2).saturating_add(2) <= room
                || audit::untrusted_len(cause) <= room
        })?;

        self.record.append(KEY);
        self.record.append_untrusted(cause);
        Ok(())
    }

    /// Adds `data` as the field `field`.
    pub(crate) fn log(&mut self, field: Field, data: LsmData<'_>) -> Result {
        if !field.irq_safe() && (in_interrupt() || irqs_disabled()) {
            return Err(EOPNOTSUPP);
        }
        if !data.is_writable() {
            return Err(EOPNOTSUPP);
        }

        self.claim(field, |room| {
            data.max_len() <= room || data.len_limit() <= room
        })?;

        self.record.append_lsm_data(&data);
        Ok(())
    }

    /// Claims the keys of `field`, which `fits` in the room that is left, in bytes.
    ///
    /// If it returns an error, nothing is claimed.
    fn claim(&mut self, field: Field, fits: impl FnOnce(usize) -> bool) -> Result {
        if self.keys.overlap(field.keys()) {
            return Err(EINVAL);
        }

        if !fits(audit::MAX_RECORD_LEN.saturating_sub(self.record.text_len())) {
            return Err(E2BIG);
        }

        self.keys = self.keys.or(field.keys());
        Ok(())
    }
}

/// Returns the head of a record, which is in every record: one may stand alone, for want of a
/// system call or by audit's rules.
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
