// SPDX-License-Identifier: GPL-2.0-only

//! Paths, and the dentries and inodes that they lead to.
//!
//! C headers: [`include/linux/path.h`](srctree/include/linux/path.h),
//! [`include/linux/dcache.h`](srctree/include/linux/dcache.h),
//! [`include/linux/fs.h`](srctree/include/linux/fs.h)

use crate::{
    bindings,
    types::Opaque, //
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
}
