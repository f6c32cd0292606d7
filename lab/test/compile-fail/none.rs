// SPDX-License-Identifier: GPL-2.0-only

//! What compiles, so that the others fail for their own reason.
//!
//! error: none

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    bpf::ProgAux,
    fs::Path,
    prelude::*, //
};

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_start(_aux: &ProgAux) -> Option<KBox<Context>> {
        None
    }

    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }

    fn bpf_audit_log_path(_context: &mut Context, _path: &Path) -> Result {
        Ok(())
    }
}
