// SPDX-License-Identifier: GPL-2.0-only

//! Macros of the caller's own, which must not take the place of those that make the names.
//!
//! error: none

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::prelude::*;

case!();

#[allow(unused_macros)]
macro_rules! stringify {
    ($($any:tt)*) => {
        "another"
    };
}

#[allow(unused_macros)]
macro_rules! concat {
    ($($any:tt)*) => {
        compile_error!("the caller's own concat!")
    };
}

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }
}
