// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task that exits releases its last files after it has given up its root
 * directory. d_path() has to work there, too.
 */

#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_exit_path.skel.h"

static const char name[] = "/tmp/lsm_hook_exit_path";

static void leave_open(struct lsm_hook_exit_path *skel)
{
	skel->bss->tgid = getpid();
	_exit(open(name, O_CREAT | O_RDWR, 0600) < 0);
}

static void at_exit(void)
{
	struct lsm_hook_exit_path *skel;
	int status;
	pid_t pid;

	skel = lsm_hook_exit_path__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		return;
	if (!ASSERT_OK(lsm_hook_exit_path__attach(skel), "attach"))
		goto destroy;

	pid = fork();
	if (pid == 0)
		leave_open(skel);
	if (!ASSERT_GT(pid, 0, "fork") || !ASSERT_EQ(waitpid(pid, &status, 0), pid, "waitpid"))
		goto destroy;
	ASSERT_EQ(status, 0, "status of the child");
	/* It is released before the parent is told. */
	ASSERT_GT(skel->bss->runs, 0, "files released without a root directory");
	ASSERT_EQ(skel->bss->len, sizeof(name), "length of the path");
	ASSERT_STREQ(skel->bss->path, name, "path");
	unlink(name);
destroy:
	lsm_hook_exit_path__destroy(skel);
}

void test_lsm_hook_exit_path(void)
{
	if (test__start_subtest("at_exit"))
		at_exit();
}
