// SPDX-License-Identifier: GPL-2.0-only
/*
 * link(2) of a directory into itself. The hook must not be called with the inode of the old
 * dentry locked, which a program may lock.
 */

#include <sys/stat.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_link_directory.skel.h"

static char directory[64], link_name[80], file[80];

/* The errno of link(), or -1 if it does not end. */
static int link_errno(struct lsm_hook_link_directory *skel, const char *old)
{
	int status, tries;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		skel->bss->tgid = getpid();
		_exit(link(old, link_name) ? errno : 0);
	}
	if (!ASSERT_GT(pid, 0, "fork"))
		return -1;
	for (tries = 0; tries < 100; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		usleep(100000);
	}
	/* Without the fix, it does not end even then. */
	kill(pid, SIGKILL);
	usleep(100000);
	waitpid(pid, &status, WNOHANG);
	return -1;
}

void test_lsm_hook_link_directory(void)
{
	struct lsm_hook_link_directory *skel;
	bool locked = false;
	int fd;

	if (libbpf_find_vmlinux_btf_id("path_link", BPF_LSM_MAC) <= 0) {
		printf("%s:SKIP: the kernel has no SECURITY_PATH\n", __func__);
		test__skip();
		return;
	}
	snprintf(directory, sizeof(directory), "/tmp/lsm_hook_link_directory.XXXXXX");
	if (!ASSERT_OK_PTR(mkdtemp(directory), "mkdtemp"))
		return;
	snprintf(link_name, sizeof(link_name), "%s/link", directory);
	snprintf(file, sizeof(file), "%s/file", directory);
	skel = lsm_hook_link_directory__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		goto rmdir;
	if (!ASSERT_OK(lsm_hook_link_directory__attach(skel), "attach"))
		goto destroy;

	if (test__start_subtest("file")) {
		fd = open(file, O_CREAT | O_RDWR, 0600);
		if (ASSERT_OK_FD(fd, "create"))
			close(fd);
		ASSERT_EQ(link_errno(skel, file), 0, "errno of link()");
		ASSERT_EQ(skel->bss->runs, 1, "runs");
		if (skel->bss->err == -EOPNOTSUPP) {
			printf("%s:SKIP: files in /tmp have no such attributes\n", __func__);
			test__skip();
		} else {
			ASSERT_OK(skel->bss->err, "error of bpf_set_dentry_xattr()");
		}
		unlink(link_name);
		unlink(file);
	}
	/* Last, since without the fix the directory stays locked. */
	if (test__start_subtest("directory_into_itself")) {
		skel->bss->runs = 0;
		locked = !ASSERT_EQ(link_errno(skel, directory), EPERM, "errno of link()");
		ASSERT_EQ(skel->bss->runs, 0, "runs");
	}
destroy:
	lsm_hook_link_directory__destroy(skel);
rmdir:
	if (!locked)
		rmdir(directory);
}
