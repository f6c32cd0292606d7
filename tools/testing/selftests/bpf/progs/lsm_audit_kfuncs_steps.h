/* SPDX-License-Identifier: GPL-2.0-only */
/* How the programs in test_lsm_audit_kfuncs.c take the steps that a test lists. */
#ifndef __LSM_AUDIT_KFUNCS_STEPS_H
#define __LSM_AUDIT_KFUNCS_STEPS_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "bpf_misc.h"
#include "lsm_audit_kfuncs.h"

/* Only what this process does, or what arrives at this port, is recorded. */
__u32 tgid;
__u16 port;

/* How often a program got there, how often it got no record, or ended one. */
__u32 runs;
__u32 refused;
__u32 ended;

struct step steps[MAX_STEPS];
char source_addr[128];
char dest_addr[128];

/* The initial network namespace. */
extern const void init_net __ksym __weak;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

const char causes[NR_CAUSES][CAUSE_ROOM] = {};

static int log_cause(struct bpf_audit_context *ac, int index)
{
	switch (index) {
	case CAUSE_PLAIN:
		return bpf_audit_log_cause(ac, causes[CAUSE_PLAIN]);
	case CAUSE_1:
		return bpf_audit_log_cause(ac, causes[CAUSE_1]);
	case CAUSE_255:
		return bpf_audit_log_cause(ac, causes[CAUSE_255]);
	case CAUSE_255_HEX:
		return bpf_audit_log_cause(ac, causes[CAUSE_255_HEX]);
	case CAUSE_0:
		return bpf_audit_log_cause(ac, causes[CAUSE_0]);
	case CAUSE_256:
		return bpf_audit_log_cause(ac, causes[CAUSE_256]);
	case CAUSE_QUOTE:
		return bpf_audit_log_cause(ac, causes[CAUSE_QUOTE]);
	case CAUSE_SPACE:
		return bpf_audit_log_cause(ac, causes[CAUSE_SPACE]);
	case CAUSE_LINES:
		return bpf_audit_log_cause(ac, causes[CAUSE_LINES]);
	case CAUSE_UTF8:
		return bpf_audit_log_cause(ac, causes[CAUSE_UTF8]);
	case CAUSE_CONTROL:
		return bpf_audit_log_cause(ac, causes[CAUSE_CONTROL]);
	case CAUSE_EQUALS:
		return bpf_audit_log_cause(ac, causes[CAUSE_EQUALS]);
	}
	return NOT_CALLED;
}

struct edge {
	char bytes[EDGE_BYTES];
};

/* That user space could map it makes it pages of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, int);
	__type(value, struct edge);
	__uint(max_entries, 1);
} edges SEC(".maps");

static __always_inline int log_sockaddr(struct bpf_audit_context *ac,
					struct step *step,
					struct sockaddr *address, int addrlen)
{
	struct sockaddr *source = NULL, *dest = NULL;
	/* As much as the verifier asks for, which is less than an IPv6 address. */
	struct sockaddr on_stack;
	struct edge *edge;
	int key = 0;

	__builtin_memcpy(&on_stack, source_addr, sizeof(on_stack));
	edge = bpf_map_lookup_elem(&edges, &key);
	if (!edge)
		return NOT_CALLED;

	switch (step->source) {
	case ADDR_HOOK:
		source = address;
		break;
	case ADDR_MAP:
		source = (struct sockaddr *)source_addr;
		break;
	case ADDR_STACK:
		source = &on_stack;
		break;
	case ADDR_EDGE:
		source = (struct sockaddr *)(edge->bytes + EDGE_BYTES - sizeof(*source));
		__builtin_memcpy(source, source_addr, sizeof(*source));
		break;
	}

	switch (step->dest) {
	case ADDR_HOOK:
		dest = address;
		break;
	case ADDR_MAP:
		dest = (struct sockaddr *)dest_addr;
		break;
	case ADDR_STACK:
		dest = &on_stack;
		break;
	}

	if (step->addrlen != ADDRLEN_OF_HOOK)
		addrlen = step->addrlen;
	return bpf_audit_log_net_sockaddr(ac, step->arg, source, dest, addrlen);
}

/* The objects that a hook has to offer; NULL stands for none. */
struct objects {
	const struct path *path;
	struct file *file;
	struct dentry *dentry;
	struct inode *inode;
	struct task_struct *task;
	struct socket *sock;
	struct sockaddr *address;
	int addrlen;
};

static __always_inline int take(struct bpf_audit_context *ac, struct step *step,
				const struct objects *of)
{
	switch (step->call) {
	case CALL_CAUSE:
		return log_cause(ac, step->arg);
	case CALL_CAP:
		return bpf_audit_log_cap(ac, step->arg);
	case CALL_PATH:
		return of->path ? bpf_audit_log_path(ac, of->path) : NOT_CALLED;
	case CALL_FILE:
		return of->file ? bpf_audit_log_file(ac, of->file) : NOT_CALLED;
	case CALL_IOCTL_OP:
		return of->file ? bpf_audit_log_ioctl_op(ac, of->file, step->arg) : NOT_CALLED;
	case CALL_DENTRY:
		return of->dentry ? bpf_audit_log_dentry(ac, of->dentry) : NOT_CALLED;
	case CALL_INODE:
		return of->inode ? bpf_audit_log_inode(ac, of->inode) : NOT_CALLED;
	case CALL_TASK:
		return of->task ? bpf_audit_log_task(ac, of->task) : NOT_CALLED;
	case CALL_NET_SOCK:
		return of->sock ? bpf_audit_log_net_sock(ac, step->arg, of->sock) : NOT_CALLED;
	case CALL_NET_SOCKADDR:
		return log_sockaddr(ac, step, of->address, of->addrlen);
	}
	return NOT_CALLED;
}

static __always_inline void take_steps(struct bpf_audit_context *ac, const struct objects *of)
{
	int i;

	bpf_for(i, 0, MAX_STEPS) {
		if (!steps[i].call)
			break;
		steps[i].ret = take(ac, &steps[i], of);
	}
}

static __always_inline struct bpf_audit_context *start(void)
{
	struct bpf_audit_context *ac;

	runs++;
	ac = bpf_audit_log_start();
	if (!ac)
		refused++;
	return ac;
}

static __always_inline void record(const struct objects *of)
{
	struct bpf_audit_context *ac;

	ac = start();
	if (!ac)
		return;
	take_steps(ac, of);
	bpf_audit_log_end(ac);
	ended++;
}

/* The same, with a task and the file that it runs as far as none is given. */
static __always_inline void record_with_exe_of(struct task_struct *task, struct objects *of)
{
	struct file *exe;

	of->task = task;
	exe = bpf_get_task_exe_file(task);
	if (!exe)
		return;

	of->path = &exe->f_path;
	of->file = exe;
	if (!of->inode)
		of->inode = exe->f_inode;
	record(of);
	bpf_put_file(exe);
}

static __always_inline void record_with_exe(struct objects *of)
{
	record_with_exe_of(bpf_get_current_task_btf(), of);
}

#endif /* __LSM_AUDIT_KFUNCS_STEPS_H */
