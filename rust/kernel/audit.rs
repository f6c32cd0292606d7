// SPDX-License-Identifier: GPL-2.0-only

//! Audit records.
//!
//! A [`Record`] is started with a type, gets its text field by field, and is queued for the audit
//! daemon when it is dropped.
//!
//! C header: [`include/linux/audit.h`](srctree/include/linux/audit.h)

use crate::{
    bindings,
    ffi::c_int,
    preempt,
    str::{
        CStr,
        CStrExt, //
    },
    task::Task, //
};

use core::ptr::NonNull;

#[cfg(CONFIG_HAS_SECURITY_AUDIT)]
mod lsm;
mod text;

#[cfg(CONFIG_HAS_SECURITY_AUDIT)]
pub use self::lsm::{
    IpAddrs,
    LsmData, //
};
pub use self::text::{
    untrusted_len,
    Text, //
};

/// The longest record that the audit daemon writes whole, in bytes, from the opening `audit(` on.
///
/// It reads `MAX_AUDIT_MESSAGE_LENGTH` of audit-userspace (`lib/libaudit.h`), of which
/// `include/uapi/linux/audit.h` tells. The line that it writes is 32 bytes shorter
/// (`format_raw()` in `src/auditd-event.c`), ends with a NUL, and starts with the type, such as
/// `type=BPF_LSM_ACCESS msg=`. The kernel itself has no limit.
pub const MAX_RECORD_LEN: usize = 8970 - 32 - 1 - 24;

/// The type of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordType(c_int);

impl RecordType {
    /// A BPF LSM program reports an access: `AUDIT_BPF_LSM_ACCESS`.
    pub const BPF_LSM_ACCESS: Self = Self(bindings::AUDIT_BPF_LSM_ACCESS as c_int);
}

/// What a record belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The current task. If it is in a system call, the record shares the serial of the call's own
    /// records, and makes the kernel write them.
    Current,

    /// No task: the record stands alone.
    None,
}

/// How the memory for a record is allocated when it is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// The caller may sleep, for memory and for audit's backlog to drain.
    MaySleep,

    /// The caller doesn't sleep; the record is lost if there is no memory or if the backlog is
    /// full.
    Atomic,
}

impl Allocation {
    /// Returns [`Allocation::MaySleep`] where that is proved to be harmless.
    ///
    /// Beside the caller's being allowed to sleep ([`preempt::can_sleep()`]) that takes that it
    /// isn't in reclaim, which would have to wait for itself, nor in a kernel thread, which others
    /// may wait for.
    #[inline]
    pub fn proven() -> Self {
        const UNFIT: u32 = bindings::PF_MEMALLOC | bindings::PF_KTHREAD;

        // SAFETY: `current` is always valid, and only it writes to its flags.
        let flags = unsafe { (*Task::current_raw()).flags };

        if preempt::can_sleep() && flags & UNFIT == 0 {
            Self::MaySleep
        } else {
            Self::Atomic
        }
    }

    #[inline]
    fn as_gfp(self) -> bindings::gfp_t {
        match self {
            Self::MaySleep => bindings::GFP_KERNEL,
            Self::Atomic => bindings::GFP_ATOMIC | bindings::__GFP_NOWARN,
        }
    }
}

/// A record being written.
///
/// Dropping it ends it. A record can't be taken back.
///
/// Only starting a record may sleep, as [`Allocation`] says. Whoever adds to it later may have come
/// to where that isn't allowed, and doesn't sleep.
///
/// If memory runs out while text is added, that text is missing or cut, and audit counts a loss;
/// the writer isn't told.
///
/// This is for code that is built in: audit exports only some of the functions that it takes.
///
/// # Invariants
///
/// The pointer is that of an `audit_buffer` that this instance owns.
///
/// # Examples
///
/// ```ignore
/// use kernel::audit::{
///     Allocation,
///     Record,
///     RecordType,
///     Subject, //
/// };
///
/// if let Some(mut record) = Record::start(
///     RecordType::BPF_LSM_ACCESS,
///     Subject::Current,
///     Allocation::proven(),
/// ) {
///     record.append(b"cause=");
///     record.append_untrusted(b"any text");
/// }
/// ```
#[repr(transparent)]
pub struct Record(NonNull<bindings::audit_buffer>);

// SAFETY: A record can be written and ended by any task.
unsafe impl Send for Record {}

impl Record {
    /// Starts a record.
    ///
    /// Returns `None` if a rule excludes the record, or if it is lost, which audit counts.
    #[inline]
    pub fn start(kind: RecordType, subject: Subject, allocation: Allocation) -> Option<Self> {
        let ctx = match subject {
            // SAFETY: It's always safe to call `audit_context()`.
            Subject::Current => unsafe { bindings::audit_context() },
            Subject::None => core::ptr::null_mut(),
        };

        // SAFETY: `ctx` is NULL or `current`'s, and the flags are ones that audit allocates with.
        // That the caller may sleep is what it says by choosing `Allocation::MaySleep`.
        let ab = unsafe { bindings::audit_log_start(ctx, allocation.as_gfp(), kind.0) };

        // INVARIANT: A buffer that `audit_log_start()` returns is the caller's.
        let record = NonNull::new(ab).map(Self)?;

        if allocation == Allocation::MaySleep {
            // SAFETY: By the type invariants.
            unsafe { bindings::audit_log_set_gfp(ab, Allocation::Atomic.as_gfp()) };
        }

        Some(record)
    }

    /// Returns the length of the text so far, in bytes, with what audit itself put at its start.
    #[inline]
    pub fn text_len(&self) -> usize {
        // SAFETY: By the type invariants.
        unsafe { bindings::audit_log_len(self.0.as_ptr()) as usize }
    }

    /// Appends text as it is.
    ///
    /// It must follow the grammar of a record: ` key=value`, where a value has neither spaces nor
    /// quotes of its own.
    #[inline]
    pub fn append(&mut self, text: &[u8]) {
        // SAFETY: By the type invariants; `text` is valid for reads of its length.
        unsafe { bindings::audit_log_n_bytes(self.0.as_ptr(), text.as_ptr().cast(), text.len()) };
    }

    /// Appends a string of unknown origin: quoted, or in hex if it holds a quote, a space, a
    /// control or a non-ASCII byte.
    #[inline]
    pub fn append_untrusted(&mut self, string: &[u8]) {
        // SAFETY: By the type invariants; `string` is valid for reads of its length.
        unsafe {
            bindings::audit_log_n_untrustedstring(self.0.as_ptr(), string.as_ptr(), string.len())
        };
    }

    /// Appends what all LSMs report alike, in the same words, if it [can be written
    /// here](LsmData::is_writable).
    #[cfg(CONFIG_HAS_SECURITY_AUDIT)]
    #[inline]
    pub fn append_lsm_data(&mut self, data: &LsmData<'_>) {
        data.write(self);
    }
}

impl Drop for Record {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants the buffer is ours, and it isn't used any more.
        unsafe { bindings::audit_log_end(self.0.as_ptr()) };
    }
}

/// Tells audit that a record was lost before it could be started.
///
/// Audit counts it, and does what it was configured to do on a loss, which may be to panic.
#[inline]
pub fn record_lost(why: &'static CStr) {
    // SAFETY: `why` is a valid string.
    unsafe { bindings::audit_log_lost(why.as_char_ptr()) };
}

/// Returns whether the current task carries records to user space or is their reader: kauditd, or a
/// registered audit daemon.
///
/// What such a task reports of its own work is a record that makes for more work.
#[inline]
pub fn current_is_consumer() -> bool {
    // SAFETY: `current` is always valid.
    unsafe { bindings::audit_test_consumer(Task::current_raw()) }
}
