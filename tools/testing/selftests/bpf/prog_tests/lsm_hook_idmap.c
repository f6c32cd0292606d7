// SPDX-License-Identifier: GPL-2.0-only
/* Whoever idmaps a mount is asked for the capability before mount_lock is taken. */

#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "trace_helpers.h"
#include "lsm_hook_idmap.skel.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static int write_map(pid_t pid, const char *which)
{
	static const char map[] = "0 0 1";
	char name[64];
	int fd, len;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, which);
	fd = open(name, O_WRONLY);
	if (fd < 0)
		return -1;
	len = write(fd, map, strlen(map));
	close(fd);
	return len < 0 ? -1 : 0;
}

/* A user namespace with mappings. */
static int open_user_namespace(void)
{
	char name[64], byte;
	int ready[2], fd = -1;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		if (!unshare(CLONE_NEWUSER) && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (pid > 0) {
		if (read(ready[0], &byte, 1) == 1 && !write_map(pid, "uid_map") &&
		    !write_map(pid, "gid_map")) {
			snprintf(name, sizeof(name), "/proc/%d/ns/user", pid);
			fd = open(name, O_RDONLY);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ready[0]);
	return fd;
}

static int mount_tmpfs(void)
{
	int fs = syscall(SYS_fsopen, "tmpfs", 0), mnt = -1;

	if (fs >= 0) {
		if (!syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
			mnt = syscall(SYS_fsmount, fs, 0, 0);
		close(fs);
	}
	return mnt;
}

/* Runs one of the programs while a mount is idmapped. */
static struct lsm_hook_idmap *run_during_idmap(const char *name)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	struct lsm_hook_idmap *skel;
	struct bpf_program *prog;
	int ns = -1, mnt = -1;

	skel = lsm_hook_idmap__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		return NULL;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	if (!ASSERT_OK(lsm_hook_idmap__load(skel), "load")) {
		lsm_hook_idmap__destroy(skel);
		return NULL;
	}
	ns = open_user_namespace();
	mnt = mount_tmpfs();
	if (ns < 0) {
		printf("%s:SKIP: no user namespace can be made\n", __func__);
		test__skip();
		goto close;
	}
	if (!ASSERT_OK_FD(mnt, "tmpfs") ||
	    !ASSERT_OK(lsm_hook_idmap__attach(skel), "attach"))
		goto close;

	attr.userns_fd = ns;
	skel->bss->tgid = getpid();
	ASSERT_OK(syscall(SYS_mount_setattr, mnt, "", AT_EMPTY_PATH, &attr, sizeof(attr)),
		  "idmap it");
	skel->bss->tgid = 0;
	ASSERT_GT(skel->bss->runs, 0, "runs");
close:
	close(mnt);
	close(ns);
	return skel;
}

static void capability(void)
{
	struct lsm_hook_idmap *skel;
	unsigned long long address;
	bool locked = true;
	int i;

	/* Not with kptr_restrict, or without KALLSYMS_ALL. */
	if (kallsyms_find("mount_lock", &address) || !address) {
		printf("%s:SKIP: the kernel doesn't tell where mount_lock is\n", __func__);
		test__skip();
		return;
	}

	/* Others may have it: they mount, too. */
	for (i = 0; i < 5 && locked; i++) {
		skel = run_during_idmap("capable");
		if (!skel)
			return;
		locked = skel->bss->locked;
		lsm_hook_idmap__destroy(skel);
	}
	ASSERT_FALSE(locked, "runs under mount_lock, each time");
}

static void finds_path(void)
{
	struct lsm_hook_idmap *skel = run_during_idmap("capable_path");

	if (!skel)
		return;
	if (skel->bss->runs)
		ASSERT_GT(skel->bss->found, 1, "length of the path");
	lsm_hook_idmap__destroy(skel);
}

/* No mount of the tree needs more than the change itself. */
static void recursive(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
	int mnt = mount_tmpfs();

	if (!ASSERT_OK_FD(mnt, "tmpfs"))
		return;
	ASSERT_OK(syscall(SYS_mount_setattr, mnt, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
			  sizeof(attr)), "change a tree");
	close(mnt);
}

void test_lsm_hook_idmap(void)
{
	if (test__start_subtest("capability"))
		capability();
	if (test__start_subtest("path"))
		finds_path();
	if (test__start_subtest("recursive"))
		recursive();
}
