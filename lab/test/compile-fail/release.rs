// SPDX-License-Identifier: GPL-2.0-only

//! A box that isn't the first parameter, which is the one that the verifier takes back.
//!
//! error: the verifier takes back the first parameter alone

#[macro_use]
#[path = "context.rs"]
mod context;

use kernel::prelude::*;

case!();

// There is a C function with a number and one of them.
object!(Queue: kernel::bindings::request_queue, queuedata);

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn blk_queue_flag_set(_flags: u32, queue: KBox<Queue>) -> () {
        drop(queue)
    }
}
