// SPDX-License-Identifier: GPL-2.0-only

//! A flag that only a type can justify.
//!
//! error: no rules expected

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
    unsafe struct Kfuncs: ACQUIRE;

    fn bpf_audit_log_path(_context: &mut Context, _path: &Path) -> Result {
        Ok(())
    }
}
