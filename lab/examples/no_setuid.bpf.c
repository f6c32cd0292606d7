// SPDX-License-Identifier: GPL-2.0-only
/*
 * No new setuid: no file gets a set-user-ID or set-group-ID bit, or capabilities,
 * that it didn't have. Load it when all packages are installed, and mount "nosuid"
 * what comes from elsewhere.
 *
 *	bpftool prog loadall no_setuid.bpf.o /sys/fs/bpf/no_setuid autoattach
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define EPERM		1
#define ATTR_MODE	1
#define S_IFMT		00170000
#define S_IFREG		0100000
#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_IXGRP		0000010
#define __O_TMPFILE	020000000

char _license[] SEC("license") = "GPL";

/* Those that count: a folder's mean something else, as does S_ISGID without S_IXGRP. */
static umode_t setid_bits(umode_t mode)
{
	if ((mode & S_IFMT) != S_IFREG)
		return 0;

	return mode & (mode & S_IXGRP ? S_ISUID | S_ISGID : S_ISUID);
}

static int deny(struct dentry *dentry)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-new-setuid");
		bpf_audit_log_dentry(ac, dentry);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

SEC("lsm/inode_setattr")
int BPF_PROG(inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;

	if (!inode || !(attr->ia_valid & ATTR_MODE) ||
	    !(setid_bits(attr->ia_mode) & ~setid_bits(inode->i_mode)))
		return 0;

	return deny(dentry);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(inode_setxattr, struct mnt_idmap *idmap, struct dentry *dentry, const char *name)
{
	return bpf_strcmp(name, "security.capability") ? 0 : deny(dentry);
}

/* A file may be made with the bits. It has no inode yet: the record has its name. */
SEC("lsm/inode_create")
int BPF_PROG(inode_create, struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return setid_bits(mode) ? deny(dentry) : 0;
}

/* And it may be made without a name, which no other hook can refuse. */
SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!(file->f_flags & __O_TMPFILE) || !setid_bits(file->f_inode->i_mode))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-new-setuid");
		bpf_audit_log_file(ac, file);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}
