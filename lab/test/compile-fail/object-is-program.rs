// SPDX-License-Identifier: GPL-2.0-only

//! The program as an object.
//!
//! error: the trait bound `.*ProgAux: .*Object` is not satisfied

#[macro_use]
#[path = "context.rs"]
mod context;

use context::Context;
use kernel::{
    bpf::{
        Object,
        ProgAux, //
    },
    prelude::*, //
};

const fn is_object<T: Object>() {}
const _: () = is_object::<ProgAux>();

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }
}
