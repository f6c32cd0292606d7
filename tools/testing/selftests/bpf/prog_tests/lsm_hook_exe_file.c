// SPDX-License-Identifier: GPL-2.0-only
/*
 * task_setrlimit is called under task_lock(), which bpf_get_task_exe_file() must not
 * wait for.
 */

#include <sys/resource.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_exe_file.skel.h"

static void under_task_lock(pid_t pid, bool of_task)
{
	struct lsm_hook_exe_file *skel;
	struct rlimit limit;

	skel = lsm_hook_exe_file__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		return;
	if (!ASSERT_OK(lsm_hook_exe_file__attach(skel), "attach") ||
	    !ASSERT_OK(getrlimit(RLIMIT_CORE, &limit), "getrlimit"))
		goto destroy;

	skel->bss->tgid = getpid();
	ASSERT_OK(prlimit(pid, RLIMIT_CORE, &limit, NULL), "prlimit");
	skel->bss->tgid = 0;
	ASSERT_EQ(skel->bss->runs, 1, "runs");
	ASSERT_TRUE(skel->bss->of_current, "file of the current task");
	ASSERT_EQ(skel->bss->of_task, of_task, "file of the task that is locked");
destroy:
	lsm_hook_exe_file__destroy(skel);
}

static void other_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (!ASSERT_GT(pid, 0, "fork"))
		return;
	under_task_lock(pid, false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void test_lsm_hook_exe_file(void)
{
	if (test__start_subtest("current"))
		under_task_lock(0, true);
	if (test__start_subtest("other_process"))
		other_process();
}
