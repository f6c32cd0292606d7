// SPDX-License-Identifier: GPL-2.0-only

//! A body that could keep an argument beyond the call.
//!
//! error: `_call` does not live long enough

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    fs::Path,
    prelude::*, //
};

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_path(_context: &mut Context, _path: &'static Path) -> Result {
        Ok(())
    }
}
