// SPDX-License-Identifier: GPL-2.0-only
/* A dynptr of a file is made where a program may sleep, and read where it must not. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"
#include "bpf_kfuncs.h"

pid_t tgid;
int runs;
int err;
int read_err;
u64 first;

static int read_first(struct bpf_dynptr *dynptr)
{
	return bpf_dynptr_read(&first, sizeof(first), dynptr, 0, 0);
}

__noinline int read_in_rcu(struct bpf_dynptr *dynptr)
{
	int ret;

	bpf_rcu_read_lock();
	ret = bpf_dynptr_read(&first, sizeof(first), dynptr, 0, 0);
	bpf_rcu_read_unlock();
	return ret;
}

/* The clone of an argument. */
__noinline int read_clone_in_rcu(struct bpf_dynptr *dynptr)
{
	struct bpf_dynptr clone;
	int ret;

	bpf_dynptr_clone(dynptr, &clone);
	bpf_rcu_read_lock();
	ret = bpf_dynptr_read(&first, sizeof(first), &clone, 0, 0);
	bpf_rcu_read_unlock();
	return ret;
}

static bool wanted(void)
{
	return bpf_get_current_task_btf()->tgid == tgid && !runs++;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(awake, struct file *file)
{
	struct bpf_dynptr dynptr;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	read_err = read_first(&dynptr);
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(rcu, struct file *file)
{
	struct bpf_dynptr dynptr;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	bpf_rcu_read_lock();
	read_err = read_first(&dynptr);
	bpf_rcu_read_unlock();
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(preempt, struct file *file)
{
	struct bpf_dynptr dynptr;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	bpf_preempt_disable();
	read_err = read_first(&dynptr);
	bpf_preempt_enable();
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(irq, struct file *file)
{
	struct bpf_dynptr dynptr;
	unsigned long flags;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	bpf_local_irq_save(&flags);
	read_err = read_first(&dynptr);
	bpf_local_irq_restore(&flags);
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(global, struct file *file)
{
	struct bpf_dynptr dynptr;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	read_err = read_in_rcu(&dynptr);
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

SEC("?lsm.s/file_ioctl")
int BPF_PROG(global_clone, struct file *file)
{
	struct bpf_dynptr dynptr;

	if (!wanted())
		return 0;
	err = bpf_dynptr_from_file(file, 0, &dynptr);
	read_err = read_clone_in_rcu(&dynptr);
	bpf_dynptr_file_discard(&dynptr);
	return 0;
}

char _license[] SEC("license") = "GPL";
