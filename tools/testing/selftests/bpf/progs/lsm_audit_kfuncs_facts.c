// SPDX-License-Identifier: GPL-2.0-only
/* A program on each hook that is given a directory and an entry in it. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "lsm_audit_kfuncs_facts.h"

char _license[] SEC("license") = "GPL";

__u32 tgid;
__u32 runs;
__u64 rule;
int extra;
struct side sides[2];

/* The test fills it in before the program loads. */
const char cause[256] = {};

static __always_inline void fields(struct bpf_audit_context *ac, const struct path *dir,
				   struct dentry *dentry, struct dentry *other,
				   struct side *side)
{
	if (extra == EXTRA_FIRST)
		side->extra = bpf_audit_log_path(ac, dir);
	side->path_at = bpf_audit_log_path_at(ac, dir, dentry);
	if (extra == EXTRA_LONG) {
		side->extra = bpf_audit_log_cause(ac, cause);
		if (!side->extra)
			side->extra = bpf_audit_log_dentry(ac, dentry);
	}
	side->rule = bpf_audit_log_rule(ac, rule);
	if (extra == EXTRA_AGAIN) {
		side->extra = bpf_audit_log_path_at(ac, dir, dentry);
		side->rule_again = bpf_audit_log_rule(ac, rule);
	}
	if (extra == EXTRA_OTHER)
		side->extra = bpf_audit_log_dentry(ac, other);
	if (extra == EXTRA_PATH)
		side->extra = bpf_audit_log_path(ac, dir);
}

static __always_inline void record(const struct path *dir, struct dentry *dentry,
				   struct dentry *other, struct side *side)
{
	struct bpf_audit_context *ac;

	if (!tgid || bpf_get_current_pid_tgid() >> 32 != tgid)
		return;

	runs++;
	ac = bpf_audit_log_start();
	if (!ac)
		return;
	if (extra == EXTRA_ATOMIC) {
		bpf_preempt_disable();
		fields(ac, dir, dentry, other, side);
		bpf_preempt_enable();
	} else {
		fields(ac, dir, dentry, other, side);
	}
	bpf_audit_log_end(ac);
}

SEC("lsm/path_mkdir")
int BPF_PROG(on_mkdir, const struct path *dir, struct dentry *dentry)
{
	record(dir, dentry, dentry, &sides[1]);
	return 0;
}

SEC("lsm/path_mknod")
int BPF_PROG(on_mknod, const struct path *dir, struct dentry *dentry)
{
	record(dir, dentry, dentry, &sides[1]);
	return 0;
}

SEC("lsm/path_symlink")
int BPF_PROG(on_symlink, const struct path *dir, struct dentry *dentry)
{
	record(dir, dentry, dentry, &sides[1]);
	return 0;
}

SEC("lsm.s/path_unlink")
int BPF_PROG(on_unlink, const struct path *dir, struct dentry *dentry)
{
	record(dir, dentry, dentry, &sides[0]);
	return 0;
}

SEC("lsm/path_rmdir")
int BPF_PROG(on_rmdir, const struct path *dir, struct dentry *dentry)
{
	record(dir, dentry, dentry, &sides[0]);
	return 0;
}

/* The directory of the old one isn't given; it may be the same. */
SEC("lsm.s/path_link")
int BPF_PROG(on_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	record(new_dir, old_dentry, new_dentry, &sides[0]);
	record(new_dir, new_dentry, old_dentry, &sides[1]);
	return 0;
}

SEC("lsm/path_rename")
int BPF_PROG(on_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry)
{
	record(old_dir, old_dentry, new_dentry, &sides[0]);
	record(new_dir, new_dentry, old_dentry, &sides[1]);
	return 0;
}
