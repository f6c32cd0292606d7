// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_get_task_exe_file() must not wait for task_lock() where the caller of the hook
 * holds it, as that of task_setrlimit does. Where the caller can be preempted, it does not,
 * and others must not be able to make it fail: whoever reads /proc/PID/statm takes that lock.
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

#define ATTEMPTS 50000

static pid_t start_reader(pid_t pid)
{
	pid_t reader = fork();
	char path[32], buf[64];

	if (reader == 0) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/statm", pid);
		fd = open(path, O_RDONLY);
		while (pread(fd, buf, sizeof(buf), 0) > 0)
			;
		_exit(0);
	}
	return reader;
}

static void end(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void read_by_others(void)
{
	pid_t pid = -1, readers[2] = { -1, -1 };
	struct lsm_hook_exe_file *skel;
	int i;

	skel = lsm_hook_exe_file__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		return;
	if (!ASSERT_OK(lsm_hook_exe_file__attach(skel), "attach"))
		goto destroy;

	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	for (i = 0; i < ARRAY_SIZE(readers); i++)
		readers[i] = start_reader(pid);
	if (!ASSERT_GT(pid, 0, "fork") || !ASSERT_GT(readers[0], 0, "fork") ||
	    !ASSERT_GT(readers[1], 0, "fork"))
		goto end;

	skel->bss->tgid = getpid();
	for (i = 0; i < ATTEMPTS; i++)
		kill(pid, 0);
	skel->bss->tgid = 0;
	ASSERT_EQ(skel->bss->runs, ATTEMPTS, "runs");
	ASSERT_EQ(skel->bss->missing, 0, "calls without a file");
end:
	for (i = 0; i < ARRAY_SIZE(readers); i++)
		end(readers[i]);
	end(pid);
destroy:
	lsm_hook_exe_file__destroy(skel);
}

void test_lsm_hook_exe_file(void)
{
	if (test__start_subtest("current"))
		under_task_lock(0, true);
	if (test__start_subtest("other_process"))
		other_process();
	if (test__start_subtest("read_by_others"))
		read_by_others();
}
