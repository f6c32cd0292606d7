// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records that end with preemption disabled. With PREEMPT_RT a kworker queues these. A
 * task that starts a record has nothing to do with them, else it could be preempted with
 * one of another task; unless so many wait that the kworker seems to have no time. On
 * other kernels the program queues them at once.
 */
#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_left.skel.h"

/* How often two records are written. */
#define OFTEN 50

/* If as many wait, each start queues two (MANY_LEFT in security/lsm_audit_kfuncs). */
#define MANY 64

/* That they did, and how often it is tried at the most. */
#define HELPED 40
#define FLOOD 1000

/* The processors of kworkers that aren't bound to one. */
static const char cpumask[] = "/sys/devices/virtual/workqueue/cpumask";
static const char cpumask_requested[] = "/sys/devices/virtual/workqueue/cpumask_requested";

static struct lsm_audit_kfuncs_left *progs;

/* Return: the pid of the subject, whose records are what @prog leaves. */
static pid_t leave_records(struct bpf_program *prog, act_fn act)
{
	detach();
	progs->bss->left = 0;
	progs->bss->most_waiting = 0;
	progs->bss->refused = 0;
	progs->bss->queued_by_kworker = 0;
	progs->bss->queued_in_start = 0;
	progs->bss->queued_at_once = 0;
	if (!ASSERT_OK(audit_drain(audit), "drain audit") || !attach(prog))
		return -1;
	return run_subject(SUBJECT, &progs->bss->tgid, act, NULL);
}

static __u32 queued(void)
{
	return READ_ONCE(progs->bss->queued_by_kworker) + progs->bss->queued_in_start +
	       progs->bss->queued_at_once;
}

static void check_records(pid_t pid, int count)
{
	int i;

	for (i = 0; i < 60000 && queued() < progs->bss->left; i++)
		usleep(1000);
	ASSERT_EQ(queued(), progs->bss->left, "records left that were queued");
	ASSERT_EQ(progs->bss->queued_at_once, is_realtime() ? 0 : progs->bss->left,
		  "records queued with preemption disabled");
	ASSERT_EQ(progs->bss->refused, 0, "records that were not started");
	for (i = 0; i < count; i++)
		expect_of(prog_id, pid, SUBJECT, "");
	settled();
}

static bool act_often(const void *unused)
{
	int i;

	for (i = 0; i < OFTEN; i++)
		act_ioctl_file(NULL);
	return true;
}

static void test_first_of_two(void)
{
	pid_t pid = leave_records(progs->progs.leaves_first_of_two, act_often);

	check_records(pid, 2 * OFTEN);
	ASSERT_EQ(progs->bss->left, OFTEN, "records left");
	ASSERT_EQ(progs->bss->queued_in_start, 0, "records queued by the start of others");
}

/* The kworker's processor has no time for it. */
static bool act_flood(const void *unused)
{
	cpu_set_t cpu;
	int i;

	if (!first_processor(&cpu) || sched_setaffinity(0, sizeof(cpu), &cpu) || !be_urgent(1))
		return false;
	for (i = 0; i < FLOOD && progs->bss->queued_in_start < HELPED; i++)
		act_ioctl_file(NULL);
	return be_urgent(0);
}

static bool read_line(const char *path, char line[4096])
{
	FILE *file = fopen(path, "r");
	bool ok = file && fgets(line, 4096, file);

	if (file)
		fclose(file);
	return ok;
}

/* A process that writes @mask back when this one closes the pipe, or is killed. */
static pid_t start_guard(const char *mask, int *pipe_end)
{
	int fds[2];
	char byte;
	pid_t pid;

	if (!ASSERT_OK(pipe2(fds, O_CLOEXEC), "pipe"))
		return -1;
	pid = fork();
	if (!pid) {
		setsid();
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) || !write_file(cpumask, mask));
	}
	close(fds[0]);
	*pipe_end = fds[1];
	return pid;
}

static int guarded = -1;

static bool act_flood_guarded(const void *unused)
{
	/* It is the parent's alone. */
	close(guarded);
	return act_flood(NULL);
}

/* However many are left, no more than that wait: their memory has a bound. */
static void test_many(void)
{
	char before[4096], after[4096], mask[1024];
	pid_t guard, subject = -1;
	int i, at, status;
	cpu_set_t cpu;

	if (!is_realtime()) {
		subject = leave_records(progs->progs.leaves_one, act_often);
		check_records(subject, OFTEN);
		return;
	}
	if (!can_be_urgent() || !ASSERT_TRUE(first_processor(&cpu), "a processor"))
		return;
	if (access(cpumask, W_OK) || !read_line(cpumask_requested, before)) {
		skip("the processors of kworkers can't be set: ", cpumask);
		return;
	}
	for (i = 0; !CPU_ISSET(i, &cpu); i++)
		;
	at = sprintf(mask, "%x", 1U << i % 32);
	for (; i >= 32; i -= 32)
		at += sprintf(mask + at, ",00000000");

	guard = start_guard(before, &guarded);
	if (!ASSERT_GT(guard, 0, "a guard"))
		return;
	if (ASSERT_TRUE(write_file(cpumask, mask), "one processor for kworkers")) {
		subject = leave_records(progs->progs.leaves_one, act_flood_guarded);
		detach();
	}
	close(guarded);
	ASSERT_EQ(waitpid(guard, &status, 0), guard, "wait for the guard");
	ASSERT_EQ(status, 0, "what the guard did");
	if (ASSERT_TRUE(read_line(cpumask_requested, after), cpumask_requested))
		ASSERT_STREQ(after, before, "the kworkers' processors");

	check_records(subject, progs->bss->left);
	ASSERT_GE(progs->bss->queued_in_start, HELPED, "records queued by later starts");
	ASSERT_LE(progs->bss->most_waiting, MANY + 1, "records that wait at the same time");
}

static const struct subtest subtests[] = {
	{ "first_of_two", test_first_of_two },
	{ "many", test_many },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_left(void)
{
	struct bpf_link *link;

	if (!can_run())
		return;

	progs = lsm_audit_kfuncs_left__open_and_load();
	if (!ASSERT_OK_PTR(progs, "load the programs"))
		return;
	link = bpf_program__attach(progs->progs.on_queued);
	if (ASSERT_OK_PTR(link, "attach to the end of records"))
		run_subtests(subtests, ARRAY_SIZE(subtests));
	bpf_link__destroy(link);
	lsm_audit_kfuncs_left__destroy(progs);
	progs = NULL;
}
