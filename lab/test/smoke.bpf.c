// SPDX-License-Identifier: GPL-2.0-only
/*
 * One program for each kfunc and for each rule that is easily provoked. The
 * table in smoke.py says what each is to return and to print.
 *
 * A program runs its check when the name of the current task is that of the
 * program. What the kfuncs returned, in order, is in the variable RET(name).
 */
#include <vmlinux.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

/* What BTF doesn't know. */
#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10
#define ENOPROTOOPT	92
#define TIOCSTI		0x5412
#define LOOPBACK	1	/* ifindex */
#define SOFTIRQ_PORT	4444

char _license[] SEC("license") = "GPL";

struct returns {
	__u32 count;
	int value[16];
};

#define RET(name) name##_ret

static void note(struct returns *returns, int value)
{
	__u32 i = returns->count++;

	if (i < 16)
		returns->value[i] = value;
}

static struct bpf_audit_context *start_for(const char *name)
{
	char comm[TASK_COMM_LEN];

	if (bpf_get_current_comm(comm, sizeof(comm)) ||
	    bpf_strncmp(comm, sizeof(comm), name))
		return NULL;

	return bpf_audit_log_start();
}

/* The head, and each field alone */

struct returns RET(log_head);

SEC("lsm/file_open")
int BPF_PROG(log_head, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log head");

	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

struct returns RET(log_cause);

SEC("lsm/file_open")
int BPF_PROG(log_cause, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_cause");

	if (ac) {
		note(&RET(log_cause), bpf_audit_log_cause(ac, "smoke"));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_cause_hex);

SEC("lsm/file_open")
int BPF_PROG(log_cause_hex, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_cause_hex");

	if (ac) {
		note(&RET(log_cause_hex), bpf_audit_log_cause(ac, "a\" pid=1\n"));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_cap);

SEC("lsm/file_open")
int BPF_PROG(log_cap, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_cap");

	if (ac) {
		note(&RET(log_cap), bpf_audit_log_cap(ac, 40));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_path);

SEC("lsm/file_open")
int BPF_PROG(log_path, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_path");

	if (ac) {
		note(&RET(log_path), bpf_audit_log_path(ac, &file->f_path));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_file);

SEC("lsm/file_open")
int BPF_PROG(log_file, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_file");

	if (ac) {
		note(&RET(log_file), bpf_audit_log_file(ac, file));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_ioctl_op);

SEC("lsm/file_open")
int BPF_PROG(log_ioctl_op, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_ioctl_op");

	if (ac) {
		note(&RET(log_ioctl_op), bpf_audit_log_ioctl_op(ac, file, TIOCSTI));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_inode);

SEC("lsm/file_open")
int BPF_PROG(log_inode, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_inode");

	if (ac) {
		note(&RET(log_inode), bpf_audit_log_inode(ac, file->f_inode));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_task);

SEC("lsm/file_open")
int BPF_PROG(log_task, struct file *file)
{
	struct bpf_audit_context *ac = start_for("log_task");

	if (ac) {
		note(&RET(log_task), bpf_audit_log_task(ac, bpf_get_current_task_btf()));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_dentry);

SEC("lsm/inode_rmdir")
int BPF_PROG(log_dentry, struct inode *dir, struct dentry *dentry)
{
	struct bpf_audit_context *ac = start_for("log_dentry");

	if (ac) {
		note(&RET(log_dentry), bpf_audit_log_dentry(ac, dentry));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(negative_dentry);

SEC("lsm/inode_mkdir")
int BPF_PROG(negative_dentry, struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct bpf_audit_context *ac = start_for("negative_dentry");

	if (ac) {
		note(&RET(negative_dentry), bpf_audit_log_dentry(ac, dentry));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_net_sock);

SEC("lsm/socket_listen")
int BPF_PROG(log_net_sock, struct socket *sock, int backlog)
{
	struct bpf_audit_context *ac = start_for("log_net_sock");

	if (ac) {
		note(&RET(log_net_sock), bpf_audit_log_net_sock(ac, LOOPBACK, sock));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct returns RET(log_sockaddr);

SEC("lsm/socket_bind")
int BPF_PROG(log_sockaddr, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac = start_for("log_sockaddr");

	if (ac) {
		note(&RET(log_sockaddr),
		     bpf_audit_log_net_sockaddr(ac, LOOPBACK, address, address, addrlen));
		bpf_audit_log_end(ac);
	}
	return 0;
}

/* No key twice: 0 and -EINVAL in turn */

struct returns RET(twice);

SEC("lsm/file_open")
int BPF_PROG(twice, struct file *file)
{
	struct bpf_audit_context *ac = start_for("twice");
	struct task_struct *task = bpf_get_current_task_btf();

	if (ac) {
		note(&RET(twice), bpf_audit_log_cause(ac, "once"));
		note(&RET(twice), bpf_audit_log_cause(ac, "twice"));
		note(&RET(twice), bpf_audit_log_cap(ac, 1));
		note(&RET(twice), bpf_audit_log_cap(ac, 2));
		note(&RET(twice), bpf_audit_log_file(ac, file));
		note(&RET(twice), bpf_audit_log_file(ac, file));
		note(&RET(twice), bpf_audit_log_task(ac, task));
		note(&RET(twice), bpf_audit_log_task(ac, task));
		bpf_audit_log_end(ac);
	}
	return 0;
}

/* The keys path, dev and ino are those of several kfuncs. */
struct returns RET(shared_keys);

SEC("lsm/file_open")
int BPF_PROG(shared_keys, struct file *file)
{
	struct bpf_audit_context *ac = start_for("shared_keys");

	if (ac) {
		note(&RET(shared_keys), bpf_audit_log_inode(ac, file->f_inode));
		note(&RET(shared_keys), bpf_audit_log_inode(ac, file->f_inode));
		note(&RET(shared_keys), bpf_audit_log_path(ac, &file->f_path));
		note(&RET(shared_keys), bpf_audit_log_file(ac, file));
		note(&RET(shared_keys), bpf_audit_log_ioctl_op(ac, file, TIOCSTI));
		bpf_audit_log_end(ac);
	}
	return 0;
}

/* A refused call prints nothing and claims nothing. */

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X255 X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxxxx"

struct returns RET(refused);

SEC("lsm/file_open")
int BPF_PROG(refused, struct file *file)
{
	struct bpf_audit_context *ac = start_for("refused");

	if (ac) {
		note(&RET(refused), bpf_audit_log_cause(ac, ""));
		note(&RET(refused), bpf_audit_log_cause(ac, X255 "x"));
		note(&RET(refused), bpf_audit_log_cause(ac, X255));
		note(&RET(refused), bpf_audit_log_cap(ac, -1));
		note(&RET(refused), bpf_audit_log_cap(ac, 41));
		note(&RET(refused), bpf_audit_log_cap(ac, 64));
		note(&RET(refused), bpf_audit_log_cap(ac, 0));
		bpf_audit_log_end(ac);
	}
	return 0;
}

struct sockaddr unix_address = { .sa_family = AF_UNIX };
struct sockaddr_in6 ipv6_address = {
	.sin6_family = AF_INET6,
	.sin6_port = bpf_htons(443),
	.sin6_addr.in6_u.u6_addr8 = { [15] = 1 },
};

struct returns RET(bad_sockaddr);

SEC("lsm/socket_bind")
int BPF_PROG(bad_sockaddr, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac = start_for("bad_sockaddr");
	struct sockaddr stack = { .sa_family = AF_INET6 };
	struct sockaddr *ipv6 = (struct sockaddr *)&ipv6_address;
	struct returns *ret = &RET(bad_sockaddr);

	if (ac) {
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, NULL, NULL, 16));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, -1));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, 0));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, 15));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, 129));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, ipv6, 28));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, ipv6, NULL, 23));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, &stack, NULL, 28));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, &unix_address, NULL, 16));
		/* No device has this index. */
		note(ret, bpf_audit_log_net_sockaddr(ac, 999, NULL, ipv6, 28));
		note(ret, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, addrlen));
		bpf_audit_log_end(ac);
	}
	return 0;
}

/* The kernel has no socket for this hook where a packet has none. */
struct returns RET(null_socket);

SEC("lsm/socket_getpeersec_dgram")
int BPF_PROG(null_socket, struct socket *sock, struct sk_buff *skb, u32 *secid)
{
	struct bpf_audit_context *ac = start_for("null_socket");

	if (ac) {
		note(&RET(null_socket), bpf_audit_log_net_sock(ac, 0, sock));
		bpf_audit_log_end(ac);
	}
	return -ENOPROTOOPT;
}

/* The program may sleep, but not here. */
struct returns RET(rcu_section);

SEC("lsm.s/file_open")
int BPF_PROG(rcu_section, struct file *file)
{
	struct bpf_audit_context *ac;

	bpf_rcu_read_lock();
	ac = start_for("rcu_section");
	if (ac) {
		note(&RET(rcu_section), bpf_audit_log_file(ac, file));
		bpf_audit_log_end(ac);
	}
	bpf_rcu_read_unlock();
	return 0;
}

/* A packet arrives in a softirq, whoever may be the current task. */
struct returns RET(softirq);

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(softirq, struct sock *sk, struct sk_buff *skb)
{
	struct bpf_audit_context *ac;
	struct file *exe;

	if (sk->__sk_common.skc_num != SOFTIRQ_PORT)
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		note(&RET(softirq), bpf_audit_log_cause(ac, "softirq"));
		exe = bpf_get_task_exe_file(bpf_get_current_task_btf());
		if (exe) {
			note(&RET(softirq), bpf_audit_log_file(ac, exe));
			bpf_put_file(exe);
		}
		bpf_audit_log_end(ac);
	}
	return 0;
}
