// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each LSM hook has to do with the writing of an audit record.
 *
 * LSM programs have no guard against recursion: a program can run again before
 * its last run has returned. So for every hook this table states whether writing
 * a record leads back to it:
 *
 * REFUSED: audit calls the hook itself, on the same stack, while it writes a
 *	record or the other records of the event. Programs on these hooks can't
 *	call the kfuncs, because nothing would bound the recursion.
 * NESTED: an interrupt or a softirq, which includes RCU callbacks, can run the
 *	hook on top of a kfunc, but not because of the record. They nest once for
 *	each kind. Memory reclaim can't run there, as the kfuncs allocate with
 *	GFP_ATOMIC.
 * LATER: the hook runs because of the record, but after it: when kauditd sends
 *	it, when the audit daemon stores it, or when the task that wrote it ends
 *	its system call. kauditd writes no records, the daemon at most 100 in each
 *	period of 5 seconds (audit_log_feedback()), and a system call ends once.
 * APART: none of these.
 *
 * Other tasks can be involved in the delivery of a record: plugins of the
 * daemon, journals, or the kworkers of a network file system on which the log
 * lies. What they do can write records on a hook of any class. It is the backlog
 * limit that bounds these: nobody is exempt from it, and a record for which there
 * is no room is lost without waiting.
 *
 * The table is held against the kernel's BTF. If it lacks a hook, look at the
 * hook's callers. It is REFUSED if audit_log_start(), audit_log_format(),
 * audit_log_lsm_data() or audit_log_end() can reach it on the same stack without
 * an interrupt in between, if audit_log_exit() calls it for each record that it
 * writes (a hook that it calls once, as where the stack grows, ends by itself), or
 * if in doubt. Such a hook must also be added to BPF_AUDIT_REFUSED in
 * security/lsm_audit_kfuncs/hooks.rs and to bpf_lsm_audit_hooks in
 * kernel/bpf/bpf_lsm.c. If a task can run the hook on behalf of another one, the
 * hook belongs to BPF_AUDIT_NO_SUBJECT in hooks.rs.
 */
#include <linux/filter.h>

#include "lsm_audit_helpers.h"

#define CALL_KFUNC(id) BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id)

enum class {
	REFUSED,
	NESTED,
	LATER,
	APART,
};

/* Separated by a comma and a space. */
#define HOOKS(...) #__VA_ARGS__

static const struct group {
	enum class class;
	const char *hooks;
	/* The option without which the kernel lacks the hooks. */
	const char *option;
} groups[] = {
	/*
	 * audit_log_start() > audit_filter(): an exclude rule on the subject;
	 * audit_log_exit() > audit_log_task_context()
	 */
	{ REFUSED, HOOKS(current_getlsmprop_subj) },

	/* audit_log_start() > audit_filter(): the same rule */
	{ REFUSED, HOOKS(audit_rule_match), "AUDIT" },

	/*
	 * audit_log_exit() > audit_log_subj_ctx(), audit_log_obj_ctx(): inside each
	 * SYSCALL, PATH or OBJ_PID record of the event
	 */
	{ REFUSED, HOOKS(lsmprop_to_secctx, release_secctx) },

	/*
	 * RCU callbacks: put_cred_rcu(), __put_task_struct_rcu_cb(),
	 * inode_free_by_rcu(), i_callback() > bdev_free_inode(), msg_rcu_free(),
	 * sem_rcu_free(), shm_rcu_free()
	 */
	{ NESTED, HOOKS(cred_free, task_free, inode_free_security_rcu, bdev_free_security,
			msg_queue_free_security, sem_free_security, shm_free_security) },

	/* RCU callback: __bpf_prog_put_rcu() */
	{ NESTED, HOOKS(bpf_prog_free), "BPF_SYSCALL" },

	/* RCU callback: audit_free_rule_rcu() */
	{ NESTED, HOOKS(audit_rule_free), "AUDIT" },

	/*
	 * interrupts: kill_fasync() > send_sigio_to_task(); usbfs' async_completed() >
	 * kill_pid_usb_asyncio()
	 */
	{ NESTED, HOOKS(file_send_sigiotask, task_kill) },

	/*
	 * interrupts: __skb_tstamp_tx() > skb_may_tx_timestamp(); the console of a lost
	 * record: netconsole's netpoll_poll_dev() completes packets
	 */
	{ NESTED, HOOKS(capable) },

	/* softirq: nfqnl_build_packet_message(), ctnetlink_conntrack_event() */
	{ NESTED, HOOKS(secid_to_secctx) },

	/* an exception that counts as an NMI, where no record starts: kgdb_cpu_enter() */
	{ NESTED, HOOKS(locked_down) },

	/*
	 * softirq: sk_filter_trim_cap(); and LATER: kauditd's netlink_unicast() and
	 * netlink_broadcast()
	 */
	{ NESTED, HOOKS(socket_sock_rcv_skb), "SECURITY_NETWORK" },

	/* softirq: TCP, SCTP and others receive packets, answer them, and free sockets */
	{ NESTED, HOOKS(inet_conn_established, inet_conn_request, inet_csk_clone, req_classify_flow,
			sctp_assoc_established, sctp_assoc_request, sctp_bind_connect,
			sk_alloc_security, sk_clone_security, sk_free_security,
			sk_getsecid), "SECURITY_NETWORK" },

	/*
	 * softirq: xfrm_lookup(), xfrm_policy_check(), xfrm_state_find(),
	 * xfrm_sk_clone_policy(), xfrm_policy_destroy_rcu()
	 */
	{ NESTED, HOOKS(xfrm_decode_session, xfrm_policy_clone_security, xfrm_policy_free_security,
			xfrm_policy_lookup, xfrm_state_alloc_acquire,
			xfrm_state_pol_flow_match), "SECURITY_NETWORK_XFRM" },

	/*
	 * the daemon writes the record, after it has looked for room; it asks audit for
	 * its state
	 */
	{ LATER, HOOKS(file_permission, inode_killpriv, inode_need_killpriv, netlink_send,
		       sb_statfs) },

	/* the daemon starts another log file when one is full */
	{ LATER, HOOKS(d_instantiate, file_alloc_security, file_fcntl, file_open, file_post_open,
		       inode_alloc_security, inode_create, inode_follow_link, inode_getattr,
		       inode_init_security, inode_permission, inode_post_setattr, inode_rename,
		       inode_setattr, inode_unlink) },
	{ LATER, HOOKS(path_chmod, path_chown, path_mknod, path_post_mknod, path_rename,
		       path_unlink), "SECURITY_PATH" },

	/* the daemon's memory grows, or it runs a program when the disk is full */
	{ LATER, HOOKS(bprm_check_security, bprm_committed_creds, bprm_committing_creds,
		       bprm_creds_for_exec, bprm_creds_from_file, cred_prepare, file_mprotect,
		       mmap_addr, mmap_file, task_alloc) },

	/* the daemon receives the record, sends it to its plugins and tells syslog what it does */
	{ LATER, HOOKS(socket_connect, socket_create, socket_getpeersec_dgram, socket_post_create,
		       socket_recvmsg, socket_sendmsg, unix_may_send,
		       unix_stream_connect), "SECURITY_NETWORK" },
	{ LATER, HOOKS(unix_find), "SECURITY_NETWORK and SECURITY_PATH" },

	/*
	 * the log lies on overlayfs, which copies it up, and works with its mounter's
	 * credentials
	 */
	{ LATER, HOOKS(backing_file_alloc, dentry_create_files_as, inode_copy_up,
		       inode_copy_up_xattr, inode_file_getattr, inode_file_setattr, inode_get_acl,
		       inode_getsecurity, inode_link, inode_listsecurity, inode_listxattr,
		       inode_mkdir, inode_mknod, inode_post_create_tmpfile, inode_post_removexattr,
		       inode_post_set_acl, inode_post_setxattr, inode_readlink, inode_removexattr,
		       inode_rmdir, inode_set_acl, inode_setsecurity, inode_setxattr,
		       inode_xattr_skipcap) },

	/* the log lies on a network file system */
	{ LATER, HOOKS(dentry_init_security, fs_context_parse_param, fs_context_submount,
		       inode_invalidate_secctx, inode_notifysecctx, sb_alloc_security,
		       sb_clone_mnt_opts, sb_free_mnt_opts, sb_set_mnt_opts) },
	{ LATER, HOOKS(key_alloc, key_permission), "KEYS" },

	/*
	 * audit_log_start() > audit_exe_compare() > fput(): the last reference, which is
	 * put when the task returns to user space
	 */
	{ LATER, HOOKS(backing_file_free, file_free_security, file_release) },

	/* audit_log_exit() > alloc_skb(): reclaim; the daemon deletes old log files */
	{ LATER, HOOKS(inode_free_security) },

	/* audit_log_exit() > audit_log_execve_info() > strncpy_from_user(): the stack grows */
	{ LATER, HOOKS(vm_enough_memory) },

	/*
	 * __audit_inode(), __audit_ipc_obj(), __audit_ptrace(): a record makes audit
	 * collect what the rest of the system call works on
	 */
	{ LATER, HOOKS(inode_getlsmprop, ipc_getlsmprop, task_getlsmprop_obj) },

	/*
	 * audit_copy_fcaps() > get_vfs_caps_from_disk(): likewise, where the file system
	 * asks another one
	 */
	{ LATER, HOOKS(inode_getxattr) },

	/*
	 * audit_getcwd(): likewise; the last reference to a file system that was
	 * unmounted, put when the system call ends
	 */
	{ LATER, HOOKS(sb_delete, sb_free_security) },

	/* binder's ioctl */
	{ APART, HOOKS(binder_set_context_mgr, binder_transaction, binder_transfer_binder,
		       binder_transfer_file) },

	/* a task's own credentials: audit reads them without a hook */
	{ APART, HOOKS(capget, capset, cred_alloc_blank, cred_getlsmprop, cred_getsecid,
		       cred_transfer, kernel_act_as, kernel_create_files_as, task_fix_setgid,
		       task_fix_setgroups, task_fix_setuid, userns_create) },

	/* a task's system calls on itself and on others */
	{ APART, HOOKS(getprocattr, getselfattr, ptrace_access_check, ptrace_traceme, setprocattr,
		       setselfattr, task_getioprio, task_getpgid, task_getscheduler, task_getsid,
		       task_movememory, task_prctl, task_prlimit, task_setioprio, task_setnice,
		       task_setpgid, task_setrlimit, task_setscheduler, task_to_inode) },

	/* mounts and file systems: audit and its daemon mount nothing */
	{ APART, HOOKS(fs_context_dup, move_mount, quota_on, quotactl, sb_eat_lsm_opts,
		       sb_kern_mount, sb_mnt_opts_compat, sb_mount, sb_pivotroot, sb_remount,
		       sb_show_options, sb_umount) },

	/* names, links and attributes: d_path() and the search for an alias call no hook */
	{ APART, HOOKS(inode_getsecctx, inode_init_security_anon, inode_post_remove_acl,
		       inode_remove_acl, inode_setintegrity, inode_setsecctx, inode_symlink,
		       ismaclabel, kernfs_init_security, path_notify, secctx_to_secid) },
	{ APART, HOOKS(path_chroot, path_link, path_mkdir, path_rmdir, path_symlink,
		       path_truncate), "SECURITY_PATH" },

	/* open files and memory maps */
	{ APART, HOOKS(file_ioctl, file_ioctl_compat, file_lock, file_receive, file_set_fowner,
		       file_truncate, mmap_backing_file) },

	/* System V IPC and message queues: audit uses none */
	{ APART, HOOKS(ipc_permission, msg_msg_alloc_security, msg_msg_free_security,
		       msg_queue_alloc_security, msg_queue_associate, msg_queue_msgctl,
		       msg_queue_msgrcv, msg_queue_msgsnd, sem_alloc_security, sem_associate,
		       sem_semctl, sem_semop, shm_alloc_security, shm_associate, shm_shmat,
		       shm_shmctl) },

	/* modules, firmware, clock, log and devices: audit needs none */
	{ APART, HOOKS(bdev_alloc_security, bdev_setintegrity, initramfs_populated,
		       kernel_load_data, kernel_module_request, kernel_post_load_data,
		       kernel_post_read_file, kernel_read_file, settime, syslog) },

	/* a task's system calls on its sockets; kauditd has no such socket */
	{ APART, HOOKS(sctp_sk_clone, sock_graft, socket_accept, socket_bind, socket_getpeername,
		       socket_getpeersec_stream, socket_getsockname, socket_getsockopt,
		       socket_listen, socket_setsockopt, socket_shutdown,
		       socket_socketpair), "SECURITY_NETWORK" },

	/* MPTCP opens subflows in system calls and in a work queue */
	{ APART, HOOKS(mptcp_add_subflow), "SECURITY_NETWORK" },

	/* tun's and netfilter's set-up */
	{ APART, HOOKS(secmark_refcount_dec, secmark_refcount_inc, secmark_relabel_packet,
		       tun_dev_alloc_security, tun_dev_attach, tun_dev_attach_queue, tun_dev_create,
		       tun_dev_open), "SECURITY_NETWORK" },

	/* InfiniBand's set-up and management, in tasks and work queues */
	{ APART, HOOKS(ib_alloc_security, ib_endport_manage_subnet,
		       ib_pkey_access), "SECURITY_INFINIBAND" },

	/* IPsec's set-up, in tasks, and its removal, also in work queues */
	{ APART, HOOKS(xfrm_policy_alloc_security, xfrm_policy_delete_security, xfrm_state_alloc,
		       xfrm_state_delete_security,
		       xfrm_state_free_security), "SECURITY_NETWORK_XFRM" },

	/* keys: audit has none */
	{ APART, HOOKS(key_getsecurity, key_post_create_or_update), "KEYS" },
	{ APART, HOOKS(watch_key), "KEY_NOTIFICATIONS" },

	/* what happens to keys */
	{ APART, HOOKS(post_notification), "WATCH_QUEUE" },

	/* auditctl adds or changes rules */
	{ APART, HOOKS(audit_rule_init, audit_rule_known), "AUDIT" },

	/* bpf(), and a work queue that frees maps and tokens */
	{ APART, HOOKS(bpf, bpf_map, bpf_map_create, bpf_map_free, bpf_prog, bpf_prog_load,
		       bpf_token_capable, bpf_token_cmd, bpf_token_create,
		       bpf_token_free), "BPF_SYSCALL" },

	/* perf_event_open() and its file */
	{ APART, HOOKS(perf_event_alloc, perf_event_open, perf_event_read,
		       perf_event_write), "PERF_EVENTS" },

	/* io_uring's own calls */
	{ APART, HOOKS(uring_allowed, uring_cmd, uring_override_creds, uring_sqpoll), "IO_URING" },
};

/*
 * The hooks that are passed a task: those where the current task acts on it, which
 * is the subject of the record, and those where it acts for it, so that there is
 * none. test_sigio() and test_message() show what records of the latter read.
 */
static const char * const with_task[] = {
	HOOKS(capget, getprocattr, ptrace_access_check, ptrace_traceme, task_alloc, task_free,
	      task_getioprio, task_getlsmprop_obj, task_getpgid, task_getscheduler, task_getsid,
	      task_kill, task_movememory, task_setioprio, task_setnice, task_setpgid,
	      task_setrlimit, task_setscheduler, task_to_inode),
	HOOKS(file_send_sigiotask, msg_queue_msgrcv),
};

static char log_buf[1 << 16];

/* Take the next hook of a list, or return false. */
static bool next_hook(const char **list, char *hook, size_t size)
{
	size_t len;

	*list += strspn(*list, ", ");
	len = strcspn(*list, ", ");
	if (!len)
		return false;
	snprintf(hook, size, "%.*s", (int)len, *list);
	*list += len;
	return true;
}

static int count_in(const char *list, const char *wanted)
{
	char hook[64];
	int found = 0;

	while (next_hook(&list, hook, sizeof(hook)))
		found += !strcmp(hook, wanted);
	return found;
}

/* How often the table has a hook; of the last, the group. */
static int look_up(const char *wanted, const struct group **group)
{
	int i, here, found = 0;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		here = count_in(groups[i].hooks, wanted);
		if (here)
			*group = &groups[i];
		found += here;
	}
	return found;
}

/* The hooks of the kernel are the members of a structure. */
static const struct btf_type *hooks_of(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "lsm_static_calls_table", BTF_KIND_STRUCT);

	if (!ASSERT_GT(id, 0, "struct lsm_static_calls_table"))
		return NULL;
	return btf__type_by_id(btf, id);
}

static const char *hook_name(const struct btf *btf, const struct btf_type *hooks, int i)
{
	return btf__name_by_offset(btf, btf_members(hooks)[i].name_off);
}

/* The function that programs attach to. */
static int function_of(const struct btf *btf, const char *hook)
{
	char name[80];

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
}

/* The table has each hook of the kernel once. */
static void test_known(const struct btf *btf)
{
	const struct btf_type *hooks = hooks_of(btf);
	const struct group *group;
	const char *hook;
	int i;

	if (!hooks || !ASSERT_GT(btf_vlen(hooks), 200, "hooks of the kernel"))
		return;
	for (i = 0; i < btf_vlen(hooks); i++) {
		hook = hook_name(btf, hooks, i);
		ASSERT_GT(function_of(btf, hook), 0, hook);
		switch (look_up(hook, &group)) {
		case 0:
			PRINT_FAIL("The LSM hook %s isn't classified. Look at its callers, then\n"
				   "add it to the table in prog_tests/lsm_audit_kfuncs_hooks.c: the\n"
				   "comment at its top says what the classes mean.\n", hook);
			break;
		case 1:
			break;
		default:
			PRINT_FAIL("The LSM hook %s is in the table more than once.\n", hook);
		}
	}
}

static bool is_passed_task(const struct btf *btf, int function)
{
	const struct btf_type *type = btf__type_by_id(btf, function);
	const struct btf_type *proto = btf__type_by_id(btf, type->type);
	int task = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	int i;

	for (i = 0; i < btf_vlen(proto); i++) {
		type = btf__type_by_id(btf, btf__resolve_type(btf, btf_params(proto)[i].type));
		if (btf_is_ptr(type) && btf__resolve_type(btf, type->type) == task)
			return true;
	}
	return false;
}

/* Of each hook that is passed a task it is known which one the record names. */
static void test_tasks(const struct btf *btf)
{
	const struct btf_type *hooks = hooks_of(btf);
	int i, function, known, passed = 0;
	const char *hook;

	for (i = 0; hooks && i < btf_vlen(hooks); i++) {
		hook = hook_name(btf, hooks, i);
		function = function_of(btf, hook);
		/* What isn't so is told by test_known(). */
		if (function <= 0 || !is_passed_task(btf, function))
			continue;
		passed++;
		known = count_in(with_task[0], hook) + count_in(with_task[1], hook);
		if (known != 1)
			PRINT_FAIL("The LSM hook %s is passed a task, and is %d times in the\n"
				   "lists of such hooks in prog_tests/lsm_audit_kfuncs_hooks.c.\n"
				   "Look at its callers: if the current task acts for that task,\n"
				   "add it to BPF_AUDIT_NO_SUBJECT in security/lsm_audit_kfuncs/hooks.rs,\n"
				   "too.\n", hook, known);
	}
	ASSERT_GT(passed, 15, "hooks that are passed a task");
}

/* What only the table has must be missing by configuration. */
static void test_missing(const struct btf *btf)
{
	char hook[64];
	int i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const char *list = groups[i].hooks;

		while (next_hook(&list, hook, sizeof(hook))) {
			if (function_of(btf, hook) > 0)
				continue;
			if (groups[i].option) {
				printf("no LSM hook %s without CONFIG_%s\n", hook,
				       groups[i].option);
			} else {
				printf("no LSM hook %s: if it was removed, remove it here\n", hook);
				test__force_log();
			}
		}
	}
}

static int load(int hook, const struct bpf_insn *insns, size_t count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd;

	opts.expected_attach_type = BPF_LSM_MAC;
	opts.attach_btf_id = hook;
	opts.log_buf = log_buf;
	opts.log_size = sizeof(log_buf);
	log_buf[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "hook", "GPL", insns, count, &opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Programs can write records on each hook that they can attach to, but for the refused. */
static void test_programs(const struct btf *btf)
{
	const struct bpf_insn plain[] = {
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	struct bpf_insn calls[] = {
		CALL_KFUNC(btf__find_by_name_kind(btf, "bpf_audit_log_start", BTF_KIND_FUNC)),
		BPF_JMP_IMM(BPF_JEQ, BPF_REG_0, 0, 2),
		BPF_MOV64_REG(BPF_REG_1, BPF_REG_0),
		CALL_KFUNC(btf__find_by_name_kind(btf, "bpf_audit_log_end", BTF_KIND_FUNC)),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	const struct btf_type *hooks = hooks_of(btf);
	int i, id, err, refused = 0, loaded = 0;
	const struct group *group;
	const char *hook;

	for (i = 0; hooks && i < btf_vlen(hooks); i++) {
		hook = hook_name(btf, hooks, i);
		id = function_of(btf, hook);
		/* What isn't so is told by test_known(). */
		if (id <= 0 || look_up(hook, &group) != 1)
			continue;

		/* The kernel takes no program at all on a few hooks. */
		if (load(id, plain, ARRAY_SIZE(plain))) {
			ASSERT_HAS_SUBSTR(log_buf, "points to disabled hook", hook);
			continue;
		}

		err = load(id, calls, ARRAY_SIZE(calls));
		if (group->class == REFUSED) {
			ASSERT_EQ(err, -EACCES, hook);
			ASSERT_HAS_SUBSTR(log_buf, "bpf_audit_log_start is not allowed", hook);
			refused++;
		} else {
			if (!ASSERT_OK(err, hook))
				printf("%s\n", log_buf);
			loaded++;
		}
	}
	/* Of the refused, audit_rule_match is disabled. */
	ASSERT_EQ(refused, 3, "hooks whose programs are refused");
	ASSERT_GT(loaded, 200, "hooks whose programs load");
}

void test_lsm_audit_kfuncs_hooks(void)
{
	struct btf *btf;

	if (!kernel_has_function("bpf_audit_log_start")) {
		skip("the kernel has no audit kfuncs", " (CONFIG_BPF_LSM_AUDIT)");
		return;
	}

	btf = btf__load_vmlinux_btf();
	if (!ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return;
	if (test__start_subtest("known"))
		test_known(btf);
	if (test__start_subtest("tasks"))
		test_tasks(btf);
	if (test__start_subtest("missing"))
		test_missing(btf);
	if (test__start_subtest("programs"))
		test_programs(btf);
	btf__free(btf);
}
