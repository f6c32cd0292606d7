// SPDX-License-Identifier: GPL-2.0-only

//! Sockets and their addresses.
//!
//! C headers: [`include/linux/net.h`](srctree/include/linux/net.h),
//! [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/linux/socket.h`](srctree/include/linux/socket.h)

use crate::{
    bindings,
    fs::Path,
    sync::rcu,
    task::Task,
    types::Opaque, //
};

use core::num::NonZero;

/// A protocol family and its addresses' family, such as `AF_INET`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Family(u16);

impl Family {
    /// Local sockets: `AF_UNIX`.
    pub const UNIX: Self = Self(bindings::AF_UNIX as u16);

    /// IPv4: `AF_INET`.
    pub const INET: Self = Self(bindings::AF_INET as u16);

    /// IPv6: `AF_INET6`.
    pub const INET6: Self = Self(bindings::AF_INET6 as u16);

    /// Creates a family from its number in host byte order, as `sa_family` has it.
    #[inline]
    pub const fn new(family: u16) -> Self {
        Self(family)
    }

    /// Returns the number in host byte order.
    #[inline]
    pub const fn as_raw(self) -> u16 {
        self.0
    }
}

/// Wraps the kernel's `struct socket`: a socket as user space sees it.
///
/// # Invariants
///
/// Instances are valid sockets, which aren't released as long as they are used: their file is open,
/// or whoever makes or accepts them hasn't returned yet.
#[repr(transparent)]
pub struct Socket(Opaque<bindings::socket>);

impl Socket {
    /// Returns the socket's network side, or `None` if it hasn't got one (yet, or any more).
    #[inline]
    pub fn sock(&self) -> Option<&Sock> {
        // SAFETY: By the type invariants the socket is valid. `sk` may change at any time; it is
        // read once.
        let sk = unsafe { (&raw const (*self.0.get()).sk).read_volatile() };

        // SAFETY: A socket gives up its `struct sock` only when it is released
        // (`__sock_release()` in `net/socket.c`), by its last user. Who has a `&Socket` is another
        // one, by the type invariants, so that `sk` stays until then. `Sock` is transparent.
        unsafe { sk.cast::<Sock>().as_ref() }
    }
}

/// Wraps the kernel's `struct sock`: the network side of a socket.
///
/// # Invariants
///
/// Instances are valid, and are not released (`release()` of `struct proto_ops`) while they are
/// used.
#[repr(transparent)]
pub struct Sock(Opaque<bindings::sock>);

impl Sock {
    /// Returns the family of the socket.
    #[inline]
    pub fn family(&self) -> Family {
        // SAFETY: By the type invariants. The family may change from `AF_INET6` to `AF_INET` at any
        // time (`IPV6_ADDRFORM`); it is read once.
        Family(unsafe { (&raw const (*self.0.get()).__sk_common.skc_family).read_volatile() })
    }

    /// Returns whether the socket belongs to the initial network namespace.
    #[inline]
    pub fn in_init_net(&self) -> bool {
        // SAFETY: By the type invariants. The namespace stays, except in netlink sockets of the
        // kernel's own while they are set up; the pointer is only compared.
        unsafe { bindings::sock_net(self.as_ptr()) == &raw mut bindings::init_net }
    }

    /// Returns whether this is a unix socket that has an address. It may get one at any time, and
    /// keeps it.
    #[inline]
    pub fn has_unix_addr(&self) -> bool {
        if self.family() != Family::UNIX {
            return false;
        }

        // SAFETY: By the type invariants; a socket of this family is a `struct unix_sock`.
        !unsafe { bindings::unix_sock_addr(self.as_ptr()) }.is_null()
    }

    /// Returns the path that a unix socket is bound to, if it is bound to a file.
    #[inline]
    pub fn unix_path(&self) -> Option<&Path> {
        if !self.has_unix_addr() {
            return None;
        }

        // SAFETY: As above. The path is set before the address, once.
        let path = unsafe { bindings::unix_sock_path(self.as_ptr()) };

        // SAFETY: As above.
        if unsafe { (*path).dentry }.is_null() {
            return None;
        }

        // SAFETY: As above; the socket keeps the path until it is released (`unix_release_sock()`).
        Some(unsafe { Path::from_raw(path) })
    }

    /// Returns a raw pointer to the inner C struct.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::sock {
        self.0.get()
    }
}

/// Returns whether the current task is in the initial network namespace.
///
/// A task that ends is in none any more.
#[inline]
pub fn current_in_init_net() -> bool {
    // SAFETY: `current` is always valid, and only it changes its namespaces.
    unsafe {
        let nsproxy = (*Task::current_raw()).nsproxy;

        !nsproxy.is_null() && (*nsproxy).net_ns == &raw mut bindings::init_net
    }
}

/// The index of an interface that was there in the initial network namespace when it was looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InitNetIf(NonZero<i32>);

impl InitNetIf {
    /// Looks up an index.
    #[inline]
    pub fn find(index: i32) -> Option<Self> {
        if index <= 0 {
            return None;
        }

        let _guard = rcu::read_lock();
        // SAFETY: The initial namespace is always valid; we are in a read-side section of RCU.
        let dev = unsafe { bindings::dev_get_by_index_rcu(&raw mut bindings::init_net, index) };
        if dev.is_null() {
            return None;
        }

        NonZero::new(index).map(Self)
    }

    /// Returns the index.
    #[inline]
    pub fn index(self) -> i32 {
        self.0.get()
    }
}

/// Wraps the kernel's `struct sockaddr`: the start of an address, whose type and length are its
/// family's.
#[repr(transparent)]
pub struct SockAddr(Opaque<bindings::sockaddr>);

impl SockAddr {
    /// The size of the longest address of any family, `struct sockaddr_storage`, in bytes.
    pub const MAX_LEN: usize = size_of::<bindings::__kernel_sockaddr_storage>();
}
