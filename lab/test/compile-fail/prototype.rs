// SPDX-License-Identifier: GPL-2.0-only

//! A body with other parameters than the kfunc.
//!
//! error: mismatched types

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::prelude::*;

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_path(_context: &mut Context, _path: i32) -> Result {
        Ok(())
    }
}
