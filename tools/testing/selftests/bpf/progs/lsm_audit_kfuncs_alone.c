// SPDX-License-Identifier: GPL-2.0-only
/* Each kfunc alone. None of these can be loaded; it's about why not. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "bpf_audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/file_open")
int alone_start(void *ctx)
{
	bpf_audit_log_start();
	return 0;
}

SEC("lsm/file_open")
int alone_end(void *ctx)
{
	bpf_audit_log_end(NULL);
	return 0;
}

SEC("lsm/file_open")
int alone_cause(void *ctx)
{
	return bpf_audit_log_cause(NULL, "x");
}

SEC("lsm/file_open")
int alone_cap(void *ctx)
{
	return bpf_audit_log_cap(NULL, 0);
}

SEC("lsm/file_open")
int alone_path(void *ctx)
{
	return bpf_audit_log_path(NULL, NULL);
}

SEC("lsm/file_open")
int alone_file(void *ctx)
{
	return bpf_audit_log_file(NULL, NULL);
}

SEC("lsm/file_open")
int alone_ioctl_op(void *ctx)
{
	return bpf_audit_log_ioctl_op(NULL, NULL, 0);
}

SEC("lsm/file_open")
int alone_dentry(void *ctx)
{
	return bpf_audit_log_dentry(NULL, NULL);
}

SEC("lsm/file_open")
int alone_inode(void *ctx)
{
	return bpf_audit_log_inode(NULL, NULL);
}

SEC("lsm/file_open")
int alone_task(void *ctx)
{
	return bpf_audit_log_task(NULL, NULL);
}

SEC("lsm/file_open")
int alone_net_sock(void *ctx)
{
	return bpf_audit_log_net_sock(NULL, 0, NULL);
}

SEC("lsm/file_open")
int alone_net_sockaddr(void *ctx)
{
	return bpf_audit_log_net_sockaddr(NULL, 0, NULL, NULL, 0);
}

SEC("lsm/file_open")
int alone_path_at(void *ctx)
{
	return bpf_audit_log_path_at(NULL, NULL, NULL);
}

SEC("lsm/file_open")
int alone_rule(void *ctx)
{
	return bpf_audit_log_rule(NULL, 0);
}
