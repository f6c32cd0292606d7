// SPDX-License-Identifier: GPL-2.0-only
/* Records that are written while allocations fail. */

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "lsm_audit_kfuncs_faults.h"

char _license[] SEC("license") = "GPL";

/* Only what this process does is recorded. */
__u32 tgid;

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
	const struct path *dir;
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
	case CALL_PATH_AT:
		return bpf_ksym_exists(bpf_audit_log_path_at) && of->dir ?
		       bpf_audit_log_path_at(ac, of->dir, of->dentry) : NOT_CALLED;
	case CALL_RULE:
		return bpf_ksym_exists(bpf_audit_log_rule) ? bpf_audit_log_rule(ac, -1) :
							     NOT_CALLED;
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

SEC("lsm/inode_setattr")
int BPF_PROG(dentry, struct mnt_idmap *idmap, struct dentry *dentry)
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

#define EPERM 1

/* It is denied, so that it can be tried again. */
static __always_inline int deny_entry(const struct path *dir, struct dentry *dentry)
{
	record(&(struct objects){ .dir = dir, .dentry = dentry });
	return is_subject() ? -EPERM : 0;
}

SEC("?lsm/path_mkdir")
int BPF_PROG(new_entry, const struct path *dir, struct dentry *dentry)
{
	return deny_entry(dir, dentry);
}

SEC("?lsm/path_unlink")
int BPF_PROG(old_entry, const struct path *dir, struct dentry *dentry)
{
	return deny_entry(dir, dentry);
}

/*
 * kmalloc_nolock() is out of reach of those faults. This one fails it, as it does
 * where another processor is in the same cache.
 */

__u32 faults;
__u32 faults_met;

#define ENOMEM 12

SEC("?kprobe/should_fail_kmalloc_nolock")
int no_memory(struct pt_regs *ctx)
{
	if (!is_subject() || !faults)
		return 0;

	faults--;
	faults_met++;
	bpf_override_return(ctx, -ENOMEM);
	return 0;
}

/* It is called where nothing may sleep. */
SEC("?fmod_ret.s/should_fail_kmalloc_nolock")
int BPF_PROG(sleepable_fault)
{
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
int BPF_PROG(holding, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	held = 1;
	bpf_loop(256, wait_a_while, NULL, 0);
	bpf_audit_log_end(ac);
	return 0;
}
