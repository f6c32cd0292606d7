// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier must refuse of the audit kfuncs. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "bpf_misc.h"

char _license[] SEC("license") = "GPL";

static __always_inline int end(struct bpf_audit_context *ac, int ret)
{
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(good, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_cause(ac, "a cause");
	bpf_audit_log_file(ac, file);
	bpf_audit_log_end(ac);
	return 0;
}

/* A context is ended, once, on every path. */

SEC("lsm/file_open")
__failure __msg("Unreleased reference")
int BPF_PROG(leak, struct file *file)
{
	bpf_audit_log_start();
	return 0;
}

SEC("lsm/file_open")
__failure __msg("Unreleased reference")
int BPF_PROG(leak_on_one_path, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	if (bpf_audit_log_file(ac, file))
		return 0;
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm/file_open")
__failure __msg("release kfunc bpf_audit_log_end expects referenced PTR_TO_BTF_ID passed to R1")
int BPF_PROG(end_twice, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_end(ac);
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm/file_open")
__failure __msg("R1 is scalar expected STRUCT bpf_audit_context")
int BPF_PROG(use_after_end, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_end(ac);
	bpf_audit_log_cap(ac, 0);
	return 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R1")
int BPF_PROG(unchecked_null, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	bpf_audit_log_cap(ac, 0);
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

/* Nor is memory of the program's one, however much there is of it. */

SEC("lsm/file_open")
__failure __msg("R1 is fp expected STRUCT bpf_audit_context")
int BPF_PROG(forged_on_stack, struct file *file)
{
	__u64 memory[8] = {};

	return bpf_audit_log_cause((struct bpf_audit_context *)memory, "x");
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, __u64[8]);
	__uint(max_entries, 1);
} values SEC(".maps");

SEC("lsm/file_open")
__failure __msg("R1 is map_value expected STRUCT bpf_audit_context")
int BPF_PROG(forged_in_map, struct file *file)
{
	int key = 0;
	void *value;

	value = bpf_map_lookup_elem(&values, &key);
	return value ? bpf_audit_log_cause(value, "x") : 0;
}

/*
 * A context can't outlive the run: it has no destructor, so that the kernel
 * refuses a map for it, which libbpf then makes without its types.
 */

struct stash {
	__kptr struct bpf_audit_context *ac;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct stash);
	__uint(max_entries, 1);
} stashes SEC(".maps");

SEC("lsm/file_open")
__failure __msg("map 'stashes' has to have BTF in order to use bpf_kptr_xchg")
int BPF_PROG(kptr, struct file *file)
{
	struct bpf_audit_context *ac;
	struct stash *stash;
	int key = 0;

	stash = bpf_map_lookup_elem(&stashes, &key);
	if (!stash)
		return 0;
	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	ac = bpf_kptr_xchg(&stash->ac, ac);
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

/* Arguments. */

char cause_in_data[] = "may change";

SEC("lsm/file_open")
__failure __msg("R2 does not point to a readonly map")
int BPF_PROG(cause_not_constant, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cause(ac, cause_in_data)) : 0;
}

SEC("lsm/file_open")
__failure __msg("R2 doesn't point to a const string")
int BPF_PROG(cause_on_stack, struct file *file)
{
	struct bpf_audit_context *ac;
	char cause[8] = "stack";

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cause(ac, cause)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(cause_null, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cause(ac, NULL)) : 0;
}

const char cause_without_end[4] = { 'c', 'a', 'u', 's' };

SEC("lsm/file_open")
__failure __msg("string is not zero-terminated")
int BPF_PROG(cause_endless, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cause(ac, cause_without_end)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R1")
int BPF_PROG(null_context, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cap(NULL, 0)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_path, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_path(ac, NULL)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_file, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, NULL)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_ioctl_op, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_ioctl_op(ac, NULL, 0)) : 0;
}

/* Some callers of these hooks pass NULL (kernel/bpf/bpf_lsm_proto.c). */

SEC("lsm/socket_getpeersec_dgram")
__failure __msg("Possibly NULL pointer passed to trusted R3")
int BPF_PROG(untested_sock, struct socket *sock)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_net_sock(ac, 0, sock)) : 0;
}

SEC("lsm/inode_init_security_anon")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(untested_inode, struct inode *inode, const struct qstr *name,
	     const struct inode *context_inode)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_inode(ac, (struct inode *)context_inode)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_dentry, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_dentry(ac, NULL)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_inode, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_inode(ac, NULL)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(null_task, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_task(ac, NULL)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Possibly NULL pointer passed to trusted R3")
int BPF_PROG(null_sock, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_net_sock(ac, 0, NULL)) : 0;
}

/* An argument that the hook says may be NULL, and that isn't checked. */
SEC("lsm/mmap_file")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(nullable_file, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

/* An inode that a directory entry need not have. */
SEC("lsm/path_mkdir")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(nullable_inode, const struct path *dir, struct dentry *dentry)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_inode(ac, dentry->d_inode)) : 0;
}

SEC("lsm/file_open")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(untrusted_dentry, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_dentry(ac, file->f_path.dentry)) : 0;
}

SEC("lsm/file_open")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(untrusted_task, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_task(ac, bpf_get_current_task_btf()->last_wakee)) : 0;
}

SEC("lsm/socket_getsockname")
__failure __msg("invalid read from stack R3 off=-8 size=16")
int BPF_PROG(short_address, struct socket *sock)
{
	struct bpf_audit_context *ac;
	char bytes[8] = {};
	struct sockaddr *address = (struct sockaddr *)bytes;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_net_sockaddr(ac, 0, address, NULL, 16)) : 0;
}

/* Hooks on objects that are being made or freed. */

SEC("lsm/task_free")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(dying_task, struct task_struct *task)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_task(ac, task)) : 0;
}

SEC("lsm/file_alloc_security")
__failure __msg("points to disabled hook bpf_lsm_file_alloc_security")
int BPF_PROG(unborn_file, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

SEC("lsm/file_free_security")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(dying_file, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

/* It has no path yet. */
SEC("lsm/backing_file_alloc")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(unborn_backing_file, struct file *backing_file, const struct file *user_file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, backing_file)) : 0;
}

/* It has given its path up. */
SEC("lsm/backing_file_free")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(dying_backing_file, struct file *backing_file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, backing_file)) : 0;
}

/* Where the kfuncs can't be called at all. */

#define NOT_ALLOWED							\
	__failure __msg("calling kernel function bpf_audit_log_start is not allowed")

static __always_inline int start_and_end(void)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, 0) : 0;
}

/* Hooks that writing a record passes itself, on the same stack. */

SEC("lsm/current_getlsmprop_subj")
NOT_ALLOWED
int recursion_subj(void *ctx)
{
	return start_and_end();
}

SEC("lsm/lsmprop_to_secctx")
NOT_ALLOWED
int recursion_secctx(void *ctx)
{
	return start_and_end();
}

SEC("lsm/release_secctx")
NOT_ALLOWED
int recursion_release(void *ctx)
{
	return start_and_end();
}

SEC("lsm_cgroup/release_secctx")
NOT_ALLOWED
int recursion_release_cgroup(void *ctx)
{
	return start_and_end();
}

/* One more, that the kernel keeps from all programs. */
SEC("lsm/audit_rule_match")
__failure __msg("points to disabled hook bpf_lsm_audit_rule_match")
int recursion_rule(void *ctx)
{
	return start_and_end();
}

/* Programs that aren't LSM programs. */

SEC("fentry/security_file_open")
NOT_ALLOWED
int type_fentry(void *ctx)
{
	return start_and_end();
}

SEC("fexit/security_file_open")
NOT_ALLOWED
int type_fexit(void *ctx)
{
	return start_and_end();
}

SEC("fmod_ret/security_file_open")
NOT_ALLOWED
int type_fmod_ret(void *ctx)
{
	return start_and_end();
}

SEC("tp_btf/sched_switch")
NOT_ALLOWED
int type_tp_btf(void *ctx)
{
	return start_and_end();
}

SEC("raw_tp/sched_switch")
NOT_ALLOWED
int type_raw_tp(void *ctx)
{
	return start_and_end();
}

SEC("kprobe/security_file_open")
NOT_ALLOWED
int type_kprobe(void *ctx)
{
	return start_and_end();
}

SEC("tp/sched/sched_switch")
NOT_ALLOWED
int type_tracepoint(void *ctx)
{
	return start_and_end();
}

SEC("perf_event")
NOT_ALLOWED
int type_perf_event(void *ctx)
{
	return start_and_end();
}

SEC("syscall")
NOT_ALLOWED
int type_syscall(void *ctx)
{
	return start_and_end();
}

SEC("xdp")
NOT_ALLOWED
int type_xdp(void *ctx)
{
	return start_and_end();
}

SEC("tc")
NOT_ALLOWED
int type_tc(void *ctx)
{
	return start_and_end();
}

SEC("socket")
NOT_ALLOWED
int type_socket(void *ctx)
{
	return start_and_end();
}

SEC("cgroup_skb/egress")
NOT_ALLOWED
int type_cgroup_skb(void *ctx)
{
	return start_and_end();
}

SEC("cgroup/bind4")
NOT_ALLOWED
int type_sock_addr(void *ctx)
{
	return start_and_end();
}

SEC("iter/task")
NOT_ALLOWED
int type_iter(void *ctx)
{
	return start_and_end();
}

/* What allocates a context can be made to fail, but not to return some pointer. */
SEC("fmod_ret/_kmalloc_nolock_noprof")
__failure __msg("_kmalloc_nolock_noprof() is not modifiable")
int nolock_pointer(void *ctx)
{
	return 0;
}
