// SPDX-License-Identifier: GPL-2.0-only
/* Paths looked up in interrupts, and where spinlocks are held. */

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"

#define CLOCK_MONOTONIC 1

struct path_timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct path_timer);
	__uint(max_entries, 1);
} timers SEC(".maps");

pid_t tgid;
bool counts_spinlocks;
char name[256];
int in_task;
int preempt_disabled;
int irqs_disabled;
int softirq;
int timer_kfunc;
int timer_helper;

/* With PREEMPT_RCU, which the vmlinux.h of another kernel knows nothing of. */
struct task_struct___rcu {
	int rcu_read_lock_nesting;
} __attribute__((preserve_access_index));

static bool is_subject(void)
{
	return bpf_get_current_pid_tgid() >> 32 == tgid;
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	if (!is_subject())
		return 0;

	counts_spinlocks = bpf_core_field_exists(struct task_struct___rcu, rcu_read_lock_nesting);
	in_task = bpf_path_d_path(&file->f_path, name, sizeof(name));
	bpf_preempt_disable();
	preempt_disabled = bpf_path_d_path(&file->f_path, name, sizeof(name));
	bpf_preempt_enable();
	return 0;
}

SEC("lsm/file_set_fowner")
void BPF_PROG(file_set_fowner, struct file *file)
{
	if (is_subject())
		irqs_disabled = bpf_path_d_path(&file->f_path, name, sizeof(name));
}

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(socket_sock_rcv_skb, struct sock *sk, struct sk_buff *skb)
{
	struct file *file;

	if (!is_subject() || softirq)
		return 0;

	file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	if (!file)
		return 0;
	softirq = bpf_path_d_path(&file->f_path, name, sizeof(name));
	bpf_put_file(file);
	return 0;
}

static int ring(void *map, int *key, struct path_timer *timer)
{
	struct file *file;

	if (!is_subject())
		goto again;
	file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	if (!file)
		goto again;
	timer_kfunc = bpf_path_d_path(&file->f_path, name, sizeof(name));
	timer_helper = bpf_d_path(&file->f_path, name, sizeof(name));
	bpf_put_file(file);
	return 0;
again:
	bpf_timer_start(&timer->timer, 100000, 0);
	return 0;
}

int timer_error;

SEC("lsm/path_truncate")
int BPF_PROG(path_truncate, const struct path *path)
{
	struct path_timer *timer;
	int key = 0;

	if (!is_subject())
		return 0;

	timer = bpf_map_lookup_elem(&timers, &key);
	if (!timer)
		return 0;
	timer_error = bpf_timer_init(&timer->timer, &timers, CLOCK_MONOTONIC);
	if (timer_error)
		return 0;
	bpf_timer_set_callback(&timer->timer, ring);
	bpf_timer_start(&timer->timer, 0, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
