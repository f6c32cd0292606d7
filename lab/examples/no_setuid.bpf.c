// SPDX-License-Identifier: GPL-2.0-only
/*
 * No new setuid: no file gets a set-user-ID or set-group-ID bit, or capabilities,
 * that it didn't have. Load it when all packages are installed.
 *
 *	./load no_setuid.bpf.o /sys/fs/bpf/no_setuid
 *
 * What it doesn't hold against:
 * - file systems that bring such files, and other owners for them (an image, FUSE, NFS, an
 *   idmapped mount): mount "nosuid" what comes from elsewhere. Who may mount otherwise
 *   (CAP_SYS_ADMIN) may also write to the disk below a file system;
 * - other contents of a file that has the bits: CAP_FSETID keeps them when it is written
 *   to, and a shared mapping takes no capability. Another name of it, or a btrfs
 *   snapshot, is allowed, too.
 *
 * On overlayfs a file of a lower layer with the bits or with capabilities can't be changed,
 * not even its times: it would be copied, and the copy is a new file.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define EPERM		1
#define FMODE_WRITE	2	/* of file->f_mode; not that of open() */
#define ATTR_MODE	1
#define S_IFMT		00170000
#define S_IFREG		0100000
#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_IXGRP		0000010

char _license[] SEC("license") = "GPL";

/* An older vmlinux.h, as of 6.12, lacks it. */
extern int bpf_strcmp(const char *s1__ign, const char *s2__ign) __weak __ksym;

/* A folder's mean something else. */
static umode_t setid_bits(umode_t mode)
{
	return (mode & S_IFMT) == S_IFREG ? mode & (S_ISUID | S_ISGID) : 0;
}

/* S_ISGID does nothing until the group may execute the file, by its mode or an ACL. */
static bool is_dormant(umode_t mode)
{
	return setid_bits(mode) & S_ISGID && !(mode & S_IXGRP);
}

static int deny(struct dentry *dentry)
{
	bpf_audit(ac, "no-new-setuid")
		bpf_audit_log_dentry(ac, dentry);
	return -EPERM;
}

SEC("lsm/inode_setattr")
int BPF_PROG(inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;

	if (!inode || !(attr->ia_valid & ATTR_MODE) ||
	    (!(setid_bits(attr->ia_mode) & ~setid_bits(inode->i_mode)) &&
	     !(is_dormant(inode->i_mode) && attr->ia_mode & S_ISGID && attr->ia_mode & S_IXGRP)))
		return 0;

	return deny(dentry);
}

SEC("lsm/inode_set_acl")
int BPF_PROG(inode_set_acl, struct mnt_idmap *idmap, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	return inode && is_dormant(inode->i_mode) ? deny(dentry) : 0;
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

/*
 * And it may be made without a name, by O_TMPFILE or by overlayfs for a copy, which no
 * other hook can refuse. One that has lost its name isn't told apart.
 */
SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	if (file->f_inode->i_nlink || !(file->f_mode & FMODE_WRITE) ||
	    !setid_bits(file->f_inode->i_mode))
		return 0;

	bpf_audit(ac, "no-new-setuid")
		bpf_audit_log_file(ac, file);
	return -EPERM;
}
