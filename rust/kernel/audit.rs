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
    str::{
        CStr,
        CStrExt, //
    }, //
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

    /// Returns `None` if nobody wants a record of this type: if audit was disabled at boot, or if a
    /// rule excludes the record.
    #[inline]
    #[must_use = "a record that is wanted is to be started, or counted as lost"]
    pub fn wanted(self) -> Option<Wanted> {
        // SAFETY: It's always safe to call this function.
        unsafe { bindings::audit_log_wanted(self.0) }.then_some(Wanted(self))
    }
}

/// A record that is wanted, but not started yet.
///
/// A record that was started can't be taken back. So whoever needs memory of its own for one
/// allocates that in between, and tells audit if there is none ([`Wanted::lost()`]).
pub struct Wanted(RecordType);

impl Wanted {
    /// Starts the record. This takes spinlocks, and doesn't sleep otherwise: with
    /// `CONFIG_PREEMPT_RT` it must not be called where these can't be taken
    /// ([`can_take_spinlock()`](crate::preempt::can_take_spinlock())).
    ///
    /// Returns `None` if the record is lost, which audit counts: if there is no memory, or if the
    /// backlog is full, the limit of which holds for the audit daemon, too.
    #[inline]
    pub fn start(self, subject: Subject) -> Option<Record> {
        let ctx = match subject {
            // SAFETY: It's always safe to call `audit_context()`.
            Subject::Current => unsafe { bindings::audit_context() },
            Subject::None => core::ptr::null_mut(),
        };

        // SAFETY: `ctx` is NULL or `current`'s.
        let ab = unsafe { bindings::audit_log_start_wanted(ctx, self.0 .0) };

        // INVARIANT: A buffer that `audit_log_start_wanted()` returns is the caller's.
        NonNull::new(ab).map(Record)
    }

    /// Tells audit that the record was lost before it could be started.
    ///
    /// Audit counts it, and does what it was configured to do on a loss, which may be to panic.
    /// This may be called in any context but an NMI.
    #[inline]
    pub fn lost(self, why: &'static CStr) {
        // SAFETY: `why` is a valid string.
        unsafe { bindings::audit_log_lost(why.as_char_ptr()) };
    }
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

/// A record being written.
///
/// Dropping it ends it. A record can't be taken back. What is done with it takes spinlocks, as its
/// start does, and doesn't sleep otherwise.
///
/// If memory runs out while text is added, the record ends there, and audit counts one loss; the
/// writer isn't told.
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
///     RecordType,
///     Subject, //
/// };
///
/// if let Some(mut record) = RecordType::BPF_LSM_ACCESS
///     .wanted()
///     .and_then(|wanted| wanted.start(Subject::Current))
/// {
///     record.append(b"cause=");
///     record.append_untrusted(b"any text");
/// }
/// ```
#[repr(transparent)]
pub struct Record(NonNull<bindings::audit_buffer>);

// SAFETY: A record can be written and ended by any task.
unsafe impl Send for Record {}

impl Record {
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

    /// Appends what all LSMs report alike, in the same words.
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

/// Returns whether a record of the current task would feed on itself, so that it must be left out:
/// if the task is kauditd, or an audit daemon that has had too many of its own lately.
///
/// What these do to deliver and to store a record passes LSM hooks. Of the daemon's own records, up
/// to 100 in a period of 5 seconds are bounded work; the kernel log tells how many were suppressed.
/// Those aren't lost records. Each call by the daemon counts as a record of its own.
#[inline]
pub fn current_feeds_back() -> bool {
    // SAFETY: It's always safe to call this function.
    unsafe { bindings::audit_log_feedback() }
}
