// SPDX-License-Identifier: GPL-2.0-only

//! Addresses that a program passes by pointer and length.
//!
//! They are not to be trusted: the memory may be the program's own, shorter than it says, and
//! written to meanwhile. So each byte is copied once, and only then looked at.

use kernel::{
    audit::{
        IpAddrs,
        LsmData, //
    },
    bpf::Memory,
    net::{
        Family,
        SockAddr, //
    },
    prelude::*, //
};

/// The length of the shortest IPv6 address, without a scope: `SIN6_LEN_RFC2133`.
const SIN6_LEN_MIN: usize = 24;

/// The size of `struct sockaddr_in`, with its padding.
const SIN_LEN: usize = 16;

/// An address and a port, both in network byte order, both zero where there is no address.
struct Endpoint<const N: usize> {
    addr: [u8; N],
    port: [u8; 2],
}

impl<const N: usize> Endpoint<N> {
    const NONE: Self = Self {
        addr: [0; N],
        port: [0; 2],
    };
}

impl Endpoint<4> {
    /// Reads a `struct sockaddr_in`.
    fn read(memory: Memory<'_, SockAddr>) -> Result<Self> {
        let [_, _, p0, p1, a0, a1, a2, a3] = memory.copy(0)?;

        Ok(Self {
            addr: [a0, a1, a2, a3],
            port: [p0, p1],
        })
    }
}

impl Endpoint<16> {
    /// Reads a `struct sockaddr_in6` without its scope.
    ///
    /// It is longer than the `struct sockaddr` that the verifier has proved to be there. On the
    /// program's own stack that would reveal what lies behind it.
    fn read(memory: Memory<'_, SockAddr>) -> Result<Self> {
        if memory.on_program_stack() {
            return Err(EINVAL);
        }

        Ok(Self {
            addr: memory.copy(8)?,
            port: memory.copy(2)?,
        })
    }
}

/// Reads the addresses, of which there must be one at least, each `addrlen` bytes long.
pub(crate) fn read(
    netif: i32,
    source: Option<Memory<'_, SockAddr>>,
    dest: Option<Memory<'_, SockAddr>>,
    addrlen: i32,
) -> Result<LsmData<'static>> {
    let len = match usize::try_from(addrlen) {
        Ok(len) if len <= SockAddr::MAX_LEN => len,
        _ => return Err(EINVAL),
    };

    match family(source, dest, len)? {
        Family::INET => {
            if len < SIN_LEN {
                return Err(EINVAL);
            }
            let source = source.map_or(Ok(Endpoint::NONE), Endpoint::<4>::read)?;
            let dest = dest.map_or(Ok(Endpoint::NONE), Endpoint::<4>::read)?;

            Ok(LsmData::Addresses {
                addrs: IpAddrs::V4 {
                    source: source.addr,
                    dest: dest.addr,
                },
                source_port: source.port,
                dest_port: dest.port,
                netif,
            })
        }
        Family::INET6 if cfg!(CONFIG_IPV6) => {
            if len < SIN6_LEN_MIN {
                return Err(EINVAL);
            }
            let source = source.map_or(Ok(Endpoint::NONE), Endpoint::<16>::read)?;
            let dest = dest.map_or(Ok(Endpoint::NONE), Endpoint::<16>::read)?;

            Ok(LsmData::Addresses {
                addrs: IpAddrs::V6 {
                    source: source.addr,
                    dest: dest.addr,
                },
                source_port: source.port,
                dest_port: dest.port,
                netif,
            })
        }
        _ => Err(EAFNOSUPPORT),
    }
}

/// Returns the family of the addresses.
fn family(
    source: Option<Memory<'_, SockAddr>>,
    dest: Option<Memory<'_, SockAddr>>,
    len: usize,
) -> Result<Family> {
    if len < 2 {
        return Err(EINVAL);
    }

    let of = |memory: Memory<'_, SockAddr>| Ok(Family::new(u16::from_ne_bytes(memory.copy(0)?)));

    match (source, dest) {
        (Some(source), Some(dest)) => {
            let family = of(source)?;
            if family != of(dest)? {
                return Err(EINVAL);
            }
            Ok(family)
        }
        (Some(address), None) | (None, Some(address)) => of(address),
        (None, None) => Err(EINVAL),
    }
}
