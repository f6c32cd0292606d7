// SPDX-License-Identifier: GPL-2.0-only

//! Sets of BTF ids, filled in when the kernel is linked.

use crate::bindings;

/// A set of BTF ids, made by [`btf_id_set!`](crate::btf_id_set).
///
/// # Invariants
///
/// The pointer is that of a `struct btf_id_set` in the section `.BTF_ids`, which `resolve_btfids`
/// fills and sorts when the kernel is linked and which doesn't change afterwards.
#[repr(transparent)]
pub struct BtfIdSet(*const bindings::btf_id_set);

// SAFETY: By the type invariants the set doesn't change.
unsafe impl Sync for BtfIdSet {}

impl BtfIdSet {
    /// Creates a view of a set.
    ///
    /// # Safety
    ///
    /// `ptr` must satisfy the type invariants.
    #[doc(hidden)]
    pub const unsafe fn new(ptr: *const bindings::btf_id_set) -> Self {
        // INVARIANT: By the safety requirements.
        Self(ptr)
    }

    /// Returns whether `id` is in the set.
    #[inline]
    pub fn contains(&self, id: u32) -> bool {
        // SAFETY: By the type invariants the set is valid, and doesn't change.
        let count = unsafe { (*self.0).cnt };
        // SAFETY: By the type invariants `ids` is within the set. A raw pointer, as a reference to
        // the header would not cover the ids behind it.
        let ids = unsafe { &raw const (*self.0).ids };
        // SAFETY: `count` ids are there, and don't change. CAST: A `usize` has at least 32 bits.
        let ids = unsafe { core::slice::from_raw_parts(ids.cast::<u32>(), count as usize) };

        // The sets are small: `btf_id_set_contains()` costs more than this.
        ids.contains(&id)
    }
}

/// Declares a [`BtfIdSet`] of functions, like `BTF_SET_START()` and `BTF_ID()` in C.
///
/// All the functions must exist in the kernel's BTF; `resolve_btfids` warns of one that doesn't,
/// and leaves 0 in its place. Without `CONFIG_DEBUG_INFO_BTF` the set is empty.
///
/// Scopes mean nothing to `resolve_btfids`: a set must have a name that no other set in the kernel
/// has, be it of Rust or of C, or the kernel isn't linked. Nor can a function be in two sets of one
/// crate, be they of this macro or of [`kfunc_set!`](crate::kfunc_set).
///
/// # Examples
///
/// ```ignore
/// kernel::btf_id_set! {
///     /// Hooks that take a file.
///     static FILE_HOOKS = {
///         bpf_lsm_file_open,
///         bpf_lsm_file_ioctl,
///     };
/// }
/// ```
#[macro_export]
macro_rules! btf_id_set {
    (
        $(#[$meta:meta])*
        $vis:vis static $set:ident = { $($func:ident),* $(,)? };
    ) => {
        #[cfg(CONFIG_DEBUG_INFO_BTF)]
        ::core::arch::global_asm!(
            $crate::__btf_ids_begin!(set, $set),
            $($crate::__btf_id!($func),)*
            $crate::__btf_ids_end!(set, $set),
        );

        $(#[$meta])*
        $vis static $set: $crate::bpf::BtfIdSet = {
            #[cfg(CONFIG_DEBUG_INFO_BTF)]
            extern "C" {
                static $set: $crate::bindings::btf_id_set;
            }

            #[cfg(not(CONFIG_DEBUG_INFO_BTF))]
            // SAFETY: A set of zeroes is an empty set.
            static $set: $crate::bindings::btf_id_set = unsafe { ::core::mem::zeroed() };

            // SAFETY: `$set` is laid out as `BTF_SET_START()` does, in the section `.BTF_ids`.
            unsafe { $crate::bpf::BtfIdSet::new(&raw const $set) }
        };
    };
}

// The assembly text that `include/linux/btf_ids.h` makes, and `resolve_btfids` looks for: a symbol
// `__BTF_ID__<kind>__<name>` at the start of a set, whose size is the set's; behind its header a
// symbol `__BTF_ID__func__<name>__<number>` for each function, with room for the id. All symbols
// are local, so a number would be needed only where a function is in two sets of one crate.

#[doc(hidden)]
#[macro_export]
macro_rules! __btf_ids_begin {
    ($kind:ident, $set:ident) => {
        ::core::concat!(
            ".pushsection .BTF_ids,\"a\"\n",
            // In a module nothing else aligns it.
            ".balign 4\n",
            ::core::concat!(".local ", ::core::stringify!($set), "\n"),
            ::core::concat!(::core::stringify!($set), ":\n"),
            ::core::concat!(
                ".local __BTF_ID__",
                ::core::stringify!($kind),
                "__",
                ::core::stringify!($set),
                "\n"
            ),
            ::core::concat!(
                "__BTF_ID__",
                ::core::stringify!($kind),
                "__",
                ::core::stringify!($set),
                ":\n"
            ),
            ".zero 4"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __btf_id {
    ($func:ident) => {
        ::core::concat!(
            ::core::concat!(
                ".local __BTF_ID__func__",
                ::core::stringify!($func),
                "__1\n"
            ),
            ::core::concat!(
                ".type __BTF_ID__func__",
                ::core::stringify!($func),
                "__1, STT_OBJECT\n"
            ),
            ::core::concat!(
                ".size __BTF_ID__func__",
                ::core::stringify!($func),
                "__1, 4\n"
            ),
            ::core::concat!("__BTF_ID__func__", ::core::stringify!($func), "__1:\n"),
            ".zero 4"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __btf_ids_end {
    ($kind:ident, $set:ident) => {
        ::core::concat!(
            ::core::concat!(
                ".size __BTF_ID__",
                ::core::stringify!($kind),
                "__",
                ::core::stringify!($set)
            ),
            ::core::concat!(", . - ", ::core::stringify!($set), "\n"),
            ".popsection"
        )
    };
}
