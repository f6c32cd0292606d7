// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fork() that fails frees the new task whoever holds a reference, so programs must not be
 * able to acquire the task before.
 */

#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_new_task.skel.h"

static void fork_with(struct lsm_hook_new_task *skel, bool fail)
{
	pid_t pid;

	skel->bss->runs = 0;
	skel->bss->early = 0;
	skel->bss->late = 0;
	skel->bss->denied = fail;
	skel->bss->tgid = getpid();
	pid = fork();
	if (pid == 0)
		_exit(0);
	skel->bss->tgid = 0;
	if (pid > 0)
		waitpid(pid, NULL, 0);

	ASSERT_EQ(pid < 0, fail, "fork fails");
	ASSERT_EQ(skel->bss->runs, 1, "runs");
	ASSERT_EQ(skel->bss->early, 0, "acquired before fork() cannot fail");
	ASSERT_EQ(skel->bss->late, !fail, "acquired after that");
}

void test_lsm_hook_new_task(void)
{
	struct lsm_hook_new_task *skel = lsm_hook_new_task__open_and_load();

	if (ASSERT_OK_PTR(skel, "open_and_load") &&
	    ASSERT_OK(lsm_hook_new_task__attach(skel), "attach")) {
		if (test__start_subtest("fork"))
			fork_with(skel, false);
		if (test__start_subtest("failing_fork"))
			fork_with(skel, true);
	}
	lsm_hook_new_task__destroy(skel);
}
