// SPDX-License-Identifier: GPL-2.0-only

//! A function that a condition takes out of the object, while the set keeps its kfunc.
//!
//! error: no rules expected

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::prelude::*;

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    #[cfg(CONFIG_NO_SUCH_OPTION)]
    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }
}
