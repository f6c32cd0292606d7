// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

extern const void mount_lock __ksym __weak;

pid_t tgid;
int runs;
int locked;

SEC("lsm/capable")
int BPF_PROG(capable, const struct cred *cred, struct user_namespace *ns, int cap)
{
	seqlock_t *lock = (seqlock_t *)&mount_lock;

	if (bpf_get_current_pid_tgid() >> 32 != tgid)
		return 0;

	runs++;
	locked += BPF_CORE_READ(lock, seqcount.seqcount.sequence) & 1;
	return 0;
}

char name[4096];
int found;

/* Waits for ever, if its caller writes under mount_lock. */
SEC("lsm/capable")
int BPF_PROG(capable_path, const struct cred *cred, struct user_namespace *ns, int cap)
{
	struct file *file;

	if (bpf_get_current_pid_tgid() >> 32 != tgid)
		return 0;

	file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	if (!file)
		return 0;
	found = bpf_path_d_path(&file->f_path, name, sizeof(name));
	bpf_put_file(file);
	runs++;
	return 0;
}

char _license[] SEC("license") = "GPL";
