/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the audit kfuncs share. A test lists steps for a program
 * (progs/lsm_audit_kfuncs.h), lets a process of its own, the subject, do what
 * the program's hook is about, and compares the record that this makes.
 */
#ifndef __LSM_AUDIT_HELPERS_H
#define __LSM_AUDIT_HELPERS_H

#include <bpf/btf.h>
#include <linux/time64.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test_progs.h>

#include "audit_helpers.h"
#include "lsm_audit_machine.h"
#include "progs/lsm_audit_kfuncs.h"
#include "test_lsm_audit_kfuncs.skel.h"

/* What the subject is called, unless a test says otherwise. */
#define SUBJECT "subject"

/* An interface of the initial network namespace, and what can't be one. */
#define LO if_nametoindex("lo")
#define UNKNOWN_NETIF INT_MAX

static struct test_lsm_audit_kfuncs *skel;
static struct audit *audit;

/* The program under test, while it is attached. */
static struct bpf_link *attached;
static __u32 prog_id;

/* A tmpfs of our own: a unix socket can't be bound anywhere. */
static char dir[32];
/* A file there. */
static char file_path[sizeof(dir) + 8];
static int file_fd = -1;
static struct stat file_stat;

/* The causes that a program can give: a text, as often as told. */
static const struct {
	const char *text;
	size_t times;
} causes[NR_CAUSES] = {
	[CAUSE_PLAIN] = { "no-exec-from-tmp", 1 },
	[CAUSE_1] = { "x", 1 },
	[CAUSE_255] = { "c", 255 },
	[CAUSE_255_HEX] = { "\n", 255 },
	[CAUSE_0] = { "", 0 },
	[CAUSE_256] = { "c", 256 },
	[CAUSE_QUOTE] = { "x\" pid=1 cause=\"y", 1 },
	[CAUSE_SPACE] = { "two words", 1 },
	[CAUSE_LINES] = { "one\ntype=1427 msg=audit(1.1:1): pid=1", 1 },
	[CAUSE_UTF8] = { "\xc3\xa9t\xc3\xa9", 1 },
	[CAUSE_CONTROL] = { "\x01\x7f", 1 },
	[CAUSE_EQUALS] = { "a=b,{c}'d'\\", 1 },
};

static inline void write_cause(int i, char text[CAUSE_ROOM])
{
	size_t n;

	text[0] = '\0';
	for (n = 0; n < causes[i].times; n++)
		strcat(text, causes[i].text);
}

/* A process that acts */

typedef bool (*act_fn)(const void *arg);

/*
 * Let a process called @comm do @act, with its pid in @tgid as long as that takes.
 *
 * It isn't the test itself, because that is the audit daemon, of which only 100
 * records in 5 seconds are written.
 */
static inline pid_t start_subject(const char *comm, __u32 *tgid, act_fn act, const void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool done;

		prctl(PR_SET_NAME, comm);
		*tgid = getpid();
		done = act(arg);
		*tgid = 0;
		_exit(!done);
	}

	ASSERT_GT(pid, 0, "fork");
	return pid;
}

/* Also where it could not be started: kill() has another meaning for -1. */
static inline void stop_process(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline bool subject_is_done(pid_t pid)
{
	int status;

	return ASSERT_EQ(waitpid(pid, &status, 0), pid, "wait for the subject") &&
	       ASSERT_EQ(status, 0, "what the subject did");
}

/*
 * The same of a subject whose records come until it ends. They are read and dropped:
 * in a full socket audit's answers find no room either.
 */
static inline void flooder_is_done(pid_t pid, int seconds)
{
	__u64 late = get_time_ns() + seconds * NSEC_PER_SEC;
	int status = -1;
	pid_t done = 0;

	while (pid > 0 && !done && get_time_ns() < late) {
		audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 10);
		done = waitpid(pid, &status, WNOHANG);
	}
	/* It may never come to that, and isn't waited for. */
	if (pid > 0 && !ASSERT_EQ(done, pid, "the subject comes back"))
		kill(pid, SIGKILL);
	ASSERT_EQ(status, 0, "what the subject did");
	do {
		audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 100);
	} while (audit_backlog(audit) > 0);
	ASSERT_OK(audit_drain(audit), "drain audit");
}

/* Both. Return: the subject's pid, or -1 if @act failed. */
static inline pid_t run_subject(const char *comm, __u32 *tgid, act_fn act, const void *arg)
{
	pid_t pid = start_subject(comm, tgid, act, arg);

	return pid > 0 && subject_is_done(pid) ? pid : -1;
}

static const struct step *wanted_steps;

/* The same, and the program takes the steps. */
static inline pid_t act_as(const char *comm, const struct step *steps, act_fn act,
			   const void *arg)
{
	int i;

	memset(skel->bss->steps, 0, sizeof(skel->bss->steps));
	for (i = 0; i < MAX_STEPS && steps && steps[i].call; i++) {
		skel->bss->steps[i] = steps[i];
		skel->bss->steps[i].ret = NOT_CALLED;
	}
	wanted_steps = steps;
	skel->bss->runs = 0;
	skel->bss->refused = 0;
	skel->bss->ended = 0;

	return run_subject(comm, &skel->bss->tgid, act, arg);
}

/* Compare what the steps returned with what they should have. */
static inline bool check_returns(void)
{
	bool ok = true;
	char name[64];
	int i;

	for (i = 0; i < MAX_STEPS && wanted_steps && wanted_steps[i].call; i++) {
		snprintf(name, sizeof(name), "step %d (call %d) returns", i,
			 wanted_steps[i].call);
		ok &= ASSERT_EQ(skel->bss->steps[i].ret, wanted_steps[i].ret, name);
	}
	return ok;
}

/* Expect a record with the head of @pid, a process called @comm. */
static inline void expect_of(__u32 prog, pid_t pid, const char *comm, const char *text)
{
	char name[AUDIT_UNTRUSTED_LEN(16)];

	audit_untrusted(name, comm, strnlen(comm, 15));
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid=%d comm=%s%s", prog, pid,
		     name, text);
}

static inline bool settled(void)
{
	return ASSERT_EQ(audit_settle(audit, AUDIT_BPF_LSM_ACCESS), 0,
			 "records that differ from what is expected");
}

/* One record: the subject acts, the program takes @steps, the record reads @text. */
static inline bool check_record(const struct step *steps, const char *text, act_fn act,
				const void *arg)
{
	bool written;
	pid_t pid;

	if (!ASSERT_OK(audit_drain(audit), "drain audit"))
		return false;

	pid = act_as(SUBJECT, steps, act, arg);
	if (pid < 0 || !ASSERT_EQ(skel->bss->runs, 1, "runs of the program"))
		return false;

	expect_of(prog_id, pid, SUBJECT, text);
	/* Each says what it finds. */
	written = settled();
	return check_returns() && written;
}

/* As check_record(), where the current task need not be the subject. */
static inline bool check_record_of_nobody(const struct step *steps, const char *text, act_fn act,
					  const void *arg)
{
	const struct audit_record *record;
	bool written;

	if (!ASSERT_OK(audit_drain(audit), "drain audit") ||
	    act_as(SUBJECT, steps, act, arg) < 0 ||
	    !ASSERT_EQ(skel->bss->runs, 1, "runs of the program"))
		return false;

	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid=? comm=?%s", prog_id, text);
	written = settled();
	if (!check_returns() || !written)
		return false;

	record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	return ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 0,
			 "SYSCALL records of its serial");
}

/* Programs */

static inline void detach(void)
{
	bpf_link__destroy(attached);
	attached = NULL;
}

static inline __u32 id_of(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (!ASSERT_OK(bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len), "prog info"))
		return 0;
	return info.id;
}

static inline bool is_loaded(const struct bpf_program *prog)
{
	if (bpf_program__autoload(prog))
		return true;
	skip("the kernel has no hook for ", bpf_program__section_name(prog));
	return false;
}

/* Attach a program; the runner detaches it when the subtest ends. */
static inline bool attach(struct bpf_program *prog)
{
	detach();
	if (!is_loaded(prog))
		return false;
	prog_id = id_of(prog);
	attached = bpf_program__attach(prog);
	return ASSERT_OK_PTR(attached, "attach");
}

/* What a whole test needs. */

static inline bool can_run(void)
{
	if (!kernel_has_function("bpf_audit_log_start")) {
		skip("the kernel has no audit kfuncs", " (CONFIG_BPF_LSM_AUDIT)");
		return false;
	}
	if (!is_lsm_listed("bpf", true)) {
		skip("the kernel was booted without the LSM ", "bpf");
		return false;
	}
	return true;
}

/* Without these hooks an object that has a program on one is left out as a whole. */
static inline bool needs_socket_hooks(void)
{
	bool has = libbpf_find_vmlinux_btf_id("socket_listen", BPF_LSM_MAC) > 0;

	if (!has)
		skip("the kernel has no hooks for sockets", " (CONFIG_SECURITY_NETWORK)");
	return has;
}

/* Programs on hooks that this kernel was configured without stay away. */
static inline bool load_programs(void)
{
	struct bpf_program *prog;
	struct btf *btf;
	char hook[64];
	int i;

	skel = test_lsm_audit_kfuncs__open();
	btf = btf__load_vmlinux_btf();
	if (!ASSERT_OK_PTR(skel, "open the programs") || !ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return false;

	bpf_object__for_each_program(prog, skel->obj) {
		snprintf(hook, sizeof(hook), "bpf_lsm_%s",
			 strchr(bpf_program__section_name(prog), '/') + 1);
		if (!has_function(btf, hook))
			bpf_program__set_autoload(prog, false);
	}
	btf__free(btf);
	if (is_realtime())
		bpf_program__set_autoload(skel->progs.on_timer, false);

	for (i = 0; i < NR_CAUSES; i++)
		write_cause(i, (char *)skel->rodata->causes[i]);
	return ASSERT_OK(test_lsm_audit_kfuncs__load(skel), "load the programs");
}

static inline bool make_file(void)
{
	snprintf(dir, sizeof(dir), "/tmp/lsm_audit_kfuncs_XXXXXX");
	if (!ASSERT_OK_PTR(mkdtemp(dir), "make a directory") ||
	    !ASSERT_OK(SYS_NOFAIL("mount -t tmpfs none %s", dir), "mount a tmpfs"))
		return false;
	snprintf(file_path, sizeof(file_path), "%s/file", dir);
	file_fd = open(file_path, O_RDWR | O_CREAT, 0600);
	return ASSERT_OK_FD(file_fd, "make a file") &&
	       ASSERT_OK(fstat(file_fd, &file_stat), "stat it");
}

static inline void remove_file(void)
{
	if (file_fd >= 0)
		close(file_fd);
	file_fd = -1;
	SYS_NOFAIL("umount -l %s", dir);
	rmdir(dir);
}

struct subtest {
	const char *name;
	void (*run)(void);
	/* Records may be lost, which is what it's about. */
	bool loses;
	/* With PREEMPT_RT they are. */
	bool loses_realtime;
};

static inline void run_subtest(const struct subtest *subtest)
{
	long before = complaints(), lost = audit_lost(audit);

	if (!ASSERT_GE(lost, 0, "audit's status"))
		return;
	subtest->run();
	detach();
	ASSERT_EQ(complaints(), before, "/proc/sys/kernel/tainted");
	if (!subtest->loses && !(subtest->loses_realtime && is_realtime()))
		ASSERT_EQ(audit_lost(audit), lost, "records that audit lost");
}

/* Without it there is nothing to test; why is said. */
static inline bool open_audit(void)
{
	char why[128];

	if (!can_run())
		return false;

	audit = audit_open(why);
	if (!audit)
		skip("", why);
	return audit;
}

static inline void run_subtests(const struct subtest *subtests, size_t count)
{
	size_t i;

	if (!open_audit())
		return;

	if (load_programs() && make_file()) {
		for (i = 0; i < count; i++) {
			if (test__start_subtest(subtests[i].name))
				run_subtest(&subtests[i]);
		}
	}

	remove_file();
	test_lsm_audit_kfuncs__destroy(skel);
	skel = NULL;
	audit_close(audit);
}

#endif /* __LSM_AUDIT_HELPERS_H */
