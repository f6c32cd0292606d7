// SPDX-License-Identifier: GPL-2.0-only

//! An allocator for any context.
//!
//! C header: [`include/linux/slab.h`](srctree/include/linux/slab.h)

use crate::{
    alloc::{
        allocator::ARCH_KMALLOC_MINALIGN,
        dangling_from_layout,
        flags::__GFP_ZERO,
        AllocError,
        Allocator,
        Flags,
        NumaNode, //
    },
    bindings,
    warn_on, //
};

use core::{
    alloc::Layout,
    ptr::NonNull, //
};

/// The kernel allocator that never takes a lock it would have to wait for.
///
/// `KmallocNolock` allocates with `kmalloc_nolock()` and frees with `kfree_nolock()`, and so works
/// in every context: NMI, hard interrupt, under a raw spin lock. In return an allocation fails more
/// readily than with [`Kmalloc`](super::Kmalloc): on contention, in an NMI or a hard interrupt on
/// PREEMPT_RT, in an NMI on a machine with one processor, and, unless the cache is one that is
/// debugged, always on machines without a double-word compare-and-exchange
/// (`__kmalloc_nolock_noprof()` in `mm/slub.c`).
///
/// Memory goes in one direction: kmemleak and KFENCE, which may know what another allocator has
/// given out, don't see `kfree_nolock()`, so no other memory may reach it. (`kfree()` would take
/// memory of this one, but no [`Allocator`] does what another one has to.)
///
/// Its limits, each answered by [`AllocError`]:
///
/// - at most [`KmallocNolock::MAX_SIZE`] bytes;
/// - an alignment of at most [`Allocator::MIN_ALIGN`]: under contention `kmalloc_nolock()` falls
///   back to a bucket of another size, which has no alignment beyond the minimum;
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

        // SAFETY: `kmalloc_nolock()` takes any size and node; of the flags it allows `__GFP_ZERO`.
        let ptr = unsafe {
            bindings::kmalloc_nolock(layout.size(), (flags & __GFP_ZERO).as_raw(), nid.0)
        };

        NonNull::new(ptr.cast()).ok_or(AllocError)
    }
}

// SAFETY:
// - memory remains valid until it is passed to `kfree_nolock()`, which happens only where this
//   function is asked for a size of zero,
// - the memory that `realloc` returns was allocated by `kmalloc_nolock()`, or is dangling with a
//   size of zero, and both are accepted back,
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
                // thus one of `kmalloc_nolock()`, and it isn't used any more.
                unsafe { bindings::kfree_nolock(old.as_ptr().cast()) };
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
