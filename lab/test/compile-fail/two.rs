// SPDX-License-Identifier: GPL-2.0-only

//! Two objects, for which a program could pass the same.
//!
//! error: a program may pass one object for both parameters

#[macro_use]
#[path = "context.rs"]
mod context;

use kernel::prelude::*;

case!();

// There is a C function with two of them.
object!(Resource: kernel::bindings::resource, parent);

kernel::kfunc_set! {
    unsafe struct Kfuncs: DESTRUCTIVE;

    fn request_resource(_root: &mut Resource, _new: &mut Resource) -> Result {
        Ok(())
    }
}
