// SPDX-License-Identifier: GPL-2.0-only

//! The program as an argument that a program could pass.
//!
//! error: the verifier passes the program as the last parameter

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    bpf::{
        KfuncFlags,
        Param,
        ProgAux, //
    },
    prelude::*, //
};

// There is no C function with these parameters, so that `kfunc_set!` would say that first.
const _: u32 = KfuncFlags::of_kfunc(
    KfuncFlags::NONE,
    &[
        (<&ProgAux as Param>::FLAGS, false),
        (<&mut Context as Param>::FLAGS, true),
    ],
    KfuncFlags::NONE,
);

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }
}
