// SPDX-License-Identifier: GPL-2.0-only

//! Paths, the files that have them, and the dentries and inodes that they lead to.
//!
//! C headers: [`include/linux/path.h`](srctree/include/linux/path.h),
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

use crate::{
    bindings,
    ffi::c_char,
    sync::rcu,
    types::Opaque, //
};

use core::{
    marker::PhantomData,
    ops::Deref, //
};

/// Wraps the kernel's `struct path`: a dentry as seen through a mount.
///
/// # Invariants
///
/// The mount and the dentry of an instance are valid.
#[repr(transparent)]
pub struct Path(Opaque<bindings::path>);

impl Path {
    /// Creates a reference to a [`Path`] from a valid pointer.
    ///
    /// # Safety
    ///
    /// For `'a`, `ptr` must point to a valid `struct path`, whose mount and dentry are kept.
    #[inline]
    pub unsafe fn from_raw<'a>(ptr: *const bindings::path) -> &'a Self {
        // SAFETY: By the safety requirements; `Path` is transparent, so the cast is ok.
        unsafe { &*ptr.cast() }
    }

    /// Returns a raw pointer to the inner C struct.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::path {
        self.0.get()
    }

    /// Returns the path of `entry`, if that is an entry in the directory of this path.
    ///
    /// A rename may move it at any time, unless the caller has the directory's lock. A directory
    /// that was moved out of what its mount shows may have the root of that mount as an entry,
    /// which has no path but the place of the mount.
    #[inline]
    pub fn of_entry<'a>(&'a self, entry: &'a Dentry) -> Option<EntryPath<'a>> {
        // SAFETY: By the type invariants.
        let dir = unsafe { *self.as_ptr() };
        // SAFETY: By the type invariants. A rename may write to it meanwhile, as to one word.
        let parent = unsafe { (&raw const (*entry.as_ptr()).d_parent).read_volatile() };

        // The root of a file system is its own parent.
        if parent != dir.dentry || parent == entry.as_ptr() {
            return None;
        }

        // SAFETY: By the type invariants. It stays the same as long as the mount.
        let root = unsafe { (*dir.mnt).mnt_root };

        // INVARIANT: The mount is that of `self`; both live for `'a`.
        (entry.as_ptr() != root).then(|| EntryPath {
            path: Self(Opaque::new(bindings::path {
                mnt: dir.mnt,
                dentry: entry.as_ptr(),
            })),
            _lifetime: PhantomData,
        })
    }

    /// Returns the dentry that the path leads to.
    #[inline]
    pub fn dentry(&self) -> &Dentry {
        // SAFETY: By the type invariants; `Dentry` is transparent.
        unsafe { &*(*self.as_ptr()).dentry.cast() }
    }
}

/// The path of an entry in a directory: the directory's mount, and the entry.
///
/// # Invariants
///
/// Mount and dentry are those of a [`Path`] and a [`Dentry`] that live for `'a`.
pub struct EntryPath<'a> {
    path: Path,
    _lifetime: PhantomData<&'a Path>,
}

impl Deref for EntryPath<'_> {
    type Target = Path;

    #[inline]
    fn deref(&self) -> &Path {
        &self.path
    }
}

/// Wraps the kernel's `struct file`, as one that has a path.
///
/// Unlike [`File`](super::File) and [`LocalFile`](super::LocalFile) it may be one that is being
/// released: its references are gone, and none can be taken.
///
/// # Invariants
///
/// Instances are valid files whose path is set and kept.
#[repr(transparent)]
pub struct OpenFile(Opaque<bindings::file>);

impl OpenFile {
    /// Returns a raw pointer to the inner C struct.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::file {
        self.0.get()
    }

    /// Returns the path that the file was opened by.
    #[inline]
    pub fn path(&self) -> &Path {
        // SAFETY: By the type invariants.
        unsafe { Path::from_raw(&raw const (*self.as_ptr()).__bindgen_anon_1.f_path) }
    }
}

/// Wraps the kernel's `struct dentry`.
///
/// # Invariants
///
/// Instances are valid dentries: they have a reference, or something else keeps them.
#[repr(transparent)]
pub struct Dentry(Opaque<bindings::dentry>);

impl Dentry {
    /// Returns a raw pointer to the inner C struct.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::dentry {
        self.0.get()
    }

    /// Returns whether the entry has no inode: it is one that is to be made, or was removed.
    ///
    /// It may get one, or lose it, at any time.
    #[inline]
    pub fn is_negative(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { (&raw const (*self.as_ptr()).d_inode).read_volatile() }.is_null()
    }

    /// Calls `f` with the name, under the lock that keeps it, as `audit_log_lsm_data()` writes a
    /// name. So `f` must not look up a path, nor take another lock of a dentry.
    ///
    /// A snapshot won't do: of an entry that is gone, as a walk of a path under RCU may have it,
    /// `take_dentry_name_snapshot()` tries for ever to get a long name.
    pub fn with_name<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: By the type invariants.
        let lock = unsafe {
            &raw mut (*self.as_ptr())
                .d_lockref
                .__bindgen_anon_1
                .__bindgen_anon_1
                .lock
        };

        // SAFETY: The lock of a dentry is set up with it.
        unsafe { bindings::spin_lock(lock) };

        // SAFETY: By the type invariants; the name is a string, which can't be replaced under the
        // lock. If the entry is gone, what keeps it is RCU, and that keeps its name, too.
        let name = unsafe {
            let name: *const c_char = (*self.as_ptr()).__bindgen_anon_1.d_name.name.cast();
            core::slice::from_raw_parts(name.cast(), bindings::strlen(name))
        };
        let ret = f(name);

        // SAFETY: We hold the lock.
        unsafe { bindings::spin_unlock(lock) };

        ret
    }

    /// Returns the length of the name as it is now, in bytes: a rename may change it.
    #[inline]
    pub fn name_len(&self) -> u32 {
        // SAFETY: By the type invariants.
        let name = unsafe { &raw const (*self.as_ptr()).__bindgen_anon_1.d_name };
        // SAFETY: As above. A rename may write to it meanwhile, as to one word.
        let hash_len = unsafe { (&raw const (*name).__bindgen_anon_1.hash_len).read_volatile() };
        // CAST: The length is the high half (`hashlen_len()` in `include/linux/stringhash.h`).
        (hash_len >> 32) as u32
    }
}

/// Wraps the kernel's `struct inode`.
///
/// # Invariants
///
/// Instances are valid inodes with a superblock: they have a reference, or something else keeps
/// them.
#[repr(transparent)]
pub struct Inode(Opaque<bindings::inode>);

impl Inode {
    /// Returns a raw pointer to the inner C struct.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::inode {
        self.0.get()
    }

    /// Returns the length of the name that `d_find_alias_rcu()` finds for it now, in bytes; 0 if
    /// it has none.
    ///
    /// It must not be called in interrupts, nor with interrupts disabled.
    pub fn alias_name_len(&self) -> u32 {
        let _guard = rcu::read_lock();
        // SAFETY: By the type invariants; we are in a read-side section of RCU.
        let alias = unsafe { bindings::d_find_alias_rcu(self.as_ptr()) };
        if alias.is_null() {
            return 0;
        }

        // SAFETY: RCU keeps it until the guard goes; `Dentry` is transparent.
        unsafe { (*alias.cast::<Dentry>()).name_len() }
    }
}
