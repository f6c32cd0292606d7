// SPDX-License-Identifier: GPL-2.0-only

//! The facts that LSMs have in common, as typed data.
//!
//! C header: [`include/linux/lsm_audit.h`](srctree/include/linux/lsm_audit.h)

use super::{
    untrusted_len,
    Record, //
};

use crate::{
    alloc::{
        flags::{
            GFP_ATOMIC,
            __GFP_NOWARN, //
        },
        KBox, //
    },
    bindings,
    fs::{
        Dentry,
        Inode,
        OpenFile,
        Path, //
    },
    net::{
        Family,
        InitNetIf,
        Sock, //
    },
    prelude::*,
    task::BorrowedTask, //
};

/// The addresses of both ends of a connection or packet.
///
/// All of them are in network byte order, as the headers have them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IpAddrs {
    /// IPv4 addresses.
    V4 {
        /// The source's.
        source: [u8; 4],
        /// The destination's.
        dest: [u8; 4],
    },

    /// IPv6 addresses.
    V6 {
        /// The source's.
        source: [u8; 16],
        /// The destination's.
        dest: [u8; 16],
    },
}

/// One thing to report, in the words that all LSMs use: `audit_log_lsm_data()` writes them.
///
/// A key whose value is absent is left out: an address or a port of zero, the process and name of
/// an idle task, the name of an interface that is gone.
pub enum LsmData<'a> {
    /// ` capability=<number> `, with a space behind.
    Capability(u8),

    /// ` path=<string> dev=<string> ino=<number>`.
    Path(&'a Path),

    /// ` path=<string>` of an entry that isn't there, even if it is positive by then. This one is
    /// written here: `d_path()` calls an entry deleted that is not hashed, and one that is to be
    /// made may not be (`lookup_open()` in `fs/namei.c`).
    NegativePath(&'a Path),

    /// As `Path`, of the file's path.
    File(&'a OpenFile),

    /// The same, and ` ioctlcmd=0x<hex>`.
    IoctlOp(&'a OpenFile, u16),

    /// ` name=<string> dev=<string> ino=<number>`; the latter two only if the entry is positive.
    Dentry(&'a Dentry),

    /// ` name=<string>`, whether the entry is positive or not. This one is written here.
    NegativeDentry(&'a Dentry),

    /// As [`LsmData::Dentry`], where the name is that of one of the inode's aliases.
    Inode(&'a Inode),

    /// ` opid=<number> ocomm=<string>`.
    Task(&'a BorrowedTask),

    /// ` laddr=<address> lport=<number> faddr=<address> fport=<number>`, or ` path=<string>` of a
    /// unix socket, or nothing for other families; then ` netif=<name>`.
    Socket {
        /// The socket.
        sock: Option<&'a Sock>,
        /// The interface.
        netif: Option<InitNetIf>,
    },

    /// ` saddr=<address> src=<number> daddr=<address> dest=<number> netif=<name>`.
    Addresses {
        /// The addresses; all zero for none.
        addrs: IpAddrs,
        /// The source's port, in network byte order; 0 for none.
        source_port: [u8; 2],
        /// The destination's port, in network byte order; 0 for none.
        dest_port: [u8; 2],
        /// The interface.
        netif: Option<InitNetIf>,
    },
}

// The longest forms of what `audit_log_lsm_data()` writes, in bytes. A string of unknown origin is
// longest in hex, with two digits a byte.

/// ` ino=` and the largest `u64`.
const INO: usize = 5 + 20;
/// The size of `s_id` in `struct super_block`.
const S_ID: usize = {
    const fn len<T, const N: usize>(_: *const [T; N]) -> usize {
        N
    }

    let sb = core::mem::MaybeUninit::<bindings::super_block>::uninit();
    // SAFETY: `sb` is allocated, and nothing is read from it.
    len(unsafe { &raw const (*sb.as_ptr()).s_id })
};
/// ` dev=` and `s_id`, of which one byte is NUL, and ` ino=`.
const DEV_INO: usize = 5 + 2 * (S_ID - 1) + INO;
/// The longest name: one that is the whole path of a system call. Not every file system limits
/// names to `NAME_MAX`: for FUSE this is the limit (`FUSE_NAME_MAX` in `fs/fuse/fuse_i.h`), and
/// kernfs hands a name that is to be made to the hooks as it is.
const NAME: usize = bindings::PATH_MAX as usize - 1;
/// What precedes a name.
const NAME_KEY: &[u8] = b" name=";
/// ` name=` and a name.
const NAME_TEXT: usize = name_len(NAME);
/// The buffer that `audit_log_d_path()` allocates, with the NUL.
const PATH_BUF: usize = bindings::PATH_MAX as usize + 11;
/// What precedes a path.
const PATH_PREFIX: &[u8] = b" path=";
/// Its length.
const PATH_KEY: usize = PATH_PREFIX.len();
/// ` path=` and a path.
const PATH: usize = PATH_KEY + 2 * (PATH_BUF - 1);
/// What stands for a path that is too long, as `audit_log_d_path()` writes it.
const TOO_LONG: &[u8] = b"\"<too_long>\"";
/// ` netif=` and a name, of which one byte is NUL.
const NETIF: usize = 7 + 2 * (bindings::IFNAMSIZ as usize - 1);
/// Two addresses, of which the longest is an IPv6 one with an IPv4 one in it, and two ports of five
/// digits, with keys of at most five characters.
const ADDRS: usize = 2 * (1 + 5 + 1 + 45) + 2 * (1 + 5 + 1 + 5);

impl LsmData<'_> {
    /// Returns the length of the longest text that data of this kind can have, in bytes.
    #[inline]
    pub fn max_len(&self) -> usize {
        match self {
            // ` capability=`, three digits, a space.
            Self::Capability(_) => 12 + 3 + 1,
            Self::Path(_) | Self::File(_) => PATH + DEV_INO,
            Self::NegativePath(_) => PATH,
            // ` ioctlcmd=0x` and four digits.
            Self::IoctlOp(..) => PATH + DEV_INO + 12 + 4,
            Self::Dentry(_) | Self::Inode(_) => NAME_TEXT + DEV_INO,
            Self::NegativeDentry(_) => NAME_TEXT,
            // ` opid=`, ten digits, ` ocomm=`, and a name, of which one byte is NUL.
            Self::Task(_) => 6 + 10 + 7 + 2 * (bindings::TASK_COMM_LEN as usize - 1),
            Self::Socket {
                sock: Some(sock), ..
            } if sock.family() == Family::UNIX => PATH + NETIF,
            Self::Socket { .. } | Self::Addresses { .. } => ADDRS + NETIF,
        }
    }

    /// Returns a closer limit than [`LsmData::max_len()`], at the cost of looking at the data.
    ///
    /// It counts the path or the name at hand, if the data has one, and the longest form of all
    /// else. It may get longer before it is written, by a rename. If memory runs out, it is the
    /// same as that one.
    #[cold]
    pub fn len_limit(&self) -> usize {
        let (longest, at_hand) = match self {
            Self::Path(path) | Self::NegativePath(path) => (PATH, path_len(path)),
            Self::File(file) | Self::IoctlOp(file, _) => (PATH, path_len(file.path())),
            // CAST: A `usize` has at least 32 bits.
            Self::Dentry(dentry) | Self::NegativeDentry(dentry) => {
                (NAME_TEXT, name_len(dentry.name_len() as usize))
            }
            Self::Inode(inode) => (NAME_TEXT, name_len(inode.alias_name_len() as usize)),
            Self::Socket {
                sock: Some(sock), ..
            } if sock.family() == Family::UNIX => (PATH, unix_path_len(sock)),
            _ => (0, 0),
        };

        self.max_len()
            .saturating_sub(longest)
            .saturating_add(at_hand)
    }

    /// Writes the data.
    pub(super) fn write(&self, record: &mut Record) {
        if let Self::NegativeDentry(dentry) = *self {
            record.append(NAME_KEY);
            return dentry.with_name(|name| record.append_untrusted(name));
        }
        if let Self::NegativePath(path) = *self {
            record.append(PATH_PREFIX);
            return with_path(path, |text| match text {
                Ok(text) => record.append_untrusted(to_be_made(text, path.dentry())),
                // In the words of `audit_log_d_path()`.
                Err(ENOMEM) => record.append(b"\"<no_memory>\""),
                Err(_) => record.append(TOO_LONG),
            });
        }

        let mut op;
        let mut net;
        // The kernel reads no field that doesn't belong to the type; nothing is left unset for it.
        let mut ad: bindings::common_audit_data = pin_init::zeroed();

        let kind = match *self {
            Self::Capability(cap) => {
                ad.u.cap = cap.into();
                bindings::LSM_AUDIT_DATA_CAP
            }
            Self::Path(path) | Self::NegativePath(path) => {
                // SAFETY: `path` is valid. The copy is used only while it is.
                ad.u.path = unsafe { *path.as_ptr() };
                bindings::LSM_AUDIT_DATA_PATH
            }
            Self::File(file) => {
                ad.u.file = file.as_ptr();
                bindings::LSM_AUDIT_DATA_FILE
            }
            Self::IoctlOp(file, cmd) => {
                op = bindings::lsm_ioctlop_audit {
                    // SAFETY: As for `Path`.
                    path: unsafe { *file.path().as_ptr() },
                    cmd,
                };
                ad.u.op = &raw mut op;
                bindings::LSM_AUDIT_DATA_IOCTL_OP
            }
            Self::Dentry(dentry) | Self::NegativeDentry(dentry) => {
                ad.u.dentry = dentry.as_ptr();
                bindings::LSM_AUDIT_DATA_DENTRY
            }
            Self::Inode(inode) => {
                ad.u.inode = inode.as_ptr();
                bindings::LSM_AUDIT_DATA_INODE
            }
            Self::Task(task) => {
                ad.u.tsk = task.as_ptr();
                bindings::LSM_AUDIT_DATA_TASK
            }
            Self::Socket { sock, netif } => {
                net = bindings::lsm_network_audit {
                    netif: netif.map_or(0, InitNetIf::index),
                    sk: sock.map_or(core::ptr::null(), |sock| sock.as_ptr()),
                    ..pin_init::zeroed()
                };
                ad.u.net = &raw mut net;
                bindings::LSM_AUDIT_DATA_NET
            }
            Self::Addresses {
                addrs,
                source_port,
                dest_port,
                netif,
            } => {
                net = bindings::lsm_network_audit {
                    netif: netif.map_or(0, InitNetIf::index),
                    sport: u16::from_ne_bytes(source_port),
                    dport: u16::from_ne_bytes(dest_port),
                    ..pin_init::zeroed()
                };
                match addrs {
                    IpAddrs::V4 { source, dest } => {
                        net.family = Family::INET.as_raw();
                        net.fam.v4.saddr = u32::from_ne_bytes(source);
                        net.fam.v4.daddr = u32::from_ne_bytes(dest);
                    }
                    IpAddrs::V6 { source, dest } => {
                        net.family = Family::INET6.as_raw();
                        net.fam.v6.saddr.in6_u.u6_addr8 = source;
                        net.fam.v6.daddr.in6_u.u6_addr8 = dest;
                    }
                }
                ad.u.net = &raw mut net;
                bindings::LSM_AUDIT_DATA_NET
            }
        };
        // CAST: The types are small numbers.
        ad.type_ = kind as c_char;

        // SAFETY: By the type invariants of `Record` the buffer is ours. `ad` has the member of `u`
        // that goes with its type, and what that points to is valid until the call returns.
        unsafe { bindings::audit_log_lsm_data(record.0.as_ptr(), &ad) };
    }
}

/// Returns the length of ` name=` and a name of `len` bytes, in hex, or in quotes if that's longer.
const fn name_len(len: usize) -> usize {
    len.saturating_mul(2).saturating_add(NAME_KEY.len() + 2)
}

/// Calls `f` with the path, or with why there is none.
fn with_path<R>(path: &Path, f: impl FnOnce(Result<&[u8]>) -> R) -> R {
    let Ok(mut buf) = KBox::<[u8; PATH_BUF]>::new_uninit(GFP_ATOMIC | __GFP_NOWARN) else {
        return f(Err(ENOMEM));
    };

    // SAFETY: `path` is valid, and `buf` is valid for writes of `PATH_BUF` bytes.
    let text =
        unsafe { bindings::d_path(path.as_ptr(), buf.as_mut_ptr().cast(), PATH_BUF as c_int) };

    f(crate::error::from_err_ptr(text).map(|text| {
        // SAFETY: `d_path()` returns a string in `buf`.
        unsafe { core::slice::from_raw_parts(text.cast(), bindings::strlen(text)) }
    }))
}

/// Returns the length of ` path=` and the path, or that of the longest one if memory runs out.
fn path_len(path: &Path) -> usize {
    with_path(path, |text| match text {
        Ok(text) => PATH_KEY.saturating_add(untrusted_len(text)),
        // It is written so, and needs no more room.
        Err(ENAMETOOLONG) => PATH_KEY + TOO_LONG.len(),
        Err(_) => PATH,
    })
}

/// Returns the path that `d_path()` wrote for `entry`, without its ` (deleted)` suffix.
///
/// `d_path()` appends nothing else, neither to a name nor to a lone slash. A name can itself end in
/// ` (deleted)`.
fn to_be_made<'a>(path: &'a [u8], entry: &Dentry) -> &'a [u8] {
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or(&[]);

    match path.strip_suffix(b" (deleted)") {
        Some(made) if !entry.with_name(|name| name == last) => made,
        _ => path,
    }
}

/// Returns the length of ` path=` and the path of a unix socket, as [`path_len()`] does.
fn unix_path_len(sock: &Sock) -> usize {
    /// The longest name, in hex.
    const NAME: usize = PATH_KEY + 2 * bindings::UNIX_PATH_MAX as usize;

    match sock.unix_path() {
        Some(path) => path_len(path),
        None if sock.has_unix_addr() => NAME,
        None => 0,
    }
}

#[macros::kunit_tests(rust_audit_lsm)]
mod tests {
    use super::*;

    use crate::{
        audit::{
            RecordType,
            Subject, //
        },
        error::from_err_ptr,
        str::CStrExt, //
    };

    const TYPE: RecordType = RecordType(bindings::AUDIT_KERNEL as c_int);

    /// Returns the length of the text of `data`, of which it makes a record.
    fn text_len(data: &LsmData<'_>) -> Result<usize> {
        let mut record = TYPE
            .wanted()
            .and_then(|wanted| wanted.start(Subject::None))
            .ok_or(ENOMEM)?;
        let before = record.text_len();

        record.append_lsm_data(data);

        Ok(record.text_len() - before)
    }

    #[test]
    fn an_entry_that_became_positive_has_a_name_alone() -> Result {
        // With `audit=0`, or by a rule.
        if TYPE.wanted().is_none() {
            return Ok(());
        }

        // SAFETY: The name is a string.
        let root = from_err_ptr(unsafe { bindings::filp_open(c"/".as_char_ptr(), 0, 0) })?;
        // SAFETY: The file keeps its dentry; `Dentry` is transparent.
        let dentry: &Dentry = unsafe { &*(*root).__bindgen_anon_1.f_path.dentry.cast() };

        assert!(!dentry.is_negative());
        let negative = text_len(&LsmData::NegativeDentry(dentry));
        let positive = text_len(&LsmData::Dentry(dentry));
        // SAFETY: The file is ours, and it isn't used any more.
        unsafe { bindings::fput(root) };

        let negative = negative?;
        assert_eq!(negative, b" name=\"/\"".len());
        assert!(positive? > negative);
        Ok(())
    }
}
