// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that write a record of all that passes their hooks, sleepable and
 * not, in processes and in softirqs, and count what they got.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define AF_INET 2
#define CAP_KILL 5

char _license[] SEC("license") = "GPL";

struct count {
	__u64 started;
	__u64 refused;
	__u64 ended;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct count);
	__uint(max_entries, 1);
} counts SEC(".maps");

/*
 * Those who carry records to user space, or read them, get none, which isn't a
 * loss. Leave them out, so that each NULL is one. "auditd" is the name of each
 * reader here.
 */
static bool is_consumer(void)
{
	char comm[16];

	return bpf_get_current_comm(comm, sizeof(comm)) ||
	       !bpf_strncmp(comm, 7, "auditd") || !bpf_strncmp(comm, 8, "kauditd");
}

static struct bpf_audit_context *start(struct count **count)
{
	struct bpf_audit_context *ac;
	__u32 key = 0;

	*count = bpf_map_lookup_elem(&counts, &key);
	if (!*count || is_consumer())
		return NULL;

	ac = bpf_audit_log_start();
	/* An interrupt may come between reading and writing a count. */
	__sync_fetch_and_add(ac ? &(*count)->started : &(*count)->refused, 1);
	return ac;
}

static void end(struct bpf_audit_context *ac, struct count *count)
{
	bpf_audit_log_end(ac);
	__sync_fetch_and_add(&count->ended, 1);
}

SEC("lsm/file_open")
int BPF_PROG(open, struct file *file)
{
	struct bpf_audit_context *ac;
	struct count *count;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_cause(ac, "open");
		bpf_audit_log_file(ac, file);
		end(ac, count);
	}
	return 0;
}

SEC("lsm.s/socket_bind")
int BPF_PROG(bind, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac;
	struct count *count;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_net_sockaddr(ac, 0, address, NULL, addrlen);
		bpf_audit_log_cause(ac, "bind");
		end(ac, count);
	}
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac;
	struct count *count;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_net_sock(ac, 0, sock);
		bpf_audit_log_cause(ac, "connect");
		end(ac, count);
	}
	return 0;
}

SEC("lsm/task_kill")
int BPF_PROG(kill, struct task_struct *task, struct kernel_siginfo *info, int sig)
{
	struct bpf_audit_context *ac;
	struct count *count;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_task(ac, task);
		bpf_audit_log_cap(ac, CAP_KILL);
		end(ac, count);
	}
	return 0;
}

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(receive, struct sock *sk, struct sk_buff *skb)
{
	struct bpf_audit_context *ac;
	struct count *count;

	if (sk->__sk_common.skc_family != AF_INET)
		return 0;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_cause(ac, "receive");
		end(ac, count);
	}
	return 0;
}

SEC("lsm/inode_free_security")
int BPF_PROG(forget, struct inode *inode)
{
	struct bpf_audit_context *ac;
	struct count *count;

	ac = start(&count);
	if (ac) {
		bpf_audit_log_inode(ac, inode);
		end(ac, count);
	}
	return 0;
}
