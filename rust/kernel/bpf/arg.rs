// SPDX-License-Identifier: GPL-2.0-only

//! From a kfunc's raw arguments to safe values, and back for what it returns.

use super::{
    KfuncFlags,
    ProgAux, //
};

use crate::{
    alloc::{
        Allocator,
        Box, //
    },
    bindings,
    error::{
        code::*,
        Error,
        Result, //
    },
    ffi,
    fs::{
        Dentry,
        Inode,
        OpenFile,
        Path, //
    },
    page::PAGE_SIZE,
    str::BStr,
    task::{
        BorrowedTask,
        Task, //
    },
};

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

/// A kernel object that a program can pass by a trusted pointer.
///
/// # Safety
///
/// - `Self` must be a transparent wrapper of what [`Object::Pointer`] points to, here `Raw`.
/// - `Raw` must have a member that isn't a scalar, such as a pointer, in itself and not only in an
///   array or beyond four levels of structures. For a structure of scalars the verifier takes any
///   memory of the program's that is large enough (`KF_ARG_PTR_TO_BTF_ID` in `check_kfunc_args()`,
///   `kernel/bpf/verifier.c`); that is what [`Plain`] is for.
/// - Whatever the verifier lets a program pass as a trusted `struct Raw *` must, if it isn't NULL,
///   satisfy the invariants of `Self` until the kfunc returns. That rests on the verifier, which
///   goes wrong where it trusts a pointer for longer than its object is kept: a trusted field of an
///   object that only RCU keeps (`mm->exe_file->f_inode` after the RCU section). Every kfunc that
///   takes such an object meets that; no kfunc can tell.
pub unsafe trait Object {
    /// The type of a pointer to it in the prototypes of kfuncs.
    type Pointer: Copy;
}

// SAFETY: `BorrowedTask` is a transparent wrapper; `task_struct` has pointers. A trusted task has a
// reference or is protected by RCU, or `copy_process()` has just made it (`task_alloc`). The latter
// may be freed in spite of a reference that is taken now, so it is no `Task`.
unsafe impl Object for BorrowedTask {
    type Pointer = *mut bindings::task_struct;
}

// SAFETY: `OpenFile` is a transparent wrapper; `file` has pointers. A trusted file has a reference,
// or the hook's caller is the one that releases it; the verifier doesn't trust those of hooks that
// run before a file has its path or after it has given it up (`untrusted_lsm_hooks` in
// `kernel/bpf/bpf_lsm.c`, whose programs can't tail-call one that trusts them).
unsafe impl Object for OpenFile {
    type Pointer = *mut bindings::file;
}

// SAFETY: `Path` is a transparent wrapper; `path` has pointers. A trusted path belongs to an object
// that holds a reference to its mount and its dentry, or to a hook's caller that does.
unsafe impl Object for Path {
    type Pointer = *const bindings::path;
}

// SAFETY: `Dentry` is a transparent wrapper; `dentry` has pointers. A trusted dentry has a
// reference, or the hook's caller holds the lock that keeps it, or RCU does, as while a path is
// walked (`inode_follow_link`).
unsafe impl Object for Dentry {
    type Pointer = *mut bindings::dentry;
}

// SAFETY: `Inode` is a transparent wrapper; `inode` has pointers. A trusted inode belongs to an
// object that keeps it (a file, a positive dentry), or the hook's caller has a reference, or is the
// one that sets it up or takes it down, or RCU keeps it, as while a path is walked
// (`inode_permission`).
unsafe impl Object for Inode {
    type Pointer = *mut bindings::inode;
}

#[cfg(CONFIG_NET)]
// SAFETY: `Socket` is a transparent wrapper; `socket` has pointers. A trusted socket is one of an
// open file, or one that the hook's caller makes, accepts or sends to.
unsafe impl Object for crate::net::Socket {
    type Pointer = *const bindings::socket;
}

/// A C type without pointers, for which the verifier takes any memory that is large enough.
///
/// A kfunc gets it as [`Memory`].
///
/// # Safety
///
/// `Self` must be a transparent wrapper of [`Plain::Raw`].
pub unsafe trait Plain {
    /// The C type.
    type Raw;
}

#[cfg(CONFIG_NET)]
// SAFETY: `SockAddr` is a transparent wrapper.
unsafe impl Plain for crate::net::SockAddr {
    type Raw = bindings::sockaddr;
}

/// An object of the kfuncs' own, which a program gets from one of them, holds by reference, and
/// has to give back to another one.
///
/// A kfunc that returns it in a [`Box`] has [`KfuncFlags::ACQUIRE`], one that takes that
/// [`KfuncFlags::RELEASE`]. In between the object is the program's, and one run of one program
/// alone has it.
///
/// # Safety
///
/// - No other code may make a pointer to [`Referenced::Raw`]. No other type may have the same, and
///   no structure may have it as a member: for a pointer to that the verifier takes one to the
///   structure.
/// - `Self` must not be an [`Object`] too: for two parameters a program may pass the same.
/// - [`Referenced::pointer`] must return a member of `raw` itself.
pub unsafe trait Referenced: Sized + Send + 'static {
    /// The C type, which gives BTF a name for the object. It has the size and alignment that
    /// [`Return`] checks, and a pointer.
    type Raw;

    /// What the object is allocated with.
    type Allocator: Allocator;

    /// Returns the member of the C type that is a pointer.
    ///
    /// It isn't called. That there is such a member keeps programs from forging the object: for a
    /// structure of scalars the verifier accepts any memory of the program's that is large enough
    /// (`KF_ARG_PTR_TO_BTF_ID` in `check_kfunc_args()`, `kernel/bpf/verifier.c`).
    fn pointer(raw: &Self::Raw) -> &*mut ffi::c_void;
}

/// One call of a kfunc, which its arguments don't outlive.
pub struct Call(());

impl Call {
    /// Creates a call.
    ///
    /// # Safety
    ///
    /// It must not outlive the call of the kfunc that it stands for.
    #[doc(hidden)]
    #[inline]
    pub const unsafe fn new() -> Self {
        Self(())
    }
}

/// The type of a parameter of a kfunc, and what the verifier has to know because of it.
///
/// # Safety
///
/// - A function with a parameter of type [`Param::Raw`] must be callable as one with a parameter
///   of type [`Param::C`] is.
/// - [`Param::FLAGS`] must be all flags that make [`Arg::from_raw`] sound.
/// - [`Param::IS_REFERENCED`] must be `true` if two values of one object must not exist at a time.
pub unsafe trait Param {
    /// The type in the prototype of the kfunc.
    type C: Copy;

    /// The type that the function behind the kfunc gets.
    type Raw: Copy;

    /// The flags that a kfunc has for this parameter.
    const FLAGS: KfuncFlags = KfuncFlags::NONE;

    /// Whether the value is a [`Referenced`] object. A kfunc takes at most one: a program may pass
    /// the same object for two parameters.
    const IS_REFERENCED: bool = false;
}

/// One parameter of a kfunc: a safe value made from what the program passed.
///
/// The verifier takes a hook's argument for a valid pointer unless its name ends in `__nullable`
/// (`kernel/bpf/bpf_lsm_proto.c`). A hook whose caller passes NULL may have been missed there. So
/// every pointer is checked here; NULL is [`EINVAL`], unless the parameter is an `Option`.
///
/// # Safety
///
/// [`Arg::from_raw`] must be sound for everything that the verifier lets a program pass to a kfunc
/// with this parameter, as long as the call lasts.
pub unsafe trait Arg<'call>: Param + Sized {
    /// Makes the value.
    ///
    /// # Safety
    ///
    /// `raw` must be an argument that the verifier has accepted for this parameter of the kfunc
    /// that `call` is one of.
    unsafe fn from_raw(raw: Self::Raw, call: &'call Call) -> Result<Self>;
}

macro_rules! impl_arg_for_scalar {
    ($($t:ty: $raw:ty),* $(,)?) => {$(
        // SAFETY: Integers are passed in a register each; no flag is needed.
        unsafe impl Param for $t {
            type C = $t;
            type Raw = $raw;
        }

        // SAFETY: Every value is a valid one.
        unsafe impl Arg<'_> for $t {
            #[inline]
            unsafe fn from_raw(raw: $raw, _call: &Call) -> Result<Self> {
                // CAST: To the same type, or to that of the argument: what the program's register
                // holds beyond it is cut off.
                Ok(raw as $t)
            }
        }
    )*};
}

// Rust and clang take it that the caller has extended what is shorter than an `int`, gcc that it
// hasn't. A JIT compiler that passes a program's register on doesn't extend it. So the function
// gets the whole register.
impl_arg_for_scalar! {
    i8: isize,
    i16: isize,
    i32: i32,
    i64: i64,
    u8: usize,
    u16: usize,
    u32: u32,
    u64: u64,
}

// SAFETY: Both are pointers; no flag is needed for a trusted one.
unsafe impl<T: Object> Param for &T {
    type C = T::Pointer;
    type Raw = *const T;
}

// SAFETY: By the safety requirements of `Object`, a trusted pointer that isn't NULL is a valid
// `&T` until the kfunc returns.
unsafe impl<'call, T: Object> Arg<'call> for &'call T {
    #[inline]
    unsafe fn from_raw(raw: *const T, _call: &'call Call) -> Result<Self> {
        // SAFETY: As above.
        unsafe { raw.as_ref() }.ok_or(EINVAL)
    }
}

// SAFETY: The types are the same. With `IMPLICIT_ARGS` the verifier passes the program itself, and
// no program can.
unsafe impl Param for &ProgAux {
    type C = *mut bindings::bpf_prog_aux;
    type Raw = *mut bindings::bpf_prog_aux;

    const FLAGS: KfuncFlags = KfuncFlags::IMPLICIT_ARGS;
}

// SAFETY: The verifier passes the data of the program that calls, which runs until the kfunc has
// returned.
unsafe impl<'call> Arg<'call> for &'call ProgAux {
    #[inline]
    unsafe fn from_raw(raw: Self::Raw, _call: &'call Call) -> Result<Self> {
        // SAFETY: As above; `ProgAux` is a transparent wrapper.
        unsafe { raw.cast::<ProgAux>().as_ref() }.ok_or(EINVAL)
    }
}

// SAFETY: Both are pointers. Without a flag, the verifier lets a program pass an object that it
// holds by reference. It is unique.
unsafe impl<T: Referenced> Param for &mut T {
    type C = *mut T::Raw;
    type Raw = *mut T;

    const IS_REFERENCED: bool = true;
}

// SAFETY: Only a kfunc's return value makes a `*mut T::Raw`, and it came from a `Box<T,
// T::Allocator>`, since `T` alone has that `Raw`; a program can't pass other memory for one,
// because `T::Raw` has a pointer (all by the safety requirements of `Referenced`). The verifier
// lets only the run of the program that got it pass it, before it gives it back, kfuncs called by
// one run don't overlap, and `kfunc_set!` allows no second parameter with `IS_REFERENCED`: the
// reference is unique.
unsafe impl<'call, T: Referenced> Arg<'call> for &'call mut T {
    #[inline]
    unsafe fn from_raw(raw: *mut T, _call: &'call Call) -> Result<Self> {
        // SAFETY: As above.
        unsafe { raw.as_mut() }.ok_or(EINVAL)
    }
}

// SAFETY: Both are pointers. With `RELEASE` the verifier takes the first parameter, which this is
// (`KfuncFlags::of_kfunc()`), from the program, so that no other call gets it. It is unique.
unsafe impl<T: Referenced> Param for Box<T, T::Allocator> {
    type C = *mut T::Raw;
    type Raw = *mut T;

    const FLAGS: KfuncFlags = KfuncFlags::RELEASE;
    const IS_REFERENCED: bool = true;
}

// SAFETY: As for `&mut T`, and the program doesn't have it any more.
unsafe impl<T: Referenced> Arg<'_> for Box<T, T::Allocator> {
    #[inline]
    unsafe fn from_raw(raw: *mut T, _call: &Call) -> Result<Self> {
        let ptr = NonNull::new(raw).ok_or(EINVAL)?;

        // SAFETY: As above, `ptr` came from `Box::into_raw()`, of a box of this allocator.
        Ok(unsafe { Box::from_raw(ptr.as_ptr()) })
    }
}

// SAFETY: The types are the same; no flag is needed for a parameter whose name ends in `__str`.
unsafe impl Param for &BStr {
    type C = *const ffi::c_char;
    type Raw = *const ffi::c_char;
}

// SAFETY: This is for parameters with the suffix `__str`, for which the verifier has proved that
// they point to a NUL-terminated string in a read-only, frozen map of the program. The NUL is left
// out.
unsafe impl<'call> Arg<'call> for &'call BStr {
    #[inline]
    unsafe fn from_raw(raw: Self::Raw, _call: &'call Call) -> Result<Self> {
        if raw.is_null() {
            return Err(EINVAL);
        }

        // SAFETY: As above; the map lives as long as the program.
        let bytes = unsafe { core::slice::from_raw_parts(raw.cast(), bindings::strlen(raw)) };

        Ok(BStr::from_bytes(bytes))
    }
}

/// Memory that a program passed for an object of type `T`, and that only its owner knows to be one.
///
/// For a type without pointers the verifier takes any memory of the program's (its stack, a map's
/// value) for the object, and proves no more than the `size_of::<T>()` bytes of the declared type,
/// even where the true object is longer (`struct sockaddr`). Others may write to it at any time. So
/// the memory can only be copied.
pub struct Memory<'a, T> {
    addr: NonNull<T>,
    _lifetime: PhantomData<&'a T>,
}

impl<T> Clone for Memory<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memory<'_, T> {}

impl<T> Memory<'_, T> {
    /// How far behind the start of the object may be read. Memory of a device, the reading of
    /// which has effects, isn't mapped that close to other memory: a page without mapping lies
    /// behind each area of `vmalloc()` and `ioremap()` (but with `VM_NO_GUARD`), and the linear map
    /// has no memory of devices.
    const REACH: usize = PAGE_SIZE;

    /// Creates a [`Memory`], unless the address is NULL.
    ///
    /// # Safety
    ///
    /// Unless it is NULL, `addr` must be the address of memory that is not a device's for `'a`,
    /// such as what the verifier let a program pass for a `T`. Up to a page from there may be read,
    /// and what was read may be disclosed.
    #[inline]
    pub unsafe fn new(addr: *const T) -> Option<Self> {
        Some(Self {
            addr: NonNull::new(addr.cast_mut())?,
            _lifetime: PhantomData,
        })
    }

    /// Copies `N` bytes that start `OFFSET` bytes behind the start of the object.
    ///
    /// Reads outside the kernel's mapped memory don't fault, but end with [`EFAULT`].
    #[inline]
    pub fn copy<const OFFSET: usize, const N: usize>(&self) -> Result<[u8; N]> {
        const { assert!(OFFSET + N <= Self::REACH) };

        let mut bytes = [0; N];
        let src = self.addr.as_ptr().cast::<u8>().wrapping_add(OFFSET);

        // SAFETY: `bytes` is valid for writes of `N` bytes. The source is no memory of a device, by
        // the safety requirements of `new()` and the assertion; it need not be mapped.
        let ret =
            unsafe { bindings::copy_from_kernel_nofault(bytes.as_mut_ptr().cast(), src.cast(), N) };
        if ret != 0 {
            return Err(EFAULT);
        }

        Ok(bytes)
    }

    /// Returns whether the memory lies on the stack of the LSM program that runs now.
    ///
    /// Programs of other types may have their stack elsewhere (`bpf_enable_priv_stack()` in
    /// `kernel/bpf/verifier.c`), so the filter of a set whose functions ask must admit LSM programs
    /// alone.
    ///
    /// The stack grows down and `current->bpf_ctx` lies in the frame that called the program, so
    /// whatever lies between this function's frame and that one belongs to the program or to what
    /// it called, while what a hook was given lies in its callers' frames, above. That is so by
    /// construction, on every architecture: a trampoline has its `struct bpf_tramp_run_ctx` in its
    /// own frame (`arch_prepare_bpf_trampoline()`), `bpf_prog_run_array_cg()` in
    /// `kernel/bpf/cgroup.c` its `struct bpf_cg_run_ctx`, and each puts the former one back.
    ///
    /// A callback of the program's (of a timer, say) isn't called so: `bpf_ctx` is NULL there, or
    /// that of a program on another stack. Then nothing on the current stack was handed to the
    /// program by a hook, so all of it counts as the program's.
    #[inline(never)]
    pub fn on_program_stack(&self) -> bool {
        let frame = 0u8;
        let here = core::ptr::from_ref(&frame).addr();
        let end = here.saturating_add(bindings::THREAD_SIZE);
        // SAFETY: `current` is always valid; only it writes to `bpf_ctx`.
        let caller = unsafe { (*Task::current_raw()).bpf_ctx }.addr();

        let end = if (here..end).contains(&caller) {
            caller
        } else {
            end
        };
        (here..end).contains(&self.addr.addr().get())
    }
}

// SAFETY: The types are the same; no flag is needed for a parameter whose name ends in
// `__nullable`.
unsafe impl<T: Plain> Param for Option<Memory<'_, T>> {
    type C = *const T::Raw;
    type Raw = *const T::Raw;
}

// SAFETY: What a program passed is a valid `Memory`, by the safety requirements of `from_raw()`.
unsafe impl<'call, T: Plain> Arg<'call> for Option<Memory<'call, T>> {
    #[inline]
    unsafe fn from_raw(raw: Self::Raw, _call: &'call Call) -> Result<Self> {
        // SAFETY: By the safety requirements.
        Ok(unsafe { Memory::new(raw.cast()) })
    }
}

/// What a kfunc returns.
///
/// # Safety
///
/// [`Return::FLAGS`] must be all flags that make it sound for a program to get a [`Return::Raw`].
pub unsafe trait Return {
    /// The C type.
    type Raw;

    /// The flags that a kfunc has because of what it returns.
    const FLAGS: KfuncFlags = KfuncFlags::NONE;

    /// Turns the value into the one that the program gets.
    fn into_raw(self) -> Self::Raw;

    /// What the program gets when an argument was refused.
    fn refused(error: Error) -> Self::Raw;
}

/// An errno, or 0.
// SAFETY: A number needs no flag.
unsafe impl Return for Result {
    type Raw = ffi::c_int;

    #[inline]
    fn into_raw(self) -> ffi::c_int {
        match self {
            Ok(()) => 0,
            Err(e) => e.to_errno(),
        }
    }

    #[inline]
    fn refused(error: Error) -> ffi::c_int {
        error.to_errno()
    }
}

// SAFETY: Nothing needs no flag.
unsafe impl Return for () {
    type Raw = ();

    #[inline]
    fn into_raw(self) {}

    #[inline]
    fn refused(_error: Error) {}
}

/// The program holds the object by reference, once it has seen that there is one.
// SAFETY: With `RET_NULL` the program has to look whether there is an object, and with `ACQUIRE`
// it has to give the object back, once.
unsafe impl<T: Referenced> Return for Option<Box<T, T::Allocator>> {
    type Raw = *mut T::Raw;

    const FLAGS: KfuncFlags = KfuncFlags::ACQUIRE.or(KfuncFlags::RET_NULL);

    #[inline]
    fn into_raw(self) -> *mut T::Raw {
        // A program may read what BTF says the object holds.
        const { assert!(size_of::<T>() == size_of::<T::Raw>()) };
        const { assert!(align_of::<T>() == align_of::<T::Raw>()) };

        match self {
            Some(object) => Box::into_raw(object).cast(),
            None => core::ptr::null_mut(),
        }
    }

    #[inline]
    fn refused(_error: Error) -> *mut T::Raw {
        core::ptr::null_mut()
    }
}

#[macros::kunit_tests(rust_bpf_arg)]
mod tests {
    use super::*;

    fn refuses_null<T: Object>() -> bool {
        // SAFETY: It is dropped before this returns.
        let call = unsafe { Call::new() };

        // SAFETY: No value comes of NULL, which the verifier may let a program pass.
        unsafe { <&T as Arg<'_>>::from_raw(core::ptr::null(), &call) }
            .is_err_and(|error| error == EINVAL)
    }

    #[test]
    fn null_is_no_object() {
        assert!(refuses_null::<BorrowedTask>());
        assert!(refuses_null::<OpenFile>());
        assert!(refuses_null::<Path>());
        assert!(refuses_null::<Dentry>());
        assert!(refuses_null::<Inode>());
        #[cfg(CONFIG_NET)]
        assert!(refuses_null::<crate::net::Socket>());
    }

    #[test]
    fn what_a_register_holds_beyond_the_argument_is_cut_off() {
        // SAFETY: It is dropped before this returns.
        let call = unsafe { Call::new() };

        // SAFETY: A program may pass any number.
        assert_eq!(unsafe { u16::from_raw(0x1_2345, &call) }, Ok(0x2345));
        // SAFETY: As above.
        assert_eq!(unsafe { i8::from_raw(0xff, &call) }, Ok(-1));
    }
}
