// SPDX-License-Identifier: GPL-2.0-only

//! The program as an object.
//!
//! error: the trait bound `ProgAux: .*Object` is not satisfied

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

kernel::kfunc_set! {
    struct Kfuncs: DESTRUCTIVE;

    fn bpf_audit_log_end(context: KBox<Context>) -> () {
        drop(context)
    }
}
