// SPDX-License-Identifier: GPL-2.0-only

//! A box that isn't the first parameter, which is the one that the verifier takes back.
//!
//! error: the verifier takes back the first parameter alone

#[macro_use]
#[path = "context.rs"]
mod context;

use kernel::{
    alloc::allocator::Kmalloc,
    bindings,
    bpf::Referenced,
    ffi::c_void,
    prelude::*, //
};

/// An object that there is a C function with a number and one of.
#[repr(transparent)]
struct Queue(bindings::request_queue);

// SAFETY: This isn't run.
unsafe impl Send for Queue {}

// SAFETY: This isn't run.
unsafe impl Referenced for Queue {
    type Raw = bindings::request_queue;
    type Allocator = Kmalloc;

    fn pointer(raw: &bindings::request_queue) -> &*mut c_void {
        &raw.queuedata
    }
}

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn blk_queue_flag_set(_flags: u32, queue: KBox<Queue>) -> () {
        drop(queue)
    }
}
