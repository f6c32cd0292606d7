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
/// Reference: <https://docs.kernel.org/bpf/kfuncs.html#annotating-kfuncs>
#[derive(Clone, Copy)]
pub struct KfuncFlags(u32);

impl KfuncFlags {
    /// It returns a pointer with a reference, which the program must give back.
    pub const ACQUIRE: Self = Self(bindings::KF_ACQUIRE);

    /// It takes the reference back.
    pub const RELEASE: Self = Self(bindings::KF_RELEASE);

    /// The pointer that it returns may be NULL.
    pub const RET_NULL: Self = Self(bindings::KF_RET_NULL);

    /// It may sleep; only sleepable programs may call it.
    pub const SLEEPABLE: Self = Self(bindings::KF_SLEEPABLE);

    /// It may harm the system; only a program loaded with `CAP_SYS_BOOT` may call it.
    pub const DESTRUCTIVE: Self = Self(bindings::KF_DESTRUCTIVE);

    /// It takes pointers protected by RCU beside trusted ones.
    pub const RCU: Self = Self(bindings::KF_RCU);

    /// Its last parameter is [`&ProgAux`](super::ProgAux), which the verifier passes and which the
    /// kfunc's prototype in BTF doesn't show.
    pub const IMPLICIT_ARGS: Self = Self(bindings::KF_IMPLICIT_ARGS);

    /// Returns both `self`'s and `other`'s flags.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the flags as C has them.
    #[doc(hidden)]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// Decides which programs may call the kfuncs of a set.
pub trait KfuncFilter {
    /// Returns an error if `prog` may not call them, and so doesn't load.
    ///
    /// The verifier asks for each call of a kfunc, while the program's `attach_func_name` and
    /// `attach_func_proto` aren't set yet. Programs of several types share one list of kfuncs, so
    /// `prog` need not be of the type that the set was registered for.
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

/// Declares a set of kfuncs with their flags, like `BTF_KFUNCS_START()` and `BTF_ID_FLAGS()` in C.
///
/// The set is a type with a function `kfuncs()` that returns the [`KfuncSet`] to register. The type
/// must implement [`KfuncFilter`]. Without `CONFIG_DEBUG_INFO_BTF` the set is empty.
///
/// # Examples
///
/// ```ignore
/// use kernel::bpf::{
///     KfuncFilter,
///     Prog,
///     ProgType, //
/// };
///
/// kernel::kfunc_set! {
///     /// What programs can do to widgets.
///     struct WidgetKfuncs = {
///         bpf_widget_get: ACQUIRE | RET_NULL,
///         bpf_widget_put: RELEASE,
///     };
/// }
///
/// impl KfuncFilter for WidgetKfuncs {
///     fn allow(prog: &Prog) -> Result {
///         if prog.is_sleepable() { Ok(()) } else { Err(EACCES) }
///     }
/// }
///
/// WidgetKfuncs::kfuncs().register(ProgType::LSM)?;
/// ```
#[macro_export]
// The module that owns the kfuncs is that of the caller.
#[allow(clippy::crate_in_macro_def)]
macro_rules! kfunc_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $set:ident = {
            $($func:ident: $($flag:ident)|+),+ $(,)?
        };
    ) => {
        #[cfg(CONFIG_DEBUG_INFO_BTF)]
        ::core::arch::global_asm!(
            $crate::__btf_ids_begin!(set8, $set),
            ".long {kfuncs}",
            $(
                $crate::__btf_id!($func),
                concat!(".long {", stringify!($func), "}"),
            )+
            $crate::__btf_ids_end!(set8, $set),
            kfuncs = const $crate::bindings::BTF_SET8_KFUNCS,
            $(
                $func = const {
                    $crate::bpf::KfuncFlags::bits(
                        $crate::__kfunc_flags!($($flag)|+)
                    )
                },
            )+
        );

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

#[doc(hidden)]
#[macro_export]
macro_rules! __kfunc_flags {
    ($flag:ident) => { $crate::bpf::KfuncFlags::$flag };
    ($flag:ident | $($more:ident)|+) => {
        $crate::bpf::KfuncFlags::$flag.or($crate::__kfunc_flags!($($more)|+))
    };
}

/// Defines the function behind a kfunc.
///
/// The function is exported to C under its name, with each parameter of type `T` being a [`<T as
/// Arg>::Raw`](super::Arg) and the return value of type `R` a [`<R as
/// Return>::Raw`](super::Return). Its body sees only safe values. If an argument is refused, the
/// body doesn't run.
///
/// As with [`macro@export`](macros::export), the prototype must stand in a header that
/// `rust/bindings/bindings_helper.h` includes. The only caller may be the kfunc. The type of a
/// parameter must not name a lifetime: it lasts until the kfunc returns.
///
/// # Examples
///
/// ```ignore
/// kernel::kfunc! {
///     /// The body of `int bpf_widget_paint(struct widget *widget, u16 colour)`.
///     fn widget_paint(widget: &mut Widget, colour: u16) -> Result {
///         widget.paint(colour)
///     }
/// }
/// ```
#[macro_export]
macro_rules! kfunc {
    (
        $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block
    ) => {
        $(#[$meta])*
        ///
        /// # Safety
        ///
        /// The arguments must be those of the kfunc, as the verifier accepted them.
        #[$crate::macros::export]
        pub unsafe extern "C" fn $name(
            $($arg: <$ty as $crate::bpf::Arg>::Raw),*
        ) -> <$ret as $crate::bpf::Return>::Raw {
            fn body($($arg: $ty),*) -> $ret $body

            const {
                assert!(
                    0 $(+ <$ty as $crate::bpf::Arg>::IS_REFERENCED as usize)* <= 1,
                    "a program may pass one object for both parameters"
                )
            };

            $(
                // SAFETY: By the safety requirements; the value doesn't leave this function, since
                // `body` takes it with any lifetime.
                let $arg = match unsafe { <$ty as $crate::bpf::Arg>::from_raw($arg) } {
                    Ok(value) => value,
                    Err(e) => return <$ret as $crate::bpf::Return>::refused(e),
                };
            )*

            <$ret as $crate::bpf::Return>::into_raw(body($($arg),*))
        }
    };
}
