// SPDX-License-Identifier: GPL-2.0-only

//! BPF: functions that BPF programs call (kfuncs).
//!
//! A kfunc is a C function, because `pahole` leaves Rust compilation units out of BTF. It calls a
//! Rust function with its own arguments. On the Rust side three parts meet:
//!
//! - [`kfunc_set!`](crate::kfunc_set) defines these Rust functions. Their parameters are safe
//!   values, made from the raw ones by the [`Arg`] trait, once, at the boundary;
//! - it also makes the set of the kfuncs, for the verifier, with flags that follow from the types
//!   of the parameters ([`Param`]) and of what is returned ([`Return`]);
//! - [`KfuncFilter`] decides which programs may use the set.
//!
//! C headers: [`include/linux/bpf.h`](srctree/include/linux/bpf.h),
//! [`include/linux/btf.h`](srctree/include/linux/btf.h),
//! [`include/linux/btf_ids.h`](srctree/include/linux/btf_ids.h)
//!
//! Reference: <https://docs.kernel.org/bpf/kfuncs.html>

use crate::{
    bindings,
    types::Opaque, //
};

mod arg;
mod btf_ids;
mod kfunc;

pub use self::{
    arg::{
        Arg,
        Call,
        Memory,
        Object,
        Param,
        Plain,
        Referenced,
        Return, //
    },
    btf_ids::BtfIdSet,
    kfunc::{
        KfuncFilter,
        KfuncFlags,
        KfuncIds,
        KfuncSet, //
    }, //
};

/// The type of a BPF program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProgType(bindings::bpf_prog_type);

impl ProgType {
    /// `BPF_PROG_TYPE_LSM`: attached to the hooks of Linux Security Modules.
    pub const LSM: Self = Self(bindings::bpf_prog_type_BPF_PROG_TYPE_LSM);
}

/// Wraps the kernel's `struct bpf_prog`.
///
/// # Invariants
///
/// Instances are programs that are being verified or run: `aux` is set, and the fields read here
/// don't change any more.
#[repr(transparent)]
pub struct Prog(Opaque<bindings::bpf_prog>);

impl Prog {
    /// Creates a reference to a [`Prog`] from a valid pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must point to a program that is being verified or run, and stays so for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::bpf_prog) -> &'a Self {
        // SAFETY: The safety requirements are those of the dereference and the type invariants;
        // `Prog` is transparent, so the cast is ok.
        unsafe { &*ptr.cast() }
    }

    /// Returns the type that the program was loaded with.
    ///
    /// An extension (`BPF_PROG_TYPE_EXT`) is that, and not of the type of the program it extends.
    #[inline]
    pub fn prog_type(&self) -> ProgType {
        // SAFETY: By the type invariants the program is valid and its type doesn't change.
        ProgType(unsafe { (*self.0.get()).type_ })
    }

    /// Returns whether the program was loaded with `BPF_F_SLEEPABLE`.
    #[inline]
    pub fn is_sleepable(&self) -> bool {
        // SAFETY: By the type invariants the program is valid and its bit fields don't change.
        unsafe { bindings::bpf_prog::sleepable_raw(self.0.get()) != 0 }
    }

    /// Returns how many RCU read-side sections the kernel has entered to run the program, if it is
    /// attached to a hook.
    ///
    /// That is `__bpf_prog_enter*()` in `kernel/bpf/trampoline.c` and, for a program of a cgroup,
    /// `bpf_prog_run_array_cg()` in `kernel/bpf/cgroup.c`. A callback of the program's may run in
    /// fewer of them, or in an interrupt.
    #[inline]
    pub fn rcu_sections(&self) -> u32 {
        // SAFETY: By the type invariants the program is valid and its type doesn't change.
        let attach_type = unsafe { (*self.0.get()).expected_attach_type };

        if self.is_sleepable() {
            0
        } else if attach_type == bindings::bpf_attach_type_BPF_LSM_CGROUP {
            2
        } else {
            1
        }
    }

    /// Returns the program's auxiliary data.
    #[inline]
    pub fn aux(&self) -> &ProgAux {
        // SAFETY: By the type invariants `aux` is set; it lives as long as the program, and
        // `ProgAux` is transparent.
        unsafe { &*(*self.0.get()).aux.cast() }
    }
}

/// Wraps the kernel's `struct bpf_prog_aux`.
///
/// A kfunc whose last parameter is a `&ProgAux` gets that of the program that calls it.
///
/// # Invariants
///
/// Instances belong to a program for which the invariants of [`Prog`] hold; `prog` points to it.
#[repr(transparent)]
pub struct ProgAux(Opaque<bindings::bpf_prog_aux>);

impl ProgAux {
    /// Returns the id that the program got when it was loaded, as user space knows it.
    ///
    /// It is 0 for a run that began before the program was given up, and lasts longer.
    #[inline]
    pub fn id(&self) -> u32 {
        // SAFETY: By the type invariants the data is valid. The id is set before the program runs,
        // and `bpf_prog_free_id()` may clear it meanwhile.
        unsafe { (&raw const (*self.0.get()).id).read_volatile() }
    }

    /// Returns the BTF id of the function that the program is attached to.
    ///
    /// It is set before verification. It is an id of the kernel's BTF, unless the program extends
    /// another one, or attaches to a module's function.
    #[inline]
    pub fn attach_btf_id(&self) -> u32 {
        // SAFETY: By the type invariants the data is valid and this field doesn't change.
        unsafe { (*self.0.get()).attach_btf_id }
    }

    /// Returns the program that this data belongs to.
    #[inline]
    pub fn prog(&self) -> &Prog {
        // SAFETY: By the type invariants `prog` is valid for as long as `self`.
        unsafe { Prog::from_raw((*self.0.get()).prog) }
    }
}
