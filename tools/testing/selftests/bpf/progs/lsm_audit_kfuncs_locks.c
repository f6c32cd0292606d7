// SPDX-License-Identifier: GPL-2.0-only
/* Under a lock a program may not call what might wait: the verifier refuses it. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "bpf_misc.h"

char _license[] SEC("license") = "GPL";
struct locked {
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct locked);
	__uint(max_entries, 1);
} locks SEC(".maps");

SEC("lsm/file_open")
__failure __msg("function calls are not allowed while holding a lock")
int BPF_PROG(spin_lock, struct file *file)
{
	struct bpf_audit_context *ac;
	struct locked *locked;
	int key = 0;

	locked = bpf_map_lookup_elem(&locks, &key);
	if (!locked)
		return 0;
	bpf_spin_lock(&locked->lock);
	ac = bpf_audit_log_start();
	bpf_spin_unlock(&locked->lock);
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

struct res_locked {
	struct bpf_res_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct res_locked);
	__uint(max_entries, 1);
} res_locks SEC(".maps");

SEC("lsm/file_open")
__failure __msg("function calls are not allowed while holding a lock")
int BPF_PROG(res_spin_lock, struct file *file)
{
	struct bpf_audit_context *ac;
	struct res_locked *locked;
	int key = 0;

	locked = bpf_map_lookup_elem(&res_locks, &key);
	if (!locked || bpf_res_spin_lock(&locked->lock))
		return 0;
	ac = bpf_audit_log_start();
	bpf_res_spin_unlock(&locked->lock);
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}
