// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deny directories whose name begins with PREFIX, and tell the audit log.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM	1
#define PREFIX	"testsuite-bpf-lsm-"

struct qstr {
	const unsigned char *name;
} __attribute__((preserve_access_index));

struct dentry {
	struct qstr d_name;
} __attribute__((preserve_access_index));

/* libbpf wants a structure to stand for one: no forward declaration. */
struct bpf_audit_context {
};

extern struct bpf_audit_context *bpf_audit_log_start(void) __weak __ksym;
extern int bpf_audit_log_cause(struct bpf_audit_context *ac,
			       const char *cause__str) __weak __ksym;
extern int bpf_audit_log_dentry(struct bpf_audit_context *ac,
				struct dentry *dentry) __weak __ksym;
extern void bpf_audit_log_end(struct bpf_audit_context *ac) __weak __ksym;

char _license[] SEC("license") = "GPL";

SEC("lsm/inode_mkdir")
int BPF_PROG(deny_mkdir, struct inode *dir, struct dentry *dentry,
	     unsigned short mode)
{
	char name[sizeof(PREFIX)];
	struct bpf_audit_context *ac;

	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	if (bpf_strncmp(name, sizeof(name), PREFIX))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no \"testsuite\" here");
		bpf_audit_log_dentry(ac, dentry);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}
