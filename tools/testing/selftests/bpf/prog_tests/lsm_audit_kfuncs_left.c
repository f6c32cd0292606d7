// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records that end with preemption disabled. With PREEMPT_RT a kworker queues these. A
 * task that starts a record has nothing to do with them, else it could be preempted with
 * one of another task; unless so many wait that the kworker seems to have no time. On
 * other kernels the program queues them itself.
 */
#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_left.skel.h"

/* How often two records are written. */
#define OFTEN 50

/* If as many wait, each start queues two (MANY_LEFT in security/lsm_audit_kfuncs). */
#define MANY 64

/* That they did, and how often it is tried at the most. */
#define HELPED 40
#define FLOOD 4000

static const char unbound[] = "/sys/devices/virtual/workqueue/cpumask";

static struct lsm_audit_kfuncs_left *progs;

/* Return: the pid of the subject, whose records are what @prog leaves. */
static pid_t leave_records(struct bpf_program *prog, act_fn act)
{
	detach();
	progs->bss->left = 0;
	progs->bss->most_waiting = 0;
	progs->bss->refused = 0;
	progs->bss->queued_by_kworker = 0;
	progs->bss->queued_elsewhere = 0;
	progs->bss->queued_in_start = 0;
	if (!ASSERT_OK(audit_drain(audit), "drain audit") || !attach(prog))
		return -1;
	return run_subject(SUBJECT, &progs->bss->tgid, act, NULL);
}

static bool all_are_queued(void)
{
	return !is_realtime() || READ_ONCE(progs->bss->queued_by_kworker) +
				 progs->bss->queued_in_start >= progs->bss->left;
}

static void check_records(pid_t pid, int count)
{
	int i;

	for (i = 0; i < 60000 && !all_are_queued(); i++)
		usleep(1000);
	for (i = 0; i < count; i++)
		expect_of(prog_id, pid, SUBJECT, "");
	settled();
	ASSERT_EQ(progs->bss->refused, 0, "records that were not started");
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
	ASSERT_GE(progs->bss->queued_elsewhere, OFTEN, "records that the subject queued");
}

/* The kworker's processor has no time for it. */
static bool act_flood(const void *unused)
{
	int i, most = is_realtime() ? FLOOD : OFTEN;
	cpu_set_t cpu;

	if (!first_processor(&cpu) || sched_setaffinity(0, sizeof(cpu), &cpu) || !be_urgent(1))
		return false;
	for (i = 0; i < most && progs->bss->queued_in_start < HELPED; i++)
		act_ioctl_file(NULL);
	return be_urgent(0);
}

/* However many are left, no more than that wait: their memory has a bound. */
static void test_many(void)
{
	char before[16], mask[16] = "";
	cpu_set_t cpu;
	pid_t pid;
	int i;

	if (!can_be_urgent() || !ASSERT_TRUE(first_processor(&cpu), "a processor"))
		return;
	for (i = 0; i < 32; i++)
		if (CPU_ISSET(i, &cpu))
			snprintf(mask, sizeof(mask), "%x", 1U << i);
	if (!mask[0] || access(unbound, W_OK)) {
		skip("the processors of kworkers can't be set: ", unbound);
		return;
	}
	if (!ASSERT_TRUE(read_word(unbound, before), "the kworkers' processors") ||
	    !ASSERT_TRUE(write_file(unbound, mask), "one processor for kworkers"))
		return;
	pid = leave_records(progs->progs.leaves_one, act_flood);
	ASSERT_TRUE(write_file(unbound, before), "all processors for kworkers");
	check_records(pid, progs->bss->left);
	if (is_realtime())
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
