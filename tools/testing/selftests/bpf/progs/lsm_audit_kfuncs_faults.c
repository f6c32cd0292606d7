// SPDX-License-Identifier: GPL-2.0-only
/* Records that are written while allocations fail, or while the backlog is full. */

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "lsm_audit_kfuncs_faults.h"

char _license[] SEC("license") = "GPL";

/* Only what this process does is recorded, or what arrives at this port. */
__u32 tgid;
__u16 port;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

/*
 * Allocations that fail. The task counts them down (/proc/<pid>/fail-nth); a
 * program notes where it has got to, which tells whose allocation it was.
 */

struct task_struct___faults {
	unsigned int fail_nth;
} __attribute__((preserve_access_index));

static __u32 fail_nth(void)
{
	struct task_struct___faults *task = (void *)bpf_get_current_task_btf();

	if (!bpf_core_field_exists(task->fail_nth))
		return 0;
	return BPF_CORE_READ(task, fail_nth);
}

int calls[MAX_CALLS];
struct attempt attempts[NR_ATTEMPTS];
__u32 nr_attempts;

char address[128];
const char longest_cause[256] = {};

struct objects {
	struct file *file;
	struct dentry *dentry;
	struct socket *sock;
};

static __always_inline int make(int call, struct bpf_audit_context *ac,
				const struct objects *of)
{
	struct sockaddr *sockaddr = (struct sockaddr *)address;

	switch (call) {
	case CALL_CAUSE:
		return bpf_audit_log_cause(ac, longest_cause);
	case CALL_CAP:
		return bpf_audit_log_cap(ac, 21);
	case CALL_PATH:
		return of->file ? bpf_audit_log_path(ac, &of->file->f_path) : NOT_CALLED;
	case CALL_FILE:
		return of->file ? bpf_audit_log_file(ac, of->file) : NOT_CALLED;
	case CALL_IOCTL_OP:
		return of->file ? bpf_audit_log_ioctl_op(ac, of->file, 7) : NOT_CALLED;
	case CALL_DENTRY:
		return of->dentry ? bpf_audit_log_dentry(ac, of->dentry) : NOT_CALLED;
	case CALL_INODE:
		return of->file ? bpf_audit_log_inode(ac, of->file->f_inode) : NOT_CALLED;
	case CALL_TASK:
		return bpf_audit_log_task(ac, bpf_get_current_task_btf());
	case CALL_NET_SOCK:
		return of->sock ? bpf_audit_log_net_sock(ac, 0, of->sock) : NOT_CALLED;
	case CALL_NET_SOCKADDR:
		return bpf_audit_log_net_sockaddr(ac, 0, sockaddr, sockaddr, 28);
	}
	return NOT_CALLED;
}

static __always_inline void record(const struct objects *of)
{
	struct bpf_audit_context *ac;
	struct attempt *attempt;
	__u32 nr;
	int i;

	if (!is_subject())
		return;
	nr = nr_attempts++;
	if (nr >= NR_ATTEMPTS)
		return;
	attempt = &attempts[nr];

	attempt->before = fail_nth();
	ac = bpf_audit_log_start();
	attempt->started = !!ac;
	attempt->after_start = fail_nth();
	if (!ac)
		return;

	bpf_for(i, 0, MAX_CALLS) {
		if (!calls[i])
			break;
		attempt->ret[i] = make(calls[i], ac, of);
		attempt->after_call[i] = fail_nth();
	}

	bpf_audit_log_end(ac);
	attempt->after_end = fail_nth();
}

SEC("lsm/file_ioctl")
int BPF_PROG(file, struct file *file)
{
	record(&(struct objects){ .file = file });
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(file_sleepable, struct file *file)
{
	record(&(struct objects){ .file = file });
	return 0;
}

SEC("lsm/inode_setattr")
int BPF_PROG(dentry, struct mnt_idmap *idmap, struct dentry *dentry)
{
	record(&(struct objects){ .dentry = dentry });
	return 0;
}

SEC("lsm.s/inode_setattr")
int BPF_PROG(dentry_sleepable, struct mnt_idmap *idmap, struct dentry *dentry)
{
	record(&(struct objects){ .dentry = dentry });
	return 0;
}

SEC("lsm/socket_getsockname")
int BPF_PROG(sock, struct socket *sock)
{
	record(&(struct objects){ .sock = sock });
	return 0;
}

SEC("lsm.s/socket_getsockname")
int BPF_PROG(sock_sleepable, struct socket *sock)
{
	record(&(struct objects){ .sock = sock });
	return 0;
}

/* kmalloc_nolock() is out of reach of those faults. This one fails it. */

__u32 faults;
__u32 faults_met;

SEC("?kprobe/_kmalloc_nolock_noprof")
int no_memory(struct pt_regs *ctx)
{
	if (!is_subject() || !faults)
		return 0;

	faults--;
	faults_met++;
	bpf_override_return(ctx, 0);
	return 0;
}

/*
 * The backlog is full. Nothing waits for it where it must not sleep: the kernel
 * complains of a program that does, and what it took is here.
 */

__u32 fill_refused;
__u32 runs;
__u32 refused;
__u64 longest;

static void start_and_end(void)
{
	struct bpf_audit_context *ac;
	__u64 time;

	time = bpf_ktime_get_ns();
	ac = bpf_audit_log_start();
	time = bpf_ktime_get_ns() - time;
	if (ac)
		bpf_audit_log_end(ac);
	else
		__sync_fetch_and_add(&refused, 1);

	if (time > longest)
		longest = time;
	__sync_fetch_and_add(&runs, 1);
}

SEC("lsm/file_ioctl")
int BPF_PROG(fill, struct file *file, unsigned int cmd)
{
	struct bpf_audit_context *ac;

	if (!is_subject() || cmd != CMD_FILL)
		return 0;

	ac = bpf_audit_log_start();
	if (ac)
		bpf_audit_log_end(ac);
	else
		fill_refused++;
	return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(in_program, struct file *file, unsigned int cmd)
{
	if (is_subject() && cmd == CMD_ACT)
		start_and_end();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(in_sleepable, struct file *file, unsigned int cmd)
{
	if (is_subject() && cmd == CMD_ACT)
		start_and_end();
	return 0;
}

/* Hold a context until it may go. */

int held;
int release;

static int is_released(__u32 i, void *unused)
{
	return release == 1;
}

static int wait_a_while(__u32 i, void *unused)
{
	bpf_loop(1 << 23, is_released, NULL, 0);
	return release == 1;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(holding, struct file *file, unsigned int cmd)
{
	struct bpf_audit_context *ac;

	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	held = 1;
	bpf_loop(256, wait_a_while, NULL, 0);
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(in_rcu_section, struct file *file, unsigned int cmd)
{
	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	bpf_rcu_read_lock();
	start_and_end();
	bpf_rcu_read_unlock();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(with_preemption_off, struct file *file, unsigned int cmd)
{
	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	bpf_preempt_disable();
	start_and_end();
	bpf_preempt_enable();
	return 0;
}

void bpf_local_irq_save(unsigned long *flags) __weak __ksym;
void bpf_local_irq_restore(unsigned long *flags) __weak __ksym;

SEC("lsm.s/file_ioctl")
int BPF_PROG(with_interrupts_off, struct file *file, unsigned int cmd)
{
	unsigned long flags;

	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	bpf_local_irq_save(&flags);
	start_and_end();
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(in_softirq, struct sock *sk, struct sk_buff *skb)
{
	if (port && sk->__sk_common.skc_num == port)
		start_and_end();
	return 0;
}

/* With bottom halves off, in the process that accepts. */
SEC("lsm/sock_graft")
int BPF_PROG(with_bottom_halves_off, struct sock *sk, struct socket *parent)
{
	if (is_subject())
		start_and_end();
	return 0;
}

#define CLOCK_MONOTONIC 1

struct later {
	struct bpf_timer timer;
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct later);
	__uint(max_entries, 1);
} laters SEC(".maps");

static int from_timer(void *map, int *key, struct later *later)
{
	start_and_end();
	return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(in_timer, struct file *file, unsigned int cmd)
{
	struct later *later;
	int key = 0;

	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (!later)
		return 0;

	bpf_timer_init(&later->timer, &laters, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&later->timer, from_timer);
	bpf_timer_start(&later->timer, 0, 0);
	return 0;
}

static int from_work(void *map, int *key, void *later)
{
	start_and_end();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(in_work, struct file *file, unsigned int cmd)
{
	struct later *later;
	int key = 0;

	if (!is_subject() || cmd != CMD_ACT)
		return 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (!later)
		return 0;

	bpf_wq_init(&later->work, &laters, 0);
	bpf_wq_set_callback(&later->work, from_work, 0);
	bpf_wq_start(&later->work, 0);
	return 0;
}

#define PF_MEMALLOC 0x00000800

/* A hook where a program may sleep, but not in reclaim, which comes here too. */
SEC("lsm.s/inode_free_security")
int BPF_PROG(in_reclaim, struct inode *inode)
{
	if (is_subject() && runs < 3 && bpf_get_current_task_btf()->flags & PF_MEMALLOC)
		start_and_end();
	return 0;
}
