// SPDX-License-Identifier: GPL-2.0-only

//! What the cases share: an object like that of the audit kfuncs, whose prototypes they use.

use kernel::{
    alloc::allocator::Kmalloc,
    bindings,
    bpf::{
        KfuncFilter,
        Prog,
        Referenced, //
    },
    ffi::c_void,
    prelude::*, //
};

/// An object that a program holds by reference.
#[allow(dead_code)]
#[repr(C)]
pub(crate) struct Context {
    record: *mut c_void,
    rest: u64,
}

// SAFETY: This isn't run.
unsafe impl Send for Context {}

// SAFETY: This isn't run.
unsafe impl Referenced for Context {
    type Raw = bindings::bpf_audit_context;
    type Allocator = Kmalloc;

    fn pointer(raw: &bindings::bpf_audit_context) -> &*mut c_void {
        &raw.record
    }
}

/// Another object, of a C type with a member that is a pointer.
#[allow(unused_macros)]
macro_rules! object {
    ($object:ident: $raw:ty, $pointer:ident) => {
        #[repr(transparent)]
        struct $object($raw);

        // SAFETY: This isn't run.
        unsafe impl Send for $object {}

        // SAFETY: This isn't run.
        unsafe impl kernel::bpf::Referenced for $object {
            type Raw = $raw;
            type Allocator = kernel::alloc::allocator::Kmalloc;

            fn pointer(raw: &$raw) -> &*mut kernel::ffi::c_void {
                // SAFETY: As above.
                unsafe { &*(&raw const raw.$pointer).cast() }
            }
        }
    };
}

impl KfuncFilter for crate::Kfuncs {
    fn allow(_prog: &Prog) -> Result {
        Ok(())
    }
}

/// The module itself, which has to be in the root of its crate.
macro_rules! case {
    () => {
        module! {
            type: Case,
            name: "case",
            authors: ["lsm-audit-kfuncs maintainers"],
            description: "A case of lab/test/compile-fail",
            license: "GPL v2",
        }

        struct Case;

        impl kernel::Module for Case {
            fn init(_module: &'static ThisModule) -> Result<Self> {
                Ok(Self)
            }
        }
    };
}
