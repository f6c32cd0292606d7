// SPDX-License-Identifier: GPL-2.0-only

//! Sets of kfuncs, their registration, and the functions behind them.

use super::{
    Prog,
    ProgType, //
};

use crate::{
    bindings,
    error::{
        to_result,
        Result, //
    },
    ffi,
    ThisModule, //
};

/// The flags of a kfunc: what the verifier must know of it.
///
/// All but [`KfuncFlags::DESTRUCTIVE`] follow from the types of its parameters and of what it
/// returns: see [`Param::FLAGS`](super::Param::FLAGS) and [`Return::FLAGS`](super::Return::FLAGS).
///
/// Reference: <https://docs.kernel.org/bpf/kfuncs.html#annotating-kfuncs>
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KfuncFlags(u32);

impl KfuncFlags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// It returns a pointer with a reference, which the program must give back.
    pub const ACQUIRE: Self = Self(bindings::KF_ACQUIRE);

    /// It takes the reference back: that of its first parameter.
    pub const RELEASE: Self = Self(bindings::KF_RELEASE);

    /// The pointer that it returns may be NULL.
    pub const RET_NULL: Self = Self(bindings::KF_RET_NULL);

    /// It may harm the system; only a program loaded with `CAP_SYS_BOOT` may call it.
    pub const DESTRUCTIVE: Self = Self(bindings::KF_DESTRUCTIVE);

    /// Its last parameter is [`&ProgAux`](super::ProgAux), which the verifier passes and which the
    /// kfunc's prototype in BTF doesn't show.
    pub const IMPLICIT_ARGS: Self = Self(bindings::KF_IMPLICIT_ARGS);

    /// Returns both `self`'s and `other`'s flags.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the flags, as C has them, of a kfunc with these parameters, for each of which there
    /// are its flags and whether it is a [`Referenced`](super::Referenced) object.
    ///
    /// # Panics
    ///
    /// If no kfunc can have these parameters: a program may pass the same object for two of them;
    /// what the verifier takes back is the first (`bpf_fetch_kfunc_arg_meta()` in
    /// `kernel/bpf/verifier.c`), and it passes the program itself last.
    #[doc(hidden)]
    pub const fn of_kfunc(of_set: Self, params: &[(Self, bool)], of_return: Self) -> u32 {
        let mut flags = of_set.or(of_return);
        let mut referenced = false;
        let mut i = 0;

        while i < params.len() {
            let (of_param, is_referenced) = params[i];

            assert!(
                !(referenced && is_referenced),
                "a program may pass one object for both parameters"
            );
            assert!(
                i == 0 || !of_param.has(Self::RELEASE),
                "the verifier takes back the first parameter alone"
            );
            assert!(
                i == params.len() - 1 || !of_param.has(Self::IMPLICIT_ARGS),
                "the verifier passes the program as the last parameter"
            );
            referenced |= is_referenced;
            flags = flags.or(of_param);
            i += 1;
        }

        flags.0
    }
}

/// Decides which programs may call the kfuncs of a set.
pub trait KfuncFilter {
    /// Returns an error if `prog` may not call them, and so doesn't load.
    ///
    /// The verifier asks several times for each call of a kfunc, first while the program's
    /// `attach_func_name` and `attach_func_proto` aren't set yet. Programs of several types share
    /// one list of kfuncs, so `prog` need not be of the type that the set was registered for.
    fn allow(prog: &Prog) -> Result;
}

/// The ids and flags of a set of kfuncs, made by [`kfunc_set!`](crate::kfunc_set).
///
/// # Safety
///
/// [`KfuncIds::ids`] must return a pointer to a `struct btf_id_set8` in the section `.BTF_ids`, or
/// to an empty one.
pub unsafe trait KfuncIds {
    /// Returns the set.
    fn ids() -> *mut bindings::btf_id_set8;
}

/// A set of kfuncs, ready to be registered.
#[repr(transparent)]
pub struct KfuncSet(bindings::btf_kfunc_id_set);

// SAFETY: The set is never written to.
unsafe impl Sync for KfuncSet {}

impl KfuncSet {
    /// Creates a set of the kfuncs in `ids`, which are those of `S`.
    ///
    /// # Safety
    ///
    /// `ids` must be what `S::ids()` returns.
    #[doc(hidden)]
    pub const unsafe fn new<S: KfuncIds + KfuncFilter>(
        owner: &ThisModule,
        ids: *mut bindings::btf_id_set8,
    ) -> Self {
        Self(bindings::btf_kfunc_id_set {
            owner: owner.as_ptr(),
            set: ids,
            filter: Some(filter::<S>),
        })
    }

    /// Registers the set for programs of type `prog_type`, for as long as the module is there.
    ///
    /// # Safety
    ///
    /// It must be called from the initialisation of the module: nothing else keeps others from the
    /// table of sets (`btf_populate_kfunc_set()` in `kernel/bpf/btf.c`).
    pub unsafe fn register(&'static self, prog_type: ProgType) -> Result {
        // SAFETY: The set is valid, and is so for ever; by the safety requirements.
        to_result(unsafe { bindings::register_btf_kfunc_id_set(prog_type.0, &self.0) })
    }
}

/// Asks `S` whether `prog` may call the kfunc `id`, if that is one of `S`'s.
///
/// # Safety
///
/// `prog` must be a program that is being verified.
unsafe extern "C" fn filter<S: KfuncIds + KfuncFilter>(
    prog: *const bindings::bpf_prog,
    id: u32,
) -> ffi::c_int {
    // SAFETY: By the safety requirements of `KfuncIds` the set is valid.
    let ours = unsafe { !bindings::btf_id_set8_contains(S::ids(), id).is_null() };
    if !ours {
        return 0;
    }

    // SAFETY: By the safety requirements; the verifier keeps the program until it returns.
    match S::allow(unsafe { Prog::from_raw(prog) }) {
        Ok(()) => 0,
        Err(e) => e.to_errno(),
    }
}

/// Defines kfuncs: the functions behind them, and the set of them with their flags, like
/// `BTF_KFUNCS_START()` and `BTF_ID_FLAGS()` in C.
///
/// Each function has the name of the kfunc, and is exported to C as `rust_` and that name. For C it
/// has the kfunc's own prototype, which must stand in a header that
/// `rust/bindings/bindings_helper.h` includes; the types must be those of that prototype
/// ([`Param::C`](super::Param::C), [`Return::Raw`](super::Return::Raw)), which is checked. It is
/// called by the kfunc:
///
/// ```c
/// __bpf_kfunc int bpf_widget_paint(struct widget *widget, u16 colour)
/// {
///         return rust_bpf_widget_paint(widget, colour);
/// }
/// ```
///
/// A body sees only safe values, which don't outlive the call. If an argument is refused, the body
/// doesn't run. A body must not sleep, as no kfunc of a set is `KF_SLEEPABLE`. Of attributes, a
/// function takes documentation alone.
///
/// The flags follow from the types. What no type can say is written behind the name of the set, for
/// all of its kfuncs: `DESTRUCTIVE` or `NONE`.
///
/// The set is a type with a function `kfuncs()` that returns the [`KfuncSet`] to register. The type
/// must implement [`KfuncFilter`]. Without `CONFIG_DEBUG_INFO_BTF` the set is empty.
///
/// # Safety
///
/// What no type can say is promised by the `unsafe` before the name of the set:
///
/// - The C function of each name is a `__bpf_kfunc` that was written for the function here. Each
///   call of the C function calls the Rust function of that name once, with the same arguments, and
///   nothing else calls the Rust function. One that takes a [`Box`](crate::alloc::Box) may be
///   called later, by whatever the C function has left the object to, since it is no longer the
///   program's.
/// - In the kfunc's definition, the name of a parameter of the type [`&BStr`](crate::str::BStr)
///   ends in `__str`; else the verifier proves one byte. That of an `Option` ends in `__nullable`.
///   No other name ends in a suffix that the verifier knows (`is_kfunc_arg_ignore()` and others in
///   `kernel/bpf/verifier.c`), which says what is passed whatever the type. bindgen doesn't see
///   names of parameters.
///
/// # Examples
///
/// ```ignore
/// // There is no `struct widget` in `bindings`.
/// use kernel::{
///     alloc::KBox,
///     bpf::{
///         KfuncFilter,
///         Prog,
///         ProgType, //
///     },
///     prelude::*, //
/// };
///
/// kernel::kfunc_set! {
///     /// What programs can do to widgets.
///     // SAFETY: Only the kfuncs above call these; none takes a string.
///     unsafe struct WidgetKfuncs: NONE;
///
///     /// ACQUIRE and RET_NULL
///     fn bpf_widget_get() -> Option<KBox<Widget>> {
///         KBox::new(Widget::new(), GFP_ATOMIC).ok()
///     }
///
///     fn bpf_widget_paint(widget: &mut Widget, colour: u16) -> Result {
///         widget.paint(colour)
///     }
///
///     /// RELEASE
///     fn bpf_widget_put(widget: KBox<Widget>) -> () {
///         drop(widget)
///     }
/// }
///
/// impl KfuncFilter for WidgetKfuncs {
///     fn allow(prog: &Prog) -> Result {
///         if prog.is_sleepable() { Ok(()) } else { Err(EACCES) }
///     }
/// }
///
/// // SAFETY: This is the initialisation of the module.
/// unsafe { WidgetKfuncs::kfuncs().register(ProgType::LSM)? };
/// ```
#[macro_export]
// The module that owns the kfuncs is that of the caller.
#[allow(clippy::crate_in_macro_def)]
macro_rules! kfunc_set {
    (
        $(#[$meta:meta])*
        $vis:vis unsafe struct $set:ident: $flag:tt;

        $(
            $(#[doc = $doc:literal])*
            fn $kfunc:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block
        )+
    ) => {
        #[cfg(CONFIG_DEBUG_INFO_BTF)]
        ::core::arch::global_asm!(
            $crate::__btf_ids_begin!(set8, $set),
            ".long {kfuncs}",
            $(
                $crate::__btf_id!($kfunc),
                ::core::concat!(".long {", ::core::stringify!($kfunc), "}"),
            )+
            $crate::__btf_ids_end!(set8, $set),
            kfuncs = const $crate::bindings::BTF_SET8_KFUNCS,
            $(
                $kfunc = const {
                    $crate::bpf::KfuncFlags::of_kfunc(
                        $crate::__kfunc_set_flags!($flag),
                        &[$((
                            <$ty as $crate::bpf::Param>::FLAGS,
                            <$ty as $crate::bpf::Param>::IS_REFERENCED,
                        )),*],
                        <$ret as $crate::bpf::Return>::FLAGS,
                    )
                },
            )+
        );

        $(const _: () = {
            $(#[doc = $doc])*
            ///
            /// # Safety
            ///
            /// The arguments must be those of the kfunc, as the verifier accepted them.
            #[export_name = ::core::concat!("rust_", ::core::stringify!($kfunc))]
            unsafe extern "C" fn $kfunc(
                $($arg: <$ty as $crate::bpf::Param>::Raw),*
            ) -> <$ret as $crate::bpf::Return>::Raw {
                fn body($($arg: $ty),*) -> $ret $body

                // SAFETY: It is dropped before this returns.
                let _call = unsafe { $crate::bpf::Call::new() };
                $(
                    // SAFETY: By the safety requirements, and by those of the macro.
                    let $arg = match unsafe {
                        <$ty as $crate::bpf::Arg<'_>>::from_raw($arg, &_call)
                    } {
                        Ok(value) => value,
                        Err(e) => return <$ret as $crate::bpf::Return>::refused(e),
                    };
                )*

                <$ret as $crate::bpf::Return>::into_raw(body($($arg),*))
            }

            // The kfunc's prototype is that of the types above.
            const _: unsafe extern "C" fn(
                $(<$ty as $crate::bpf::Param>::C),*
            ) -> <$ret as $crate::bpf::Return>::Raw = $crate::bindings::$kfunc;
        };)+

        $(#[$meta])*
        $vis struct $set;

        // SAFETY: The set is laid out as `BTF_KFUNCS_START()` does, in the section `.BTF_ids`.
        unsafe impl $crate::bpf::KfuncIds for $set {
            fn ids() -> *mut $crate::bindings::btf_id_set8 {
                $set::IDS
            }
        }

        impl $set {
            const IDS: *mut $crate::bindings::btf_id_set8 = {
                #[cfg(CONFIG_DEBUG_INFO_BTF)]
                extern "C" {
                    static $set: $crate::bindings::btf_id_set8;
                }

                #[cfg(not(CONFIG_DEBUG_INFO_BTF))]
                static $set: $crate::bindings::btf_id_set8 = $crate::bindings::btf_id_set8 {
                    flags: $crate::bindings::BTF_SET8_KFUNCS,
                    // SAFETY: A set of zeroes is an empty set.
                    ..unsafe { ::core::mem::zeroed() }
                };

                (&raw const $set).cast_mut()
            };

            /// Returns the set of kfuncs.
            $vis fn kfuncs() -> &'static $crate::bpf::KfuncSet {
                // SAFETY: `ids()` returns `IDS`.
                static KFUNCS: $crate::bpf::KfuncSet = unsafe {
                    $crate::bpf::KfuncSet::new::<$set>(
                        $crate::module::this_module::<crate::LocalModule>(),
                        $set::IDS,
                    )
                };

                &KFUNCS
            }
        }
    };
}

// Any other flag is one that only a type can justify.
#[doc(hidden)]
#[macro_export]
macro_rules! __kfunc_set_flags {
    (NONE) => {
        $crate::bpf::KfuncFlags::NONE
    };
    (DESTRUCTIVE) => {
        $crate::bpf::KfuncFlags::DESTRUCTIVE
    };
}
