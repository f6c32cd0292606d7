// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_get_task_exe_file() must not need task_lock(): the callers of task_setrlimit and
 * ptrace_access_check hold it, and others, who can take it by reading /proc/PID/statm, must not
 * be able to make it fail. Nor must it find the file of another process in a task's old mm.
 */

#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test_progs.h>
#include "lsm_hook_exe_file.skel.h"

#define ATTEMPTS 50000
#define PAUSES 2000
#define PAUSE 10000 /* iterations: some 100 us */
#define CHILDREN 50

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

/* Wait until the process executes the file. */
static bool becomes(pid_t pid, const struct stat *file)
{
	struct stat exe;
	char path[32];
	int i;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	for (i = 0; i < 10000; i++) {
		if (!stat(path, &exe) && exe.st_ino == file->st_ino && exe.st_dev == file->st_dev)
			return true;
		usleep(1000);
	}
	return false;
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
	if (access(script, X_OK)) {
		printf("%s:SKIP: nothing in /tmp may be executed\n", __func__);
		test__skip();
		goto unlink;
	}

	pid = fork();
	if (pid == 0) {
		execl(script, script, NULL);
		_exit(1);
	}
	forker = start_forker();
	if (ASSERT_GT(pid, 0, "fork") && ASSERT_GT(forker, 0, "fork") &&
	    ASSERT_TRUE(becomes(pid, &shell), "the script is executed") && attach()) {
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

static bool pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Where the mm of a process is. */
static __u64 mm_of(pid_t pid)
{
	kill(pid, 0);
	return skel->bss->mm;
}

static bool comes_true(const bool *what)
{
	int i;

	for (i = 0; i < 5000 && !READ_ONCE(*what); i++)
		usleep(1000);
	return READ_ONCE(*what);
}

/* A process that executes a program when a byte comes, on this CPU. */
static pid_t start_executor(int pipe_fd)
{
	pid_t pid = fork();
	char byte;

	if (pid == 0) {
		if (read(pipe_fd, &byte, 1) == 1)
			execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	return pid;
}

/* A process that looks at the file of PID, once it is told to, on another CPU. */
static pid_t start_held_reader(pid_t pid, int cpu)
{
	pid_t reader = fork();

	if (reader == 0) {
		if (!pin_to(cpu))
			_exit(1);
		while (skel->bss->held_tgid != getpid())
			usleep(1000);
		kill(pid, 0);
		_exit(0);
	}
	return reader;
}

/*
 * Does a process get the mm that another one has left while its file is looked up? It could
 * give it back, and the other one get it again, in time for the second look.
 */
static void check_no_reuse(pid_t pid, int pipe_fd)
{
	pid_t children[CHILDREN] = {};
	int i, nr_children = 0, reused = 0;
	__u64 old;

	skel->bss->watcher_tgid = getpid();
	old = mm_of(pid);
	if (!ASSERT_NEQ(old, 0, "mm") ||
	    !ASSERT_TRUE(comes_true(&skel->bss->held), "a reader in the lookup") ||
	    !ASSERT_EQ(write(pipe_fd, "x", 1), 1, "let it execute"))
		return;
	for (i = 0; i < 5000 && mm_of(pid) == old; i++)
		usleep(1000);
	ASSERT_NEQ(mm_of(pid), old, "mm after execve()");

	for (i = 0; i < CHILDREN; i++) {
		bool has_it;

		children[i] = start_waiting();
		has_it = children[i] > 0 && mm_of(children[i]) == old;
		/* The reader is in the lookup only until then. */
		if (READ_ONCE(skel->bss->gave_up))
			break;
		reused += has_it;
		nr_children++;
	}
	if (!nr_children) {
		printf("%s:SKIP: this machine takes too long for processes\n", __func__);
		test__skip();
	} else {
		ASSERT_EQ(reused, 0, "processes that have the mm");
	}
	skel->bss->released = true;
	for (i = 0; i < CHILDREN; i++)
		end(children[i]);
}

static void reused(void)
{
	pid_t pid = -1, reader = -1;
	int fds[2], cpu, cpus[2], nr_cpus = 0;
	cpu_set_t before;

	if (!ASSERT_OK(sched_getaffinity(0, sizeof(before), &before), "sched_getaffinity"))
		return;
	for (cpu = 0; cpu < CPU_SETSIZE && nr_cpus < 2; cpu++)
		if (CPU_ISSET(cpu, &before))
			cpus[nr_cpus++] = cpu;
	if (nr_cpus < 2) {
		printf("%s:SKIP:it takes two CPUs\n", __func__);
		test__skip();
		return;
	}
	if (!ASSERT_OK(pipe(fds), "pipe"))
		return;
	if (ASSERT_TRUE(pin_to(cpus[0]), "sched_setaffinity") && attach()) {
		pid = start_executor(fds[0]);
		reader = start_held_reader(pid, cpus[1]);
		skel->bss->tgid = reader;
		skel->bss->held_tgid = reader;
		if (ASSERT_GT(pid, 0, "fork") && ASSERT_GT(reader, 0, "fork"))
			check_no_reuse(pid, fds[1]);
		skel->bss->released = true;
	}
	end(reader);
	end(pid);
	lsm_hook_exe_file__destroy(skel);
	sched_setaffinity(0, sizeof(before), &before);
	close(fds[0]);
	close(fds[1]);
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
	if (test__start_subtest("reused"))
		reused();
}
