// SPDX-License-Identifier: GPL-2.0-only

//! What the current context allows.
//!
//! C headers: [`include/linux/preempt.h`](srctree/include/linux/preempt.h),
//! [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use crate::bindings;

/// Returns whether the caller runs in an interrupt or with bottom halves disabled.
///
/// There `current` need not be the task on whose behalf the caller runs: it is the task that an
/// interrupt happened to interrupt, and code that disables bottom halves (threaded NAPI, busy
/// polling) does the work of others.
///
/// Equivalent to the C side `irq_count()`, which is `in_interrupt()`. `include/linux/preempt.h`
/// says that new code should not use that: it also counts disabled bottom halves. Here they are to
/// be counted; `in_task()` is true with bottom halves disabled.
#[inline]
pub fn in_interrupt_or_bh_disabled() -> bool {
    // SAFETY: It's always safe to call `irq_count()`.
    unsafe { bindings::irq_count() != 0 }
}

/// Returns whether the caller runs in a non-maskable interrupt, or, on x86, in an exception that is
/// treated as one, as that of a debugger (`exc_int3()` in `arch/x86/kernel/traps.c`).
///
/// There even the holder of a lock that disables interrupts may have been interrupted.
///
/// Equivalent to the C side `in_nmi()`, which implies [`in_interrupt_or_bh_disabled()`].
#[inline]
pub fn in_nmi() -> bool {
    // SAFETY: It's always safe to call `in_nmi()`.
    unsafe { bindings::in_nmi() != 0 }
}

/// Returns whether a spinlock (`spinlock_t`) may be taken in this context, as far as sleeping goes.
///
/// With `CONFIG_PREEMPT_RT` such a lock sleeps, and so do those of the memory allocators: neither
/// preemption nor interrupts may be disabled. Most interrupt handlers and all bottom halves run in
/// threads there, where it may be taken. Elsewhere the answer is always `true`.
///
/// It says nothing of who holds the lock: see [`may_hold_spinlock()`] and [`in_nmi()`].
///
/// Equivalent to the C side `preemptible()` with `CONFIG_PREEMPT_RT`.
#[inline]
pub fn can_take_spinlock() -> bool {
    if !cfg!(CONFIG_PREEMPT_RT) {
        return true;
    }

    // SAFETY: It's always safe to call these.
    unsafe { bindings::preempt_count() == 0 && !bindings::irqs_disabled() }
}

/// Returns whether the caller, or whoever called it, may hold a spinlock.
///
/// A caller that could wait for that very lock must not go on. The same is true in interrupts and
/// where interrupts are disabled, for which the answer is `true`, too.
///
/// `rcu_sections` is the number of RCU read-side sections that are known to be entered and to hold
/// no lock. What the kernel can tell depends on its configuration:
///
/// - `CONFIG_PREEMPT_COUNT`: a spinlock disables preemption, which is counted. So does an RCU
///   section without `CONFIG_PREEMPT_RCU`: there one that isn't in `rcu_sections` counts as a lock.
/// - `CONFIG_PREEMPT_RT`: a spinlock leaves preemption enabled, but enters an RCU section
///   (`__rt_spin_lock()` in `kernel/locking/spinlock_rt.c`). So one that isn't in `rcu_sections`
///   counts as a lock.
/// - neither: it can't tell. Only a caller in no RCU section, with `rcu_sections` of 0, is taken
///   for one that holds no lock; it must be one that is allowed to sleep where it was called.
#[inline]
pub fn may_hold_spinlock(rcu_sections: u32) -> bool {
    // SAFETY: It's always safe to call these.
    let (preempt_count, rcu_depth, irqs_disabled) = unsafe {
        (
            bindings::preempt_count().unsigned_abs(),
            bindings::rcu_preempt_depth().unsigned_abs(),
            bindings::irqs_disabled(),
        )
    };

    if irqs_disabled {
        true
    } else if cfg!(CONFIG_PREEMPT_RT) {
        preempt_count != 0 || rcu_depth > rcu_sections || in_interrupt_or_bh_disabled()
    } else if cfg!(CONFIG_PREEMPT_RCU) {
        preempt_count != 0
    } else if cfg!(CONFIG_PREEMPT_COUNT) {
        preempt_count > rcu_sections
    } else {
        preempt_count != 0 || rcu_sections != 0
    }
}
