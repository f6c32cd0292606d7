// SPDX-License-Identifier: GPL-2.0-only

//! Two objects, for which a program could pass the same.
//!
//! error: a program may pass one object for both parameters

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

/// An object that there is a C function with two of.
#[repr(transparent)]
struct Resource(bindings::resource);

// SAFETY: This isn't run.
unsafe impl Send for Resource {}

// SAFETY: This isn't run.
unsafe impl Referenced for Resource {
    type Raw = bindings::resource;
    type Allocator = Kmalloc;

    fn pointer(raw: &bindings::resource) -> &*mut c_void {
        // SAFETY: As above.
        unsafe { &*(&raw const raw.parent).cast() }
    }
}

case!();

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn request_resource(_root: &mut Resource, _new: &mut Resource) -> Result {
        Ok(())
    }
}
