// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read-only folders for one cgroup: its tasks, and those of the cgroups below it,
 * change nothing in the folders of the map "folders", nor below them. The value there
 * is a number that the records of this folder have, rule-id=; 0 is for what cannot be
 * told to be in one.
 *
 *	case $(stat -f -c %T /srv/data) in
 *	tmpfs | ext2/ext3 | xfs | btrfs) ;;
 *	*)
 *		echo "read_only: the file system of /srv/data may number a folder anew." >&2
 *		exit 1
 *	esac
 *	le64() { printf '%016x\n' "$1" | fold -w 2 | tac; }
 *	IFS=: read -r major minor < <(awk '$1 == "mnt_id:" { mount = $2 }
 *		$1 == mount && $3 ~ ":" { print $3 }' \
 *		/proc/self/fdinfo/3 /proc/self/mountinfo 3</srv/data)
 *	./load read_only.bpf.o /sys/fs/bpf/read_only
 *	bpftool map update pinned /sys/fs/bpf/read_only/maps/cgroup \
 *		key 0 0 0 0 value 3 0 0 0 3</sys/fs/cgroup/confined
 *	bpftool map update pinned /sys/fs/bpf/read_only/maps/folders \
 *		key hex $(le64 "$(stat -c %i /srv/data)") \
 *		$(le64 $((major << 20 | minor))) value hex $(le64 1)
 *
 * A folder is known by its number and its file system's, which stay what they are
 * wherever it is mounted or moved. On others they don't: overlayfs and FAT give it another
 * number when it was forgotten. (Mark the layer of an overlay that is written to.) On
 * btrfs, numbers are those of a subvolume, and the file system's is the same for all of
 * them: folders with that number in other subvolumes are read-only, too, and so is the
 * folder in a snapshot of its subvolume. All subvolumes themselves have the same number:
 * with one of them as the folder, all of the file system is read-only.
 *
 * What it doesn't hold against:
 * - what was opened for writing, or mapped, before, or by a task outside that passes it on;
 * - a file's other name outside of the folders, if it has one already;
 * - other trees: what is mounted below a folder, a snapshot of the disk. Mark their
 *   roots, too;
 * - who replaces the folder: it is protected, not its path. On btrfs, a folder that is a
 *   subvolume can be deleted by an ioctl() on the one above it. (By its number it can't,
 *   nor any other subvolume: the number doesn't tell where it is.)
 * - tasks with privileges: to write to the disk below, to leave the cgroup, to make
 *   another task do it (ptrace, a service that takes orders), to use BPF.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define EPERM		1
#define FMODE_WRITE	2	/* of file->f_mode; not that of open() */
#define DCACHE_DISCONNECTED 0x20	/* of 6.12 it isn't in vmlinux.h */
#define DEEPEST		256	/* components of a path that are looked at */

/* What only reads, or changes the open file alone. */
#define TCGETS		0x5401
#define FIONREAD	0x541b
#define FIONBIO		0x5421
#define FIONCLEX	0x5450
#define FIOCLEX		0x5451
#define FIOASYNC	0x5452
#define FIOQSIZE	0x5460
#define FS_IOC_GETFLAGS	0x80086601
#define FS_IOC_FIEMAP	0xc020660b
#define FS_IOC_FSGETXATTR 0x801c581f
/* What changes something else than the file that it is asked of. */
#define BTRFS_IOC_SNAP_DESTROY_V2 0x5000943f

char _license[] SEC("license") = "GPL";

struct folder {
	__u64 ino;
	__u64 dev;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct folder);
	__type(value, __u64);
} folders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroup SEC(".maps");

/* Whether it is in a folder, and that one's rule: 0 where nothing leads to one. */
static bool is_read_only(struct dentry *dentry, __u64 *rule)
{
	__u64 *found;
	int i;

	*rule = 0;
	bpf_for(i, 0, DEEPEST) {
		struct inode *inode = dentry->d_inode;
		struct folder folder = {};

		/* What is yet to be made has none. */
		if (inode) {
			folder.ino = inode->i_ino;
			folder.dev = inode->i_sb->s_dev;
		}
		found = bpf_map_lookup_elem(&folders, &folder);
		if (found) {
			*rule = *found;
			return true;
		}
		/* open_by_handle_at() finds a file without knowing where it is. */
		if (dentry == dentry->d_parent)
			return dentry->d_flags & DCACHE_DISCONNECTED;
		dentry = dentry->d_parent;
	}

	return true;	/* nobody goes so deep but to hide */
}

static bool is_confined(void)
{
	return bpf_current_task_under_cgroup(&cgroup, 0) == 1;
}

static bool is_denied(struct dentry *dentry, __u64 *rule)
{
	return is_confined() && is_read_only(dentry, rule);
}

static int deny_file(struct file *file, __u64 rule)
{
	bpf_audit(ac, "read-only-path") {
		bpf_audit_log_rule(ac, rule);
		bpf_audit_log_file(ac, file);
	}
	return -EPERM;
}

static int change_file(struct file *file)
{
	__u64 rule;

	return is_denied(file->f_path.dentry, &rule) ? deny_file(file, rule) : 0;
}

static int change(struct dentry *dentry)
{
	__u64 rule;

	if (!is_denied(dentry, &rule))
		return 0;

	bpf_audit(ac, "read-only-path") {
		bpf_audit_log_rule(ac, rule);
		bpf_audit_log_dentry(ac, dentry);
	}
	return -EPERM;
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	return file->f_mode & FMODE_WRITE ? change_file(file) : 0;
}

/* Some change what is only open for reading: flags, subvolumes, encryption. */
static int control(struct file *file, unsigned int cmd)
{
	switch (cmd) {
	case TCGETS:
	case FIONREAD:
	case FIONBIO:
	case FIONCLEX:
	case FIOCLEX:
	case FIOASYNC:
	case FIOQSIZE:
	case FS_IOC_GETFLAGS:
	case FS_IOC_FIEMAP:
	case FS_IOC_FSGETXATTR:
		return 0;
	case BTRFS_IOC_SNAP_DESTROY_V2:
		/* It may name any subvolume of the file system, by its number. */
		return is_confined() ? deny_file(file, 0) : 0;
	}
	return change_file(file);
}

SEC("lsm/file_ioctl")
int BPF_PROG(file_ioctl, struct file *file, unsigned int cmd)
{
	return control(file, cmd);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(file_ioctl_compat, struct file *file, unsigned int cmd)
{
	return control(file, cmd);
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
