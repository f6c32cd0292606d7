// SPDX-License-Identifier: GPL-2.0-only

//! A pointer to an object that the prototype has as another one.
//!
//! error: mismatched types

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    fs::Inode,
    prelude::*, //
};

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_path(_context: &mut Context, _inode: &Inode) -> Result {
        Ok(())
    }
}
