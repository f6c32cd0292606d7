// SPDX-License-Identifier: GPL-2.0-only

//! What each hook has to do with the writing of a record.
//!
//! LSM programs have no guard against recursion: a program may run again before its last run has
//! returned. So for every hook there is here whether writing a record leads back to it:
//!
//! - `refused`: audit calls the hook itself, from inside the kfuncs or for the other records of the
//!   event. Programs on these hooks can't call the kfuncs: nothing would bound the recursion.
//! - `nested`: the hook may run on top of a kfunc, on the same stack, for reasons of its own: an
//!   allocation that reclaims memory, or an interrupt. Reclaim has `PF_MEMALLOC` set, so that a
//!   record from there is allocated without another reclaim ([`Allocation::proven()`]), and
//!   interrupts nest once for each kind: that is how deep it gets.
//! - `later`: the hook runs because of the record, but after it: where kauditd sends it, the audit
//!   daemon stores it, or the task that wrote it ends its system call. The first two write no
//!   records ([`audit::current_is_consumer()`]), a system call ends once, and all others wait, or
//!   lose the record, when the backlog is full: only the daemon is exempt from that.
//! - `apart`: none of this. Whoever comes by may still be a reader of records, say an audit plugin
//!   or a journal: the full backlog is what bounds it, too.
//!
//! The compiler holds the table against the kernel's own, [`bindings::lsm_static_calls_table`]: it
//! has to name each hook of `include/linux/lsm_hook_defs.h` once, under the same condition.
//!
//! A hook is new? Look for its callers. `refused` is right if they can be reached from
//! `audit_log_start()`, `audit_log_format()`, `audit_log_lsm_data()`, `audit_log_end()` or
//! `audit_log_exit()` without an allocation or an interrupt in between, or if in doubt.
//!
//! [`Allocation::proven()`]: kernel::audit::Allocation::proven
//! [`audit::current_is_consumer()`]: kernel::audit::current_is_consumer

use kernel::{
    bindings,
    btf_id_set,
    macros::paste, //
};

/// Declares the hooks by class, with a reason for each group.
macro_rules! hooks {
    (
        refused { $($why:literal => $($refused:ident),+;)+ }
        $(nested if ($if_nested:meta) { $($when:literal => $($nested:ident),+;)+ })+
        $(later if ($if_later:meta) { $($where:literal => $($later:ident),+;)+ })+
        $(apart if ($if_apart:meta) { $($what:literal => $($apart:ident),+;)+ })+
    ) => {
        paste! {
            btf_id_set! {
                /// The hooks whose programs can't call the kfuncs.
                pub(crate) static REFUSED = { $($([<bpf_lsm_ $refused>]),+),+ };
            }
        }

        const _: () = {
            let _ = |calls| bindings::lsm_static_calls_table {
                $($($refused: calls,)+)+
                $($($(#[cfg($if_nested)] $nested: calls,)+)+)+
                $($($(#[cfg($if_later)] $later: calls,)+)+)+
                $($($(#[cfg($if_apart)] $apart: calls,)+)+)+
            };
        };
    };
}

#[rustfmt::skip]
hooks! { // A hook is missing here, or is none any more: the top of this file says what to do.
    refused {
        "audit_log_start() > audit_filter(): an exclude rule on the subject. \
         audit_log_exit() > audit_log_task_context()" =>
            current_getlsmprop_subj;
        "audit_log_start() > audit_filter(): the same rule. Programs can't attach to it at all: \
         bpf_lsm_disabled_hooks" =>
            audit_rule_match;
        "audit_log_exit() > audit_log_subj_ctx(), audit_log_obj_ctx(): inside each SYSCALL, PATH \
         or OBJ_PID record of the event" =>
            lsmprop_to_secctx, release_secctx;
    }

    nested if (CONFIG_SECURITY) {
        "reclaim: super_cache_scan() > prune_icache_sb() > destroy_inode()" =>
            inode_free_security;
        "RCU callbacks: put_cred_rcu(), __put_task_struct_rcu_cb(), inode_free_by_rcu(), \
         i_callback() > bdev_free_inode()" =>
            cred_free, task_free, inode_free_security_rcu, bdev_free_security;
        "interrupts: kill_fasync() > send_sigio_to_task(); usbdev's async_completed() > \
         kill_pid_usb_asyncio()" =>
            file_send_sigiotask, task_kill;
        "interrupts: __skb_tstamp_tx() > skb_may_tx_timestamp()" =>
            capable;
        "softirq: nf_queue() > nfqnl_get_sk_secctx()" =>
            secid_to_secctx;
        "an exception that is treated as an NMI, where no record starts: kgdb_cpu_enter()" =>
            locked_down;
    }
    nested if (CONFIG_BPF_SYSCALL) {
        "RCU callback: __bpf_prog_put_rcu()" =>
            bpf_prog_free;
    }
    nested if (CONFIG_AUDIT) {
        "RCU callback: audit_free_rule_rcu()" =>
            audit_rule_free;
    }
    nested if (CONFIG_SECURITY_NETWORK) {
        "softirq: sk_filter_trim_cap(); and later: kauditd's netlink_unicast() and \
         netlink_broadcast()" =>
            socket_sock_rcv_skb;
        "reclaim that writes to swap on nbd or NVMe over TCP: sock_sendmsg()" =>
            socket_sendmsg;
        "softirq: connections come and go, and are answered" =>
            inet_conn_request, inet_csk_clone, inet_conn_established, req_classify_flow,
            mptcp_add_subflow, sctp_assoc_request, sctp_assoc_established, sctp_bind_connect,
            sctp_sk_clone, sk_alloc_security, sk_clone_security, sk_free_security, sk_getsecid;
    }
    nested if (CONFIG_SECURITY_NETWORK_XFRM) {
        "softirq: xfrm_lookup(), xfrm_policy_check(), xfrm_state_find(), xfrm_sk_clone_policy(), \
         xfrm_policy_destroy_rcu()" =>
            xfrm_decode_session, xfrm_policy_clone_security, xfrm_policy_free_security,
            xfrm_policy_lookup, xfrm_state_alloc_acquire, xfrm_state_pol_flow_match;
    }

    later if (CONFIG_SECURITY) {
        "the daemon writes the record, after it has looked for room; it asks audit for its state" =>
            file_permission, sb_statfs, netlink_send;
        "the daemon starts another log file when one is full" =>
            d_instantiate, file_alloc_security, file_fcntl, file_open, file_post_open,
            inode_alloc_security, inode_create, inode_getattr, inode_init_security,
            inode_permission, inode_post_setattr, inode_rename, inode_setattr, inode_unlink;
        "audit_log_start() > audit_exe_compare() > fput(): the last reference, which is put when \
         the task returns to user space" =>
            backing_file_free, file_free_security, file_release;
        "__audit_inode(), __audit_ipc_obj(), __audit_ptrace(): a record makes audit collect what \
         the rest of the system call works on" =>
            inode_getlsmprop, ipc_getlsmprop, task_getlsmprop_obj;
        "audit_copy_fcaps() > get_vfs_caps_from_disk(), where the file system asks another one" =>
            inode_getxattr;
        "audit_log_execve_info() > strncpy_from_user(): the stack grows" =>
            vm_enough_memory;
    }
    later if (CONFIG_SECURITY_PATH) {
        "the daemon starts another log file when one is full" =>
            path_chmod, path_chown, path_mknod, path_post_mknod, path_rename, path_unlink;
    }
    later if (CONFIG_SECURITY_NETWORK) {
        "the daemon receives the record; its syslog plugin sends it on" =>
            socket_recvmsg, unix_may_send;
    }
    later if (CONFIG_KEYS) {
        "the log lies on a network file system" =>
            key_permission;
    }

    apart if (CONFIG_SECURITY) {
        "binder's ioctl" =>
            binder_set_context_mgr, binder_transaction, binder_transfer_binder,
            binder_transfer_file;
        "a task's own credentials: audit reads them without a hook" =>
            capget, capset, cred_alloc_blank, cred_getlsmprop, cred_getsecid, cred_prepare,
            cred_transfer, kernel_act_as, kernel_create_files_as, task_fix_setgid,
            task_fix_setgroups, task_fix_setuid, userns_create;
        "a task's system calls on itself and on others" =>
            getprocattr, getselfattr, ptrace_access_check, ptrace_traceme, setprocattr,
            setselfattr, task_alloc, task_getioprio, task_getpgid, task_getscheduler, task_getsid,
            task_movememory, task_prctl, task_prlimit, task_setioprio, task_setnice, task_setpgid,
            task_setrlimit, task_setscheduler, task_to_inode;
        "execve(): audit starts no programs" =>
            bprm_check_security, bprm_committed_creds, bprm_committing_creds, bprm_creds_for_exec,
            bprm_creds_from_file;
        "mounts and file systems: audit and its daemon mount nothing" =>
            fs_context_dup, fs_context_parse_param, fs_context_submount, move_mount, quota_on,
            quotactl, sb_alloc_security, sb_clone_mnt_opts, sb_delete, sb_eat_lsm_opts,
            sb_free_mnt_opts, sb_free_security, sb_kern_mount, sb_mnt_opts_compat, sb_mount,
            sb_pivotroot, sb_remount, sb_set_mnt_opts, sb_show_options, sb_umount;
        "names, links and attributes: d_path() and the look for an alias pass no hook" =>
            dentry_create_files_as, dentry_init_security, inode_copy_up, inode_copy_up_xattr,
            inode_file_getattr, inode_file_setattr, inode_follow_link, inode_get_acl,
            inode_getsecctx, inode_getsecurity, inode_init_security_anon, inode_invalidate_secctx,
            inode_killpriv, inode_link, inode_listsecurity, inode_listxattr, inode_mkdir,
            inode_mknod, inode_need_killpriv, inode_notifysecctx, inode_post_create_tmpfile,
            inode_post_remove_acl, inode_post_removexattr, inode_post_set_acl, inode_post_setxattr,
            inode_readlink, inode_remove_acl, inode_removexattr, inode_rmdir, inode_set_acl,
            inode_setintegrity, inode_setsecctx, inode_setsecurity, inode_setxattr, inode_symlink,
            inode_xattr_skipcap, ismaclabel, kernfs_init_security, path_notify, secctx_to_secid;
        "open files and memory maps: audit has none" =>
            backing_file_alloc, file_ioctl, file_ioctl_compat, file_lock, file_mprotect,
            file_receive, file_set_fowner, file_truncate, mmap_addr, mmap_backing_file, mmap_file;
        "System V IPC and message queues: audit uses none" =>
            ipc_permission, msg_msg_alloc_security, msg_msg_free_security,
            msg_queue_alloc_security, msg_queue_associate, msg_queue_free_security,
            msg_queue_msgctl, msg_queue_msgrcv, msg_queue_msgsnd, sem_alloc_security,
            sem_associate, sem_free_security, sem_semctl, sem_semop, shm_alloc_security,
            shm_associate, shm_free_security, shm_shmat, shm_shmctl;
        "modules, firmware, clock, log and devices: audit asks for none" =>
            bdev_alloc_security, bdev_setintegrity, initramfs_populated, kernel_load_data,
            kernel_module_request, kernel_post_load_data, kernel_post_read_file, kernel_read_file,
            settime, syslog;
    }
    apart if (CONFIG_SECURITY_PATH) {
        "names, as above" =>
            path_chroot, path_link, path_mkdir, path_rmdir, path_symlink, path_truncate;
    }
    apart if (all(CONFIG_SECURITY_NETWORK, CONFIG_SECURITY_PATH)) {
        "connect() and sendto() by name" =>
            unix_find;
    }
    apart if (CONFIG_SECURITY_NETWORK) {
        "a task's system calls on its sockets; kauditd has no such socket" =>
            sock_graft, socket_accept, socket_bind, socket_connect, socket_create,
            socket_getpeername, socket_getpeersec_dgram, socket_getpeersec_stream,
            socket_getsockname, socket_getsockopt, socket_listen, socket_post_create,
            socket_setsockopt, socket_shutdown, socket_socketpair, unix_stream_connect;
        "tun's and netfilter's set-up" =>
            secmark_refcount_dec, secmark_refcount_inc, secmark_relabel_packet,
            tun_dev_alloc_security, tun_dev_attach, tun_dev_attach_queue, tun_dev_create,
            tun_dev_open;
    }
    apart if (CONFIG_SECURITY_INFINIBAND) {
        "InfiniBand's set-up and management, in tasks and work queues" =>
            ib_alloc_security, ib_endport_manage_subnet, ib_pkey_access;
    }
    apart if (CONFIG_SECURITY_NETWORK_XFRM) {
        "IPsec's set-up, in tasks and work queues" =>
            xfrm_policy_alloc_security, xfrm_policy_delete_security, xfrm_state_alloc,
            xfrm_state_delete_security, xfrm_state_free_security;
    }
    apart if (CONFIG_KEYS) {
        "keys: audit has none" =>
            key_alloc, key_getsecurity, key_post_create_or_update;
    }
    apart if (CONFIG_KEY_NOTIFICATIONS) {
        "keys, as above" =>
            watch_key;
    }
    apart if (CONFIG_WATCH_QUEUE) {
        "what happens to keys and mounts" =>
            post_notification;
    }
    apart if (CONFIG_AUDIT) {
        "auditctl adds or changes rules" =>
            audit_rule_init, audit_rule_known;
    }
    apart if (CONFIG_BPF_SYSCALL) {
        "bpf(), and a work queue that frees maps" =>
            bpf, bpf_map, bpf_map_create, bpf_map_free, bpf_prog, bpf_prog_load, bpf_token_capable,
            bpf_token_cmd, bpf_token_create, bpf_token_free;
    }
    apart if (CONFIG_PERF_EVENTS) {
        "perf_event_open() and its file" =>
            perf_event_alloc, perf_event_open, perf_event_read, perf_event_write;
    }
    apart if (CONFIG_IO_URING) {
        "io_uring's own calls" =>
            uring_allowed, uring_cmd, uring_override_creds, uring_sqpoll;
    }
}
