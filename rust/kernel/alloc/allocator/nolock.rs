// SPDX-License-Identifier: GPL-2.0-only

//! An allocator that first tries without waiting for a lock.
//!
//! C header: [`include/linux/slab.h`](srctree/include/linux/slab.h)

use crate::{
    alloc::{
        allocator::{
            Kmalloc,
            ARCH_KMALLOC_MINALIGN, //
        },
        dangling_from_layout,
        flags::{
            GFP_ATOMIC,
            __GFP_NOWARN,
            __GFP_ZERO, //
        },
        AllocError,
        Allocator,
        Flags,
        NumaNode, //
    },
    bindings,
    preempt,
    warn_on, //
};

use core::{
    alloc::Layout,
    ptr::NonNull, //
};

/// The kernel allocator that tries without waiting for a lock, and then with it.
///
/// `KmallocNolock` allocates with `kmalloc_nolock()`, which works in every context: NMI, hard
/// interrupt, under a raw spinlock. In return that function fails more readily than others, though
/// there is memory: on contention, in an NMI or a hard interrupt on PREEMPT_RT, in an NMI on a
/// machine with one processor, and, unless the cache is one that is debugged, always on machines
/// without a double-word compare-and-exchange (`__kmalloc_nolock_noprof()` in `mm/slub.c`). So
/// where it fails, [`Kmalloc`] with `GFP_ATOMIC` follows, except in an NMI. That one takes the
/// locks of the cache: a caller that may have interrupted their holder other than by an NMI, or
/// that can't wait for a sleeping lock on PREEMPT_RT, must not use this allocator.
///
/// Memory goes back by `kfree()`, which takes that of both functions (its kernel-doc in
/// `mm/slub.c`), and which must not be called in an NMI.
///
/// Its limits, each answered by [`AllocError`]:
///
/// - at most [`KmallocNolock::MAX_SIZE`] bytes;
/// - an alignment of at most [`Allocator::MIN_ALIGN`]: under contention `kmalloc_nolock()` takes
///   from a bucket of another size, which has no alignment beyond the minimum;
/// - an allocation doesn't grow.
///
/// The only flag is [`__GFP_ZERO`]; any other is dropped with a warning.
///
/// # Examples
///
/// ```
/// use kernel::alloc::{
///     allocator::KmallocNolock,
///     flags::__GFP_ZERO,
///     Box, //
/// };
///
/// let b = Box::<_, KmallocNolock>::new(42u64, __GFP_ZERO)?;
/// assert_eq!(*b, 42);
/// # Ok::<(), Error>(())
/// ```
pub struct KmallocNolock;

impl KmallocNolock {
    /// The size of the largest allocation, in bytes.
    pub const MAX_SIZE: usize = bindings::KMALLOC_MAX_CACHE_SIZE;

    #[inline]
    fn alloc_new(layout: Layout, flags: Flags, nid: NumaNode) -> Result<NonNull<u8>, AllocError> {
        if layout.size() > Self::MAX_SIZE || layout.align() > Self::MIN_ALIGN {
            return Err(AllocError);
        }

        warn_on!(flags != flags & __GFP_ZERO);
        let flags = flags & __GFP_ZERO;

        // SAFETY: `kmalloc_nolock()` takes any size and node; of the flags it allows `__GFP_ZERO`.
        let ptr = unsafe { bindings::kmalloc_nolock(layout.size(), flags.as_raw(), nid.0) };

        match NonNull::new(ptr.cast()) {
            Some(ptr) => Ok(ptr),
            None if preempt::in_nmi() => Err(AllocError),
            None => {
                Kmalloc::alloc(layout, flags | GFP_ATOMIC | __GFP_NOWARN, nid).map(NonNull::cast)
            }
        }
    }
}

// SAFETY:
// - memory remains valid until it is passed to `kfree()`, which happens only where this function is
//   asked for a size of zero,
// - the memory that `realloc` returns was allocated by `kmalloc_nolock()` or `Kmalloc`, or is
//   dangling with a size of zero, and all of it is accepted back,
// - `realloc` satisfies the guarantees: a new allocation has the size asked for and at least
//   `MIN_ALIGN`, which is no less than the alignment asked for; a shrunk one stays where it is, so
//   its contents are preserved; on `Err(AllocError)` nothing was done.
unsafe impl Allocator for KmallocNolock {
    const MIN_ALIGN: usize = ARCH_KMALLOC_MINALIGN;

    #[inline]
    unsafe fn realloc(
        ptr: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        flags: Flags,
        nid: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = match ptr.filter(|_| old_layout.size() != 0) {
            None if layout.size() == 0 => dangling_from_layout(layout),
            None => Self::alloc_new(layout, flags, nid)?,
            Some(old) if layout.size() == 0 => {
                // SAFETY: By the safety requirements `old` is a valid allocation of this allocator,
                // thus one that `kfree()` takes, and it isn't used any more.
                unsafe { bindings::kfree(old.as_ptr().cast()) };
                dangling_from_layout(layout)
            }
            Some(old)
                if layout.size() <= old_layout.size() && layout.align() <= Self::MIN_ALIGN =>
            {
                old
            }
            Some(_) => return Err(AllocError),
        };

        Ok(NonNull::slice_from_raw_parts(new, layout.size()))
    }
}
