// SPDX-License-Identifier: GPL-2.0-only

//! The records as the kernel sends them, to whoever may read them, beside the audit daemon.

use std::fs::{read_link, read_to_string};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, setsockopt,
    socket, sockopt,
};

use crate::output::escape;
use crate::record;
use crate::source::{Event, Gone, Output};

/// `AUDIT_NLGRP_READLOG`, as a mask.
const READLOG: u32 = 1;
/// Room for some thousand records that come at once.
const ROOM: usize = 8 << 20;
/// `struct nlmsghdr`
const HEADER: usize = 16;

pub fn open() -> Result<OwnedFd, String> {
    if !is_initial() {
        crate::say(
            "this isn't the initial network namespace, to which alone the kernel sends its \
             records: none will come",
        );
    }
    let join = || {
        let flags = SockFlag::SOCK_CLOEXEC;
        let kind = SockType::Raw;
        let fd = socket(AddressFamily::Netlink, kind, flags, SockProtocol::NetlinkAudit)?;
        // Without the right to more room, it is what net.core.rmem_max allows.
        setsockopt(&fd, sockopt::RcvBufForce, &ROOM)
            .or_else(|_| setsockopt(&fd, sockopt::RcvBuf, &ROOM))?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, READLOG))?;
        Ok(fd)
    };
    join().map_err(|err: Errno| {
        let hint = match err {
            Errno::EPERM => "; that takes CAP_AUDIT_READ: run this as root, or name a log to read",
            Errno::EPROTONOSUPPORT => "; this kernel has no audit (CONFIG_AUDIT)",
            _ => "",
        };
        format!("can't listen to the kernel's audit records: {}{hint}", err.desc())
    })
}

/// Whether this is the initial network namespace, as far as can be told.
fn is_initial() -> bool {
    /// `NET_NS_INIT_INO` of `linux/nsfs.h`; it was any number before.
    const INITIAL: &str = "net:[4026531833]";
    let Ok(own) = read_link("/proc/self/ns/net") else { return true };
    let release = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let major: Option<u32> = release.split('.').next().and_then(|major| major.parse().ok());
    if major >= Some(7) {
        own.as_os_str() == INITIAL
    } else {
        // A container may have a first process of its own.
        read_link("/proc/1/ns/net").is_ok_and(|first| own == first)
    }
}

pub fn read(fd: &OwnedFd, output: &mut Output) -> Result<(), Gone> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match recvfrom::<NetlinkAddr>(fd.as_raw_fd(), &mut buffer) {
            Ok((len, from)) => {
                let message = buffer.get(..len).unwrap_or_default();
                match from {
                    Some(kernel) if kernel.pid() == 0 => take(message, output)?,
                    _ => output.trouble("left out a message that isn't the kernel's".into())?,
                }
            }
            Err(Errno::EINTR) => (),
            Err(Errno::ENOBUFS) => output.trouble(
                "records are missing here: they came faster than they were read and printed, and \
                 the kernel dropped them for this reader; an audit daemon's log has them"
                    .into(),
            )?,
            Err(err) => {
                let why = format!("can't read the kernel's audit records: {}", err.desc());
                return output.send(Event::End(Err(why)));
            }
        }
    }
}

/// One message is one record.
fn take(message: &[u8], output: &mut Output) -> Result<(), Gone> {
    let parsed = message.split_first_chunk::<HEADER>().and_then(|(header, text)| {
        let [l0, l1, l2, l3, t0, t1, ..] = *header;
        let whole = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()? == message.len();
        whole.then_some((u16::from_ne_bytes([t0, t1]), text))
    });
    let Some((kind, text)) = parsed else {
        return output.trouble(format!("a message was cut: {}", escape(message)));
    };
    output.record(record::parse(kind, text), text, || format!("a record of type {kind}"))
}
