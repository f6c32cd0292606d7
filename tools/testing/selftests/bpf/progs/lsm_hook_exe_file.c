// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"

pid_t tgid;
u64 ino;
int pauses;
int runs;
int missing;
int others;
bool of_current;
bool of_task;

/* A reader waits in the look at a file until it is released. */
pid_t held_tgid;
bool held;
bool released;
bool gave_up;

pid_t watcher_tgid;
u64 mm;

static bool has_exe_file(struct task_struct *task)
{
	struct file *file = bpf_get_task_exe_file(task);

	if (!file)
		return false;
	if (ino && file->f_inode->i_ino != ino)
		others++;
	bpf_put_file(file);
	return true;
}

static int look_at(struct task_struct *task)
{
	struct task_struct *current = bpf_get_current_task_btf();

	if (current->tgid != tgid)
		return 0;

	runs++;
	of_current = has_exe_file(current);
	of_task = has_exe_file(task);
	return 0;
}

SEC("lsm/task_setrlimit")
int BPF_PROG(setrlimit, struct task_struct *task)
{
	return look_at(task);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace, struct task_struct *task)
{
	return look_at(task);
}

SEC("lsm/task_kill")
int BPF_PROG(kill, struct task_struct *task)
{
	if (bpf_get_current_task_btf()->tgid != tgid)
		return 0;

	runs++;
	if (!has_exe_file(task))
		missing++;
	return 0;
}

static int spend_time(u32 i, void *unused)
{
	return 0;
}

static int wait_for_release(u32 i, u64 *end)
{
	return released || bpf_ktime_get_ns() > *end;
}

/* One loop is at most BPF_MAX_LOOPS long. */
static int wait_on(u32 i, u64 *end)
{
	bpf_loop(1 << 20, wait_for_release, end, 0);
	return wait_for_release(i, end);
}

/* Widens the window between the look at the task's mm and that at the mm's file. */
SEC("fentry/get_file_active")
int BPF_PROG(get_file, struct file **file)
{
	pid_t current_tgid = bpf_get_current_task_btf()->tgid;
	u64 end;

	if (pauses && current_tgid == tgid)
		bpf_loop(pauses, spend_time, NULL, 0);

	if (held_tgid && current_tgid == held_tgid && !held) {
		held = true;
		end = bpf_ktime_get_ns() + 10 * 1000000000ULL;
		bpf_loop(1 << 10, wait_on, &end, 0);
		gave_up = !released;
	}
	return 0;
}

SEC("lsm/task_kill")
int BPF_PROG(watch, struct task_struct *task)
{
	if (watcher_tgid && bpf_get_current_task_btf()->tgid == watcher_tgid)
		mm = (u64)task->mm;
	return 0;
}

char _license[] SEC("license") = "GPL";
