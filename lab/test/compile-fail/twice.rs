// SPDX-License-Identifier: GPL-2.0-only

//! A kfunc that is defined twice.
//!
//! error: duplicate argument named `bpf_audit_log_path`|symbol `rust_bpf_audit_log_path` is already defined

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

    fn bpf_audit_log_path(_context: &mut Context, _path: &Path) -> Result {
        Ok(())
    }

    fn bpf_audit_log_path(_context: &mut Context, _path: &Path) -> Result {
        Err(EINVAL)
    }
}
