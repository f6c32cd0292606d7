// SPDX-License-Identifier: GPL-2.0-only

//! What each kfunc does.
//!
//! `entry.c` documents what programs see of them: arguments, text and errors. What the verifier
//! must know of them follows from the types here.

use kernel::{
    alloc::{
        allocator::KmallocNolock,
        Box, //
    },
    audit::LsmData,
    bpf::{
        Memory,
        ProgAux, //
    },
    fs::{
        Dentry,
        Inode,
        OpenFile,
        Path, //
    },
    kfunc_set,
    net::{
        current_in_init_net,
        Family,
        InitNetIf,
        SockAddr,
        Socket, //
    },
    preempt::in_interrupt_or_bh_disabled,
    prelude::*,
    security::CAP_LAST_CAP,
    str::BStr,
    task::BorrowedTask, //
};

use crate::{
    context::Context,
    fields::Field,
    sockaddr, //
};

/// The longest cause, in bytes without the NUL.
const MAX_CAUSE_LEN: usize = 255;

kfunc_set! {
    /// All of them are destructive: audit can be configured to panic when a record is lost.
    // SAFETY: These are the kfuncs of entry.c, each of which calls its function with its own
    // arguments, that of `bpf_audit_log_end()` perhaps later (`end_left_record()`), when what
    // follows `Context::record` is overwritten, all of whose values are valid. The one string is
    // `cause__str`, the two options are `saddr__nullable` and `daddr__nullable`.
    pub(crate) unsafe struct AuditKfuncs: DESTRUCTIVE;

    fn bpf_audit_log_start(aux: &ProgAux) -> Option<Box<Context, KmallocNolock>> {
        Context::start(aux)
    }

    fn bpf_audit_log_end(context: Box<Context, KmallocNolock>) -> () {
        drop(context)
    }

    fn bpf_audit_log_cause(context: &mut Context, cause: &BStr) -> Result {
        if cause.is_empty() || cause.len() > MAX_CAUSE_LEN {
            return Err(EINVAL);
        }

        context.log_cause(cause)
    }

    fn bpf_audit_log_rule(context: &mut Context, rule: u64) -> Result {
        context.log_rule(rule)
    }

    fn bpf_audit_log_cap(context: &mut Context, cap: i32) -> Result {
        match u8::try_from(cap) {
            Ok(number) if cap <= CAP_LAST_CAP => {
                context.log(Field::Cap, LsmData::Capability(number))
            }
            _ => Err(EINVAL),
        }
    }

    fn bpf_audit_log_path(context: &mut Context, path: &Path) -> Result {
        context.log(Field::Path, LsmData::Path(path))
    }

    fn bpf_audit_log_path_at(context: &mut Context, dir: &Path, dentry: &Dentry) -> Result {
        let path = dir.of_entry(dentry).ok_or(EINVAL)?;

        // A device and an inode would be taken for those of the path, so they are claimed in any
        // case.
        if dentry.is_negative() {
            context.log(Field::Path, LsmData::NegativePath(&path))
        } else {
            context.log(Field::Path, LsmData::Path(&path))
        }
    }

    fn bpf_audit_log_file(context: &mut Context, file: &OpenFile) -> Result {
        context.log(Field::File, LsmData::File(file))
    }

    fn bpf_audit_log_ioctl_op(context: &mut Context, file: &OpenFile, cmd: u16) -> Result {
        context.log(Field::IoctlOp, LsmData::IoctlOp(file, cmd))
    }

    fn bpf_audit_log_dentry(context: &mut Context, dentry: &Dentry) -> Result {
        // What is written goes by this look alone, even if the entry becomes positive meanwhile.
        if dentry.is_negative() {
            context.log(Field::NegativeDentry, LsmData::NegativeDentry(dentry))
        } else {
            context.log(Field::Dentry, LsmData::Dentry(dentry))
        }
    }

    fn bpf_audit_log_inode(context: &mut Context, inode: &Inode) -> Result {
        context.log(Field::Inode, LsmData::Inode(inode))
    }

    fn bpf_audit_log_task(context: &mut Context, task: &BorrowedTask) -> Result {
        context.log(Field::Task, LsmData::Task(task))
    }

    fn bpf_audit_log_net_sock(context: &mut Context, netif: i32, socket: &Socket) -> Result {
        let sock = socket.sock();
        // An index says nothing of a socket in another network namespace.
        let netif = sock
            .filter(|sock| sock.in_init_net())
            .and_then(|_| InitNetIf::find(netif));
        // What is written goes by this look alone, even if the socket gets a name meanwhile.
        let (field, sock) = match sock {
            Some(sock) if sock.family() != Family::UNIX => (Field::NetSock, Some(sock)),
            Some(sock) if sock.has_unix_addr() => (Field::NamedUnixSock, Some(sock)),
            Some(_) => (Field::UnixSock, None),
            None => (Field::NetSock, None),
        };

        context.log_with_netif(field, netif, LsmData::Socket { sock, netif })
    }

    fn bpf_audit_log_net_sockaddr(
        context: &mut Context,
        netif: i32,
        source: Option<Memory<'_, SockAddr>>,
        dest: Option<Memory<'_, SockAddr>>,
        addrlen: i32,
    ) -> Result {
        // In an interrupt it isn't known whose addresses these are: the program has to know.
        let netif = (in_interrupt_or_bh_disabled() || current_in_init_net())
            .then(|| InitNetIf::find(netif))
            .flatten();
        let addresses = sockaddr::read(netif, source, dest, addrlen)?;

        context.log_with_netif(Field::NetSockaddr, netif, addresses)
    }
}
