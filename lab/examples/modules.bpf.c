// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules are loaded from the root file system only, below its root directory, of which
 * one may know that it is read-only or verified. The cause tells why one was denied: it
 * came from elsewhere, or from memory, so that there is no file to judge.
 *
 *	./load modules.bpf.o /sys/fs/bpf/modules
 *
 * What it doesn't hold against:
 * - who can write to the root file system, or to the disk below it, if it is neither
 *   read-only nor verified; on btrfs, a subvolume in the root's may be written to though
 *   that isn't;
 * - who can change the root of process 1 (pivot_root() in its mount namespace, ptrace);
 * - who can change the kernel without a module: kexec, /dev/mem, BPF (lockdown keeps all of
 *   these away).
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define EPERM	1
#define DEEPEST	256	/* components of a path that are looked at */

char _license[] SEC("license") = "GPL";

/* Not every kernel, and so not every vmlinux.h, has this one. */
enum kernel_read_file_id___compressed {
	READING_MODULE_COMPRESSED___compressed = 1,
};

/* The numbers of an enum may differ in the kernel that runs: CO-RE asks it. */
static bool is_module(enum kernel_read_file_id id)
{
	return id == bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE) ||
	       (bpf_core_enum_value_exists(enum kernel_read_file_id___compressed,
					   READING_MODULE_COMPRESSED___compressed) &&
		id == bpf_core_enum_value(enum kernel_read_file_id___compressed,
					  READING_MODULE_COMPRESSED___compressed));
}

/* The root of process 1: that of the caller is what the caller makes it. */
static bool is_on_root(struct file *file)
{
	struct task_struct *init = bpf_task_from_pid(1);
	struct dentry *dentry = file->f_path.dentry, *root;
	int i;

	if (!init)
		return false;
	root = BPF_CORE_READ(init, fs, root.dentry);
	bpf_task_release(init);

	/* The subvolumes of a btrfs are one file system: it isn't enough to be on the same. */
	for (i = 0; i < DEEPEST; i++) {
		if (dentry == root)
			return true;
		dentry = dentry->d_parent;
	}
	return false;
}

/* finit_module() */
SEC("lsm.s/kernel_read_file")
int BPF_PROG(read_module, struct file *file, enum kernel_read_file_id id)
{
	if (!is_module(id) || is_on_root(file))
		return 0;

	bpf_audit(ac, "module-not-on-root")
		bpf_audit_log_file(ac, file);
	return -EPERM;
}

/* init_module() */
SEC("lsm/kernel_load_data")
int BPF_PROG(load_module, enum kernel_load_data_id id)
{
	if (id != bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE))
		return 0;

	bpf_audit(ac, "module-from-memory");
	return -EPERM;
}
