// SPDX-License-Identifier: GPL-2.0-only

//! What the current context allows.
//!
//! C header: [`include/linux/preempt.h`](srctree/include/linux/preempt.h)

use crate::bindings;

/// Returns whether the caller runs in an interrupt or with bottom halves disabled.
///
/// There the current task need not be the one on whose behalf the caller runs: a hard or soft
/// interrupt borrows whatever task it interrupted, and code that disables bottom halves (threaded
/// NAPI, busy polling) does the work of others.
///
/// Equivalent to the C side `in_interrupt()`.
#[inline]
pub fn in_interrupt() -> bool {
    // SAFETY: It's always safe to call `in_interrupt()`.
    unsafe { bindings::in_interrupt() != 0 }
}

/// Returns whether the caller runs in a non-maskable interrupt, or in an exception that is treated
/// as one, as that of a debugger.
///
/// There even a lock that disables interrupts may be held by whoever was interrupted.
///
/// Equivalent to the C side `in_nmi()`, which implies [`in_interrupt()`].
#[inline]
pub fn in_nmi() -> bool {
    // SAFETY: It's always safe to call `in_nmi()`.
    unsafe { bindings::in_nmi() != 0 }
}

/// Returns whether interrupts are disabled on this CPU.
///
/// Then the caller may hold a lock that interrupts take, and must not wait for one that is held
/// with interrupts enabled: its holder may be in an interrupt that waits for the first.
///
/// Equivalent to the C side `irqs_disabled()`.
#[inline]
pub fn irqs_disabled() -> bool {
    // SAFETY: It's always safe to call `irqs_disabled()`.
    unsafe { bindings::irqs_disabled() }
}

/// Returns whether the caller is known to be allowed to sleep.
///
/// That is so where preemption and interrupts are enabled and no RCU read-side section is entered.
/// The kernel can tell only with `CONFIG_PREEMPT_COUNT` and `CONFIG_PREEMPT_RCU`; without them the
/// answer is `false`.
///
/// Sections of SRCU and of RCU tasks trace allow sleeping and don't count.
#[inline]
pub fn can_sleep() -> bool {
    // SAFETY: It's always safe to call these.
    let (preemptible, rcu_depth) =
        unsafe { (bindings::preemptible(), bindings::rcu_preempt_depth()) };

    cfg!(CONFIG_PREEMPT_RCU) && preemptible && rcu_depth == 0
}
