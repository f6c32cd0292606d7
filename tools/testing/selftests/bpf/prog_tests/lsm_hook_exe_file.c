// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_get_task_exe_file() must not need task_lock(): the callers of task_setrlimit and
 * ptrace_access_check hold it, and others, who can take it by reading /proc/PID/statm, must not
 * be able to make it fail. Nor must it find the file of another process in a task's old mm.
 */

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_exe_file.skel.h"

#define ATTEMPTS 50000
#define PAUSES 2000
#define PAUSE 10000 /* iterations: some 100 us */

static struct lsm_hook_exe_file *skel;

static bool attach(void)
{
	skel = lsm_hook_exe_file__open_and_load();
	return ASSERT_OK_PTR(skel, "open_and_load") &&
	       ASSERT_OK(lsm_hook_exe_file__attach(skel), "attach");
}

/* A process that waits, alone in its group. */
static pid_t start_waiting(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid > 0)
		setpgid(pid, pid);
	return pid;
}

static void end(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void check_files(void)
{
	skel->bss->tgid = 0;
	ASSERT_EQ(skel->bss->runs, 1, "runs");
	ASSERT_TRUE(skel->bss->of_current, "file of the current task");
	ASSERT_TRUE(skel->bss->of_task, "file of the task that is locked");
}

static void set_limit(pid_t pid)
{
	struct rlimit limit;

	if (!ASSERT_OK(getrlimit(RLIMIT_CORE, &limit), "getrlimit"))
		return;
	skel->bss->tgid = getpid();
	ASSERT_OK(prlimit(pid, RLIMIT_CORE, &limit, NULL), "prlimit");
	check_files();
}

static void read_link(pid_t pid)
{
	char path[32], link[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	skel->bss->tgid = getpid();
	ASSERT_GT(readlink(path, link, sizeof(link)), 0, "readlink");
	check_files();
}

static void of_other_process(void (*act)(pid_t pid))
{
	pid_t pid = start_waiting();

	if (ASSERT_GT(pid, 0, "fork") && attach())
		act(pid);
	lsm_hook_exe_file__destroy(skel);
	end(pid);
}

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

/* PID, or the group -PID: then kill() holds tasklist_lock, and cannot be preempted. */
static void kill_often(pid_t pid, int attempts)
{
	int i;

	skel->bss->runs = 0;
	skel->bss->tgid = getpid();
	for (i = 0; i < attempts; i++)
		kill(pid, 0);
	skel->bss->tgid = 0;
	ASSERT_EQ(skel->bss->runs, attempts, "runs");
	ASSERT_EQ(skel->bss->missing, 0, "calls without a file");
	ASSERT_EQ(skel->bss->others, 0, "calls with the file of another process");
}

static void read_by_others(void)
{
	pid_t pid = start_waiting(), readers[2] = { -1, -1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(readers); i++)
		readers[i] = start_reader(pid);
	if (ASSERT_GT(pid, 0, "fork") && ASSERT_GT(readers[0], 0, "fork") &&
	    ASSERT_GT(readers[1], 0, "fork") && attach()) {
		kill_often(pid, ATTEMPTS);
		kill_often(-pid, ATTEMPTS);
	}
	lsm_hook_exe_file__destroy(skel);
	for (i = 0; i < ARRAY_SIZE(readers); i++)
		end(readers[i]);
	end(pid);
}

/* A process that does nothing but fork, so that an mm which is left finds a new owner. */
static pid_t start_forker(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;) {
			pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	return pid;
}

static void executing(void)
{
	static const char text[] = "#!/bin/sh\nexec \"$0\"\n";
	char script[] = "/tmp/lsm_hook_exe_file_XXXXXX";
	pid_t pid = -1, forker = -1;
	struct stat shell;
	int fd, written;

	fd = mkstemp(script);
	if (!ASSERT_GE(fd, 0, "mkstemp"))
		return;
	written = write(fd, text, strlen(text));
	fchmod(fd, 0700);
	close(fd);
	if (!ASSERT_EQ(written, strlen(text), "write") ||
	    !ASSERT_OK(stat("/bin/sh", &shell), "stat"))
		goto unlink;

	pid = fork();
	if (pid == 0) {
		execl(script, script, NULL);
		_exit(1);
	}
	forker = start_forker();
	usleep(500000); /* Until it is the shell. */
	if (ASSERT_GT(pid, 0, "fork") && ASSERT_GT(forker, 0, "fork") && attach()) {
		skel->bss->ino = shell.st_ino;
		kill_often(pid, ATTEMPTS);
		skel->bss->pauses = PAUSE;
		kill_often(pid, PAUSES);
	}
	lsm_hook_exe_file__destroy(skel);
	ASSERT_EQ(waitpid(pid, NULL, WNOHANG), 0, "still running");
	end(forker);
	end(pid);
unlink:
	unlink(script);
}

void test_lsm_hook_exe_file(void)
{
	if (test__start_subtest("current")) {
		if (attach())
			set_limit(0);
		lsm_hook_exe_file__destroy(skel);
	}
	if (test__start_subtest("other_process"))
		of_other_process(set_limit);
	if (test__start_subtest("traced_process"))
		of_other_process(read_link);
	if (test__start_subtest("read_by_others"))
		read_by_others();
	if (test__start_subtest("executing"))
		executing();
}
