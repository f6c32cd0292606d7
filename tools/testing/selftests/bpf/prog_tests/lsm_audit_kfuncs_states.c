// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs with audit in each of its states: rules, losses, and whoever
 * reads, or doesn't.
 */
#include <linux/netlink.h>

#include "lsm_audit_objects.h"
#include "sysctl_helpers.h"

static const struct step cap_and_task[] = { { CALL_CAP }, { CALL_TASK }, {} };
#define CAP_AND_TASK " capability=0  opid={num} ocomm=\"" SUBJECT "\""

static void test_exclude_rule(void)
{
	long lost = audit_lost(audit);

	if (!attach(skel->progs.on_file) ||
	    !ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "add the rule"))
		return;

	audit_drain(audit);
	act_as(SUBJECT, cap_and_task, act_ioctl_file, NULL);
	settled();
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 1, "NULL from bpf_audit_log_start()");
	ASSERT_EQ(skel->bss->steps[0].ret, NOT_CALLED, "calls without a context");
	ASSERT_EQ(audit_lost(audit), lost, "what a rule excludes isn't lost");

	ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove the rule");
	check_record(cap_and_task, CAP_AND_TASK, act_ioctl_file, NULL);
}

static bool kernel_log_has(int kmsg, const char *text)
{
	char line[16384];
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[len > 0 ? len : 0] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static bool act_flood(const void *count)
{
	int i;

	for (i = 0; i < *(const int *)count; i++)
		act_ioctl_file(NULL);
	return true;
}

static void act_as_daemon(int count)
{
	skel->bss->steps[0].call = CALL_NONE;
	skel->bss->runs = 0;
	skel->bss->refused = 0;
	skel->bss->ended = 0;
	skel->bss->tgid = getpid();
	act_flood(&count);
	skel->bss->tgid = 0;
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
}

/* How many records the audit daemon may have of its own, and in how long. */
#define DAEMON_RECORDS 100
#define DAEMON_SECONDS 5

/*
 * What the audit daemon does is recorded, too. To write a record it does some more:
 * beyond a number of records they are left out, which aren't lost, and the kernel
 * log says how many. A machine that isn't done before the seconds are over can't tell.
 */
static void test_audit_daemon(void)
{
	static const char suppressed[] = "audit_log_feedback: 50 callbacks suppressed";
	static const char suppressed_at_end[] = "audit_log_feedback: 40 callbacks suppressed";
	const int count = DAEMON_RECORDS + 50;
	char comm[17] = {};
	int kmsg, came;
	__u64 start;
	long lost;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!ASSERT_OK_FD(kmsg, "open /dev/kmsg") || !attach(skel->progs.on_file))
		return;
	lseek(kmsg, 0, SEEK_END);
	prctl(PR_GET_NAME, comm);

	/* Whatever this process did before. */
	sleep(DAEMON_SECONDS + 1);
	lost = audit_lost(audit);
	audit_drain(audit);
	start = get_time_ns();
	act_as_daemon(1);
	expect_of(prog_id, getpid(), comm, "");
	settled();

	audit_drain(audit);
	act_as_daemon(count - 1);
	if (get_time_ns() - start >= DAEMON_SECONDS * NSEC_PER_SEC) {
		skip("this machine takes too long for so many records", "");
		goto out;
	}
	if (!ASSERT_EQ(skel->bss->refused, 50, "NULL from bpf_audit_log_start()"))
		goto out;
	for (came = 0; came < DAEMON_RECORDS - 1; came++)
		expect_of(prog_id, getpid(), comm, "");
	settled();
	ASSERT_EQ(audit_lost(audit), lost, "what is left out isn't lost");

	sleep(DAEMON_SECONDS + 1);
	audit_drain(audit);
	start = get_time_ns();
	act_as_daemon(1);
	expect_of(prog_id, getpid(), comm, "");
	settled();
	ASSERT_TRUE(kernel_log_has(kmsg, suppressed), "the kernel log says so");

	/* One that leaves has no further record that would tell of them. */
	act_as_daemon(DAEMON_RECORDS - 1 + 40);
	if (get_time_ns() - start >= DAEMON_SECONDS * NSEC_PER_SEC) {
		skip("this machine takes too long for so many records", "");
		goto out;
	}
	ASSERT_EQ(skel->bss->refused, 40, "NULL from bpf_audit_log_start(), again");
	if (ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, 0), "leave the audit socket")) {
		ASSERT_TRUE(kernel_log_has(kmsg, suppressed_at_end), "the kernel log says so, too");
		ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, getpid()), "take the audit socket");
	}
out:
	audit_drain(audit);
	close(kmsg);
}

/*
 * A program on the hook that delivery passes, for all that pass it: kauditd, which
 * writes no records, and the audit daemon, where answers to it are delivered.
 */
static void test_feedback(void)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	int fds[2], i;

	if (!attach(skel->progs.feedback))
		return;

	skel->bss->kauditd = find_kauditd();
	skel->bss->kauditd_runs = 0;
	skel->bss->kauditd_records = 0;
	skel->bss->other_records = 0;
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	act_as(SUBJECT, NULL, act_bind, &any);
	ASSERT_EQ(send(fds[1], "", 1, 0), 1, "send");
	/* Each of these is delivered, and passes the hook. */
	for (i = 0; i < 2 * DAEMON_RECORDS; i++)
		ASSERT_OK(audit_drain(audit), "drain audit");
	detach();
	ASSERT_GE(skel->bss->kauditd_runs, 2 * DAEMON_RECORDS, "runs of the program in kauditd");
	ASSERT_EQ(skel->bss->kauditd_records, 0, "records of kauditd");
	ASSERT_GT(skel->bss->other_records, 0, "records of others");
	close(fds[1]);
	close(fds[0]);
}

/* Audit switched off: a record is still written, as other LSMs do. */
static void test_audit_off(void)
{
	if (!attach(skel->progs.on_file) ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_ENABLED, 0), "switch audit off"))
		return;
	check_record(cap_and_task, CAP_AND_TASK, act_ioctl_file, NULL);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_ENABLED, 1), "switch audit on");
}

/* Without a daemon, the kernel log has it. */
static void test_no_daemon(void)
{
	static const char ratelimit[] = "/proc/sys/kernel/printk_ratelimit";
	char text[128], before[32];
	int kmsg, tries;
	bool found = false;
	pid_t pid;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!ASSERT_OK_FD(kmsg, "open /dev/kmsg") || !attach(skel->progs.on_file) ||
	    !ASSERT_OK(sysctl_set(ratelimit, before, "0"), "let the kernel log take all"))
		return;
	lseek(kmsg, 0, SEEK_END);

	if (ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, 0), "leave the audit socket")) {
		pid = act_as(SUBJECT, cap_and_task, act_ioctl_file, NULL);
		snprintf(text, sizeof(text), "prog-id=%u pid=%d comm=\"" SUBJECT "\" capability=0 ",
			 prog_id, pid);
		for (tries = 0; tries < 200 && !found; tries++) {
			usleep(50 * 1000);
			found = kernel_log_has(kmsg, text);
		}
		ASSERT_TRUE(found, "the record is in the kernel log");
		ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, getpid()), "take the audit socket");
	}

	ASSERT_OK(sysctl_set(ratelimit, NULL, before), "the kernel log is as before");
	close(kmsg);
}

static void test_rate_limit(void)
{
	const int count = 100;
	long lost = audit_lost(audit), came;

	if (!attach(skel->progs.on_file))
		return;

	/* Whatever audit drops, it counts, and the program isn't told. */
	audit_drain(audit);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 10), "limit the rate");
	act_as(SUBJECT, cap_and_task, act_flood, &count);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 0), "no limit");
	audit_settle(audit, 0);
	for (came = 0; audit_record(audit, AUDIT_BPF_LSM_ACCESS, came); came++)
		;
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_LT(came, count, "records that came");
	ASSERT_GE(audit_lost(audit) - lost, count - came, "records that are counted lost");
}

/* How many objects of a size the kernel has, or -1: a context has 16 bytes. */
static long objects_of_16(void)
{
	char line[256];
	long count = -1;
	FILE *file;

	/* KASAN and the processors' sheaves keep what is freed for a while. */
	write_file("/sys/kernel/slab/kmalloc-16/shrink", "1");
	file = fopen("/proc/slabinfo", "r");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "kmalloc-16 %ld", &count) == 1)
			break;
	}
	if (file)
		fclose(file);
	return count;
}

/* Exact where SLUB tells; where it doesn't, with what else has that size. */
static long contexts(void)
{
	long held = contexts_held();

	return held < 0 ? objects_of_16() : held;
}

static long leaked(int rounds, int count)
{
	long before = contexts();

	while (rounds--) {
		if (act_as(SUBJECT, NULL, act_flood, &count) < 0 || audit_drain(audit))
			return LONG_MAX;
	}
	return contexts() - before;
}

/* A context goes back, be there a record or not. */
static void test_no_leak(void)
{
	const int rounds = 20, count = 100;

	if (contexts() < 0) {
		skip("/proc/slabinfo doesn't tell of kmalloc-16", "");
		return;
	}
	if (!attach(skel->progs.on_file))
		return;

	ASSERT_LT(leaked(rounds, count), rounds * count / 2, "contexts of records");
	if (ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "add a rule")) {
		ASSERT_LT(leaked(rounds, count), rounds * count / 2, "contexts without a record");
		ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove it");
	}
}

static const struct subtest subtests[] = {
	{ "exclude_rule", test_exclude_rule },
	{ "audit_daemon", test_audit_daemon },
	/* Packets of all the machine have records. */
	{ "feedback", test_feedback, .loses = true },
	{ "audit_off", test_audit_off },
	{ "rate_limit", test_rate_limit, .loses = true },
	{ "no_daemon", test_no_daemon },
	{ "no_leak", test_no_leak },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_states(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
