// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first attempt to load a program of systemd's fails, as where the capability is
 * not enough. Each has to be followed by another, which may succeed: for restrict-fs,
 * an object of one program, every other; for userns-restrict, whose later ones come
 * from short-lived workers, the first. libbpf itself tries a program again for the
 * verifier's log: that is the same attempt.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1

char _license[] SEC("license") = "GPL";

int restrict_fs_attempts;
int userns_attempts;
int refused;

SEC("lsm/bpf_prog_load")
int BPF_PROG(refuse, struct bpf_prog *prog, union bpf_attr *attr, struct bpf_token *token, bool kernel)
{
	char name[16];
	bool again = attr->log_level;
	bool deny;

	bpf_probe_read_kernel(name, sizeof(name), prog->aux->name);
	if (!bpf_strncmp(name, 12, "restrict_fil")) {
		restrict_fs_attempts += !again;
		deny = restrict_fs_attempts % 2;
	} else if (!bpf_strncmp(name, 15, "userns_restrict")) {
		userns_attempts += !again;
		deny = userns_attempts == 1;
	} else {
		return 0;
	}
	if (!deny)
		return 0;
	__sync_fetch_and_add(&refused, 1);
	return -EPERM;
}
