// SPDX-License-Identifier: GPL-2.0-only

//! A reference to a task that fork() may still give up.
//!
//! error: the trait bound .*BorrowedTask: .*AlwaysRefCounted

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    prelude::*,
    sync::aref::ARef,
    task::BorrowedTask, //
};

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_task(_context: &mut Context, task: &BorrowedTask) -> Result {
        let _kept = ARef::from(task);
        Ok(())
    }
}
