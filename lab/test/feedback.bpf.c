// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that report everything, on hooks that a record passes again on its
 * way to the audit log.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit.h"

char _license[] SEC("license") = "GPL";

/* All records, those of auditd and of kauditd, and how often these two came here. */
__u64 records, auditd_records, kauditd_records, runs;

static int report(void)
{
	struct bpf_audit_context *ac;
	bool auditd, kauditd;
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	/* What reads these counters is no part of the load. */
	if (!bpf_strncmp(comm, 8, "bpftool"))
		return 0;
	auditd = !bpf_strncmp(comm, 7, "auditd");
	kauditd = !bpf_strncmp(comm, 8, "kauditd");
	if (auditd || kauditd)
		__sync_fetch_and_add(&runs, 1);

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_cause(ac, "feedback");
	bpf_audit_log_end(ac);
	__sync_fetch_and_add(&records, 1);
	if (auditd)
		__sync_fetch_and_add(&auditd_records, 1);
	if (kauditd)
		__sync_fetch_and_add(&kauditd_records, 1);
	return 0;
}

#define REPORT(hook)			\
SEC("lsm/" #hook)			\
int hook(void *args)			\
{					\
	return report();		\
}

/* A record is sent, received and stored. */
REPORT(socket_sock_rcv_skb)
REPORT(socket_recvmsg)
REPORT(sb_statfs)
REPORT(file_permission)

/* The daemon starts another file, and asks audit who told it to. */
REPORT(inode_permission)
REPORT(inode_setattr)
REPORT(inode_rename)
REPORT(inode_create)
REPORT(file_open)
REPORT(netlink_send)
REPORT(capable)
