// SPDX-License-Identifier: GPL-2.0-only

//! Addresses that a program passes by pointer and length.
//!
//! They are not to be trusted: the memory may be the program's own, shorter than it says, and
//! written to meanwhile. So what is looked at is always a copy.

use kernel::{
    audit::{
        IpAddrs,
        LsmData, //
    },
    bpf::Memory,
    net::{
        Family,
        InitNetIf,
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

/// An address as it was passed: what every address has, read once, and where the rest of it is.
struct Passed<'a> {
    start: [u8; SIN_LEN],
    memory: Memory<'a, SockAddr>,
}

impl<'a> Passed<'a> {
    /// Reads the `struct sockaddr` that the verifier has proved to be there; of a shorter address
    /// only the family, which decides between errors.
    fn read(memory: Memory<'a, SockAddr>, len: usize) -> Result<Self> {
        let start = if len < SIN_LEN {
            let mut start = [0; SIN_LEN];
            [start[0], start[1]] = memory.copy::<0, _>()?;
            start
        } else {
            memory.copy::<0, _>()?
        };

        Ok(Self { start, memory })
    }

    fn family(&self) -> Family {
        let [f0, f1, ..] = self.start;

        Family::new(u16::from_ne_bytes([f0, f1]))
    }

    fn port(&self) -> [u8; 2] {
        let [_, _, p0, p1, ..] = self.start;

        [p0, p1]
    }

    /// Returns what a `struct sockaddr_in` holds.
    fn v4(&self) -> Endpoint<4> {
        let [_, _, _, _, a0, a1, a2, a3, ..] = self.start;

        Endpoint {
            addr: [a0, a1, a2, a3],
            port: self.port(),
        }
    }

    /// Returns what a `struct sockaddr_in6` holds, but for its scope.
    ///
    /// It is longer than the `struct sockaddr` that was read. On the program's own stack the rest
    /// would reveal what lies behind it.
    fn v6(&self) -> Result<Endpoint<16>> {
        if self.memory.on_program_stack() {
            return Err(EINVAL);
        }

        Ok(Endpoint {
            addr: self.memory.copy::<8, _>()?,
            port: self.port(),
        })
    }
}

/// Reads the addresses, of which there must be one at least, each `addrlen` bytes long.
pub(crate) fn read(
    netif: Option<InitNetIf>,
    source: Option<Memory<'_, SockAddr>>,
    dest: Option<Memory<'_, SockAddr>>,
    addrlen: i32,
) -> Result<LsmData<'static>> {
    let len = match usize::try_from(addrlen) {
        Ok(len) if (2..=SockAddr::MAX_LEN).contains(&len) => len,
        _ => return Err(EINVAL),
    };

    let passed = |memory| Passed::read(memory, len);
    let source = source.map(passed).transpose()?;
    let dest = dest.map(passed).transpose()?;

    let (addrs, source_port, dest_port) = match family(source.as_ref(), dest.as_ref())? {
        Family::INET => {
            if len < SIN_LEN {
                return Err(EINVAL);
            }
            let source = source.map_or(Endpoint::NONE, |source| source.v4());
            let dest = dest.map_or(Endpoint::NONE, |dest| dest.v4());

            let addrs = IpAddrs::V4 {
                source: source.addr,
                dest: dest.addr,
            };
            (addrs, source.port, dest.port)
        }
        Family::INET6 if cfg!(CONFIG_IPV6) => {
            if len < SIN6_LEN_MIN {
                return Err(EINVAL);
            }
            let source = source.map_or(Ok(Endpoint::NONE), |source| source.v6())?;
            let dest = dest.map_or(Ok(Endpoint::NONE), |dest| dest.v6())?;

            let addrs = IpAddrs::V6 {
                source: source.addr,
                dest: dest.addr,
            };
            (addrs, source.port, dest.port)
        }
        _ => return Err(EAFNOSUPPORT),
    };

    Ok(LsmData::Addresses {
        addrs,
        source_port,
        dest_port,
        netif,
    })
}

/// Returns the family of the addresses.
fn family(source: Option<&Passed<'_>>, dest: Option<&Passed<'_>>) -> Result<Family> {
    match (source, dest) {
        (Some(source), Some(dest)) if source.family() != dest.family() => Err(EINVAL),
        (Some(address), _) | (None, Some(address)) => Ok(address.family()),
        (None, None) => Err(EINVAL),
    }
}

#[kunit_tests(audit_kfuncs_sockaddr)]
mod tests {
    use super::*;

    /// 127.0.0.1, port 80.
    static V4: [u8; 28] = sockaddr(Family::INET, &[0, 80, 127, 0, 0, 1]);

    /// fd00::1, port 258.
    static V6: [u8; 28] = sockaddr(
        Family::INET6,
        &[
            1, 2, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        ],
    );

    static UNIX: [u8; 28] = sockaddr(Family::UNIX, b"/tmp/socket");

    const fn sockaddr(family: Family, data: &[u8]) -> [u8; 28] {
        let mut bytes = [0; 28];
        [bytes[0], bytes[1]] = family.as_raw().to_ne_bytes();

        let mut i = 0;
        while i < data.len() {
            bytes[i + 2] = data[i];
            i += 1;
        }
        bytes
    }

    fn memory(bytes: &'static [u8; 28]) -> Option<Memory<'static, SockAddr>> {
        // SAFETY: A static isn't memory of a device.
        unsafe { Memory::new(bytes.as_ptr().cast()) }
    }

    fn error(
        source: Option<&'static [u8; 28]>,
        dest: Option<&'static [u8; 28]>,
        addrlen: i32,
    ) -> Option<Error> {
        read(
            None,
            source.and_then(memory),
            dest.and_then(memory),
            addrlen,
        )
        .err()
    }

    #[test]
    fn ipv4_is_read_in_network_order() -> Result {
        for addrlen in [16, 28, 128] {
            let LsmData::Addresses {
                addrs,
                source_port,
                dest_port,
                netif,
            } = read(None, None, memory(&V4), addrlen)?
            else {
                return Err(EINVAL);
            };
            let (source, dest) = ([0; 4], [127, 0, 0, 1]);

            assert_eq!(addrs, IpAddrs::V4 { source, dest });
            assert_eq!((source_port, dest_port), ([0, 0], [0, 80]));
            assert!(netif.is_none());
        }
        Ok(())
    }

    #[cfg(CONFIG_IPV6)]
    #[test]
    fn ipv6_is_read_in_network_order() -> Result {
        for addrlen in [24, 28, 128] {
            let LsmData::Addresses {
                addrs,
                source_port,
                dest_port,
                ..
            } = read(None, memory(&V6), memory(&V6), addrlen)?
            else {
                return Err(EINVAL);
            };
            let source = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

            assert_eq!(
                addrs,
                IpAddrs::V6 {
                    source,
                    dest: source
                }
            );
            assert_eq!((source_port, dest_port), ([1, 2], [1, 2]));
        }
        Ok(())
    }

    #[test]
    fn a_length_must_fit_the_family() {
        for addrlen in [i32::MIN, -1, 0, 1, 2, 15, 129, i32::MAX] {
            assert_eq!(error(Some(&V4), None, addrlen), Some(EINVAL));
        }
        for addrlen in [-1, 0, 129] {
            assert_eq!(error(None, Some(&V6), addrlen), Some(EINVAL));
        }
        let short = if cfg!(CONFIG_IPV6) {
            EINVAL
        } else {
            EAFNOSUPPORT
        };
        for addrlen in [16, 23] {
            assert_eq!(error(None, Some(&V6), addrlen), Some(short));
        }
    }

    #[test]
    fn addresses_must_be_there_and_of_one_known_family() {
        assert_eq!(error(None, None, 16), Some(EINVAL));
        assert_eq!(error(Some(&V4), Some(&V6), 28), Some(EINVAL));
        assert_eq!(error(Some(&UNIX), None, 16), Some(EAFNOSUPPORT));
        assert_eq!(error(Some(&UNIX), Some(&UNIX), 2), Some(EAFNOSUPPORT));

        let without_ipv6 = (!cfg!(CONFIG_IPV6)).then_some(EAFNOSUPPORT);
        assert_eq!(error(Some(&V6), None, 24), without_ipv6);
    }
}
