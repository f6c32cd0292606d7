// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read-only path for one cgroup: its tasks, and those of the cgroups below it,
 * change nothing in the folders of the map "folders", nor below them.
 *
 *	bpftool prog loadall read_only.bpf.o /sys/fs/bpf/read_only autoattach \
 *		pinmaps /sys/fs/bpf/read_only/maps
 *	bpftool map update pinned /sys/fs/bpf/read_only/maps/cgroup \
 *		key 0 0 0 0 value 3 0 0 0 3</sys/fs/cgroup/confined
 *	le64() { printf '%016x\n' "$1" | fold -w 2 | tac; }
 *	bpftool map update pinned /sys/fs/bpf/read_only/maps/folders \
 *		key hex $(le64 "$(stat -c %i /srv/data)") \
 *		$(le64 $(($(stat -c '%Hd << 20 | %Ld' /srv/data)))) value hex 1
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define EPERM		1
#define FMODE_WRITE	2	/* of file->f_mode; not that of open() */
#define DEEPEST		256	/* components of a path that are looked at */

char _license[] SEC("license") = "GPL";

/*
 * A folder is known by its number and its file system's, which stay what they
 * are wherever it is mounted or moved. A file system that is mounted below it
 * is another tree: add its root.
 */
struct folder {
	__u64 ino;
	__u64 dev;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct folder);
	__type(value, __u8);
} folders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroup SEC(".maps");

static bool is_read_only(struct dentry *dentry)
{
	int i;

	bpf_for(i, 0, DEEPEST) {
		struct inode *inode = dentry->d_inode;
		struct folder folder = {};

		/* What is yet to be made has none. */
		if (inode) {
			folder.ino = inode->i_ino;
			folder.dev = inode->i_sb->s_dev;
		}
		if (bpf_map_lookup_elem(&folders, &folder))
			return true;
		if (dentry == dentry->d_parent)
			return false;
		dentry = dentry->d_parent;
	}

	return true;	/* nobody goes so deep but to hide */
}

static bool is_denied(struct dentry *dentry)
{
	return bpf_current_task_under_cgroup(&cgroup, 0) == 1 && is_read_only(dentry);
}

/* Whatever is open for writing already stays so. */
SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!(file->f_mode & FMODE_WRITE) || !is_denied(file->f_path.dentry))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "read-only-path");
		bpf_audit_log_file(ac, file);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

static int change(struct dentry *dentry)
{
	struct bpf_audit_context *ac;

	if (!is_denied(dentry))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "read-only-path");
		bpf_audit_log_dentry(ac, dentry);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* A hook may be declared without the arguments that come after those it needs. */
#define CHANGE(hook, args...) \
	SEC("lsm/" #hook) int BPF_PROG(hook, args) { return change(dentry); }

CHANGE(inode_create, struct inode *dir, struct dentry *dentry)
CHANGE(inode_mkdir, struct inode *dir, struct dentry *dentry)
CHANGE(inode_mknod, struct inode *dir, struct dentry *dentry)
CHANGE(inode_symlink, struct inode *dir, struct dentry *dentry)
CHANGE(inode_unlink, struct inode *dir, struct dentry *dentry)
CHANGE(inode_rmdir, struct inode *dir, struct dentry *dentry)
CHANGE(inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry)
CHANGE(inode_file_setattr, struct dentry *dentry)
CHANGE(inode_setxattr, struct mnt_idmap *idmap, struct dentry *dentry)
CHANGE(inode_removexattr, struct mnt_idmap *idmap, struct dentry *dentry)
CHANGE(inode_set_acl, struct mnt_idmap *idmap, struct dentry *dentry)
CHANGE(inode_remove_acl, struct mnt_idmap *idmap, struct dentry *dentry)

/* A file that gets a name elsewhere could be changed there. (One that has it can.) */
SEC("lsm/inode_link")
int BPF_PROG(inode_link, struct dentry *old, struct inode *dir, struct dentry *new)
{
	return change(old) ?: change(new);
}

SEC("lsm/inode_rename")
int BPF_PROG(inode_rename, struct inode *old_dir, struct dentry *old,
	     struct inode *new_dir, struct dentry *new)
{
	return change(old) ?: change(new);
}
