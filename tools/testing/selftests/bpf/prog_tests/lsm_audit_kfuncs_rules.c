// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules that hold for all records of the audit kfuncs: their head, their
 * length, and who may write them.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "cap_helpers.h"
#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_alone.skel.h"
#include "lsm_audit_kfuncs_args.skel.h"
#include "lsm_audit_kfuncs_fail.skel.h"

/* No name of a file can add a field or end the record: it is hex if it isn't plain. */
static void test_file_names(void)
{
	static const char * const names[] = {
		"plain", "two words", "x\" dev=\"y", "a\nb", "\x01\x7f", "\xc3\xa9t\xc3\xa9",
		"a=b,'c'",
	};
	static const int calls[] = { CALL_PATH, CALL_FILE, CALL_IOCTL_OP, CALL_INODE };
	int fd, i, j;

	if (!attach(skel->progs.on_file))
		return;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char path[sizeof(dir) + 32];
		struct stat stat;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (!ASSERT_OK_FD(fd, "make a file") || !ASSERT_OK(fstat(fd, &stat), "stat it"))
			return;

		for (j = 0; j < ARRAY_SIZE(calls); j++) {
			const struct step steps[] = { { calls[j] }, {} };
			bool by_name = calls[j] == CALL_INODE;
			const char *string = by_name ? names[i] : path;
			char *text;

			text = text_of(by_name ? "name" : "path", string, strlen(string),
				       stat.st_ino,
				       calls[j] == CALL_IOCTL_OP ? " ioctlcmd=0x0" : "");
			check_record(steps, text, act_ioctl, &fd);
			free(text);
		}

		/* Without a name, a path is still known. */
		unlink(path);
		if (!names[i][strspn(names[i], "abcdefghijklmnopqrstuvwxyz")]) {
			const struct step steps[] = { { CALL_FILE }, {} };
			char *text;

			strcat(path, " (deleted)");
			text = text_of("path", path, strlen(path), stat.st_ino, "");
			check_record(steps, text, act_ioctl, &fd);
			free(text);
		}
		close(fd);
	}
}

/* No name of a task can add a field or end the record. */
static void test_head_comm(void)
{
	static const char * const names[] = {
		"sh", "two words", "x\" pid=1 a=\"y", "\"", "a\nb", "\x01\x7f", "\xc3\xa9t\xc3\xa9",
		"a=b,'c'\\{d}", "fifteen-bytes-x", "sixteen-bytes-xy", "               ", "",
	};
	pid_t pid;
	int i;

	if (!attach(skel->progs.on_file))
		return;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		audit_drain(audit);
		pid = act_as(names[i], NULL, act_ioctl_file, NULL);
		expect_of(prog_id, pid, names[i], "");
		if (!settled())
			printf("that was '%s'\n", names[i]);
	}
}

static void *ioctl_file_in_thread(void *unused)
{
	prctl(PR_SET_NAME, "thread");
	act_ioctl_file(NULL);
	return NULL;
}

static bool act_in_thread(const void *unused)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, ioctl_file_in_thread, NULL) &&
	       !pthread_join(thread, NULL);
}

static bool act_in_pid_namespace(const void *unused)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return false;
	skel->bss->tgid = 0;
	pid = fork();
	if (!pid) {
		/* The parent knows the pid that it has in its own namespace. */
		while (!__atomic_load_n(&skel->bss->tgid, __ATOMIC_ACQUIRE))
			sched_yield();
		_exit(!act_ioctl_file(NULL));
	}
	skel->bss->tgid = pid;
	return waitpid(pid, &status, 0) == pid && !status;
}

/* The pid is the process, not the thread, and in the initial namespace. */
static void test_head_pid(void)
{
	pid_t pid;

	if (!attach(skel->progs.on_file))
		return;

	audit_drain(audit);
	pid = act_as(SUBJECT, NULL, act_in_thread, NULL);
	expect_of(prog_id, pid, "thread", "");
	settled();

	audit_drain(audit);
	pid = act_as(SUBJECT, NULL, act_in_pid_namespace, NULL);
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid={num} comm=\"" SUBJECT "\"",
		     prog_id);
	if (pid > 0 && settled()) {
		const struct audit_record *record;
		int got;

		/* In its own namespace it is 1; here it was forked after its parent. */
		record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		got = atoi(strstr(record->text, " pid=") + strlen(" pid="));
		ASSERT_NEQ(got, 1, "pid in the own namespace");
		ASSERT_NEQ(got, pid, "pid of the parent");
	}
}

/* Each record has the id of the program that wrote it. */
static void test_head_prog_id(void)
{
	struct bpf_program *progs[] = {
		skel->progs.first_of_three, skel->progs.second_of_three, skel->progs.third_of_three,
	};
	struct bpf_link *links[ARRAY_SIZE(progs)] = {};
	char text[32];
	int fd, i;
	pid_t pid;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (!is_loaded(progs[0]) || !ASSERT_OK_FD(fd, "socket"))
		return;

	for (i = 0; i < ARRAY_SIZE(progs); i++) {
		links[i] = bpf_program__attach(progs[i]);
		if (!ASSERT_OK_PTR(links[i], "attach"))
			goto out;
	}

	audit_drain(audit);
	pid = act_as(SUBJECT, NULL, act_getsockname, &fd);
	for (i = 0; i < ARRAY_SIZE(progs); i++) {
		snprintf(text, sizeof(text), " capability=%d ", i + 1);
		expect_of(id_of(progs[i]), pid, SUBJECT, text);
	}
	settled();
out:
	for (i = 0; i < ARRAY_SIZE(progs); i++)
		bpf_link__destroy(links[i]);
	close(fd);
}

/* The record belongs to the system call, and makes the kernel write its records. */
static void test_syscall_serial(void)
{
	const struct audit_record *record;

	if (!records_calls() || !attach(skel->progs.on_file) ||
	    !check_record(NULL, "", act_ioctl_file, NULL))
		return;
	record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 1,
		  "SYSCALL records of its serial");
	ASSERT_EQ(audit_count(audit, AUDIT_EOE, record->serial), 1,
		  "ends of the event");
}

static void test_two_records(void)
{
	const struct step steps[] = { { 1 }, { 1 }, { 1 }, { 1 }, { 1 }, {} };
	char text[PATH_MAX];
	pid_t pid;

	if (!attach(skel->progs.two_records))
		return;

	audit_drain(audit);
	pid = act_as(SUBJECT, steps, act_ioctl_file, NULL);
	expect_of(prog_id, pid, SUBJECT, " capability=2  cause=\"inner\"");
	snprintf(text, sizeof(text), " capability=1  cause=\"outer\" path=\"%s\" dev={str} ino=%lu",
		 file_path, file_stat.st_ino);
	expect_of(prog_id, pid, SUBJECT, text);
	settled();
	check_returns();
}

/* The longest records */

static void test_longest_record(void)
{
	/* A name in hex, and the longest of the rest. */
	static const char comm[] = "               ";
	const struct step all[] = {
		{ CALL_TASK },
		{ CALL_CAP, .arg = 10 },
		{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .dest = ADDR_MAP,
		  .addrlen = 28 },
		{ CALL_IOCTL_OP, .arg = 0xffff },
		{ CALL_CAUSE, .arg = CAUSE_255_HEX },
		{}
	};
	const struct step last_too_long[] = { all[0], all[1], all[2], all[4],
		{ CALL_FILE, .ret = -E2BIG },
		/* That has claimed neither "dev" nor "ino". */
		{ CALL_INODE },
		{}
	};
	const size_t cause_len = strlen(" cause=") + 2 * 255;
	size_t len, longest = 0, refused = 0;
	int fd;

	if (!needs_ipv6() || !attach(skel->progs.on_file))
		return;

	set_addresses(ipv6("2001:db8:1111:2222:3333:4444:5555:6666", 65535),
		      ipv6("2001:db8:1111:2222:3333:4444:5555:7777", 65535));

	/* The last call is refused if, and only if, the record gets too long by it. */
	for (len = 4015; len < 4080; len++) {
		const struct audit_record *record;
		int ret;

		fd = open_deep(len);
		if (!ASSERT_OK_FD(fd, "open a deep file"))
			return;
		audit_drain(audit);
		act_as(comm, all, act_ioctl, &fd);
		close(fd);
		ASSERT_GE(audit_settle(audit, 0), 0, "settle");
		record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		if (!ASSERT_OK_PTR(record, "a record"))
			return;

		ret = skel->bss->steps[4].ret;
		ASSERT_OK(skel->bss->steps[3].ret, "the path fits");
		if (ret) {
			ASSERT_EQ(ret, -E2BIG, "a cause that is too long");
			ASSERT_NULL(strstr(record->text, " cause="), "a refused cause");
			ASSERT_GT(record->len + cause_len, AUDIT_MAX_TEXT, "refused");
			refused++;
		} else {
			ASSERT_OK_PTR(strstr(record->text, " cause="), "an accepted cause");
			ASSERT_LE(record->len, AUDIT_MAX_TEXT, "accepted");
			if (record->len > longest)
				longest = record->len;
		}
	}
	/* Each byte of the path is two of the record. */
	ASSERT_GE(longest, AUDIT_MAX_TEXT - 1, "the longest record");
	ASSERT_GT(refused, 0, "records that would be longer");

	/* A path that doesn't fit leaves its keys to an inode. */
	fd = open_deep(4105);
	if (ASSERT_OK_FD(fd, "open a deep file")) {
		audit_drain(audit);
		act_as(comm, last_too_long, act_ioctl, &fd);
		check_returns();
		close(fd);
	}
}

static bool act_mkdir(const void *path)
{
	return mkdir(path, 0700) && errno == EPERM;
}

/*
 * sysfs doesn't look at how long a name is that is to be made. In hex the longest makes a record
 * with all this in it too long; a shorter one counts as it is, not as the longest.
 */
static void test_longest_name(void)
{
	static const char comm[] = "               ";
	struct step steps[] = {
		{ CALL_CAP, .arg = 10 },
		{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .dest = ADDR_MAP,
		  .addrlen = 28 },
		{ CALL_CAUSE, .arg = CAUSE_255_HEX },
		{ CALL_PATH },
		{ CALL_DENTRY, .ret = -E2BIG },
		{}
	};
	char path[PATH_MAX] = "/sys/kernel/";
	const size_t len = strlen(path);

	if (!needs_ipv6() || !attach(skel->progs.on_mkdir))
		return;

	set_addresses(ipv6("2001:db8:1111:2222:3333:4444:5555:6666", 65535),
		      ipv6("2001:db8:1111:2222:3333:4444:5555:7777", 65535));
	memset(path + len, ' ', sizeof(path) - len - 1);

	audit_drain(audit);
	act_as(comm, steps, act_mkdir, path);
	check_returns();

	path[len + 3900] = '\0';
	steps[4].ret = 0;
	audit_drain(audit);
	act_as(comm, steps, act_mkdir, path);
	check_returns();
}

/* What the verifier refuses */

/* Load the object, but only the program called @name: the verifier tells @why not. */
static void check_refused(struct bpf_object *obj, const char *name, const char *why)
{
	static char log[64 << 10];
	struct bpf_program *prog;

	log[0] = '\0';
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	prog = bpf_object__find_program_by_name(obj, name);
	bpf_program__set_log_buf(prog, log, sizeof(log));

	ASSERT_ERR(bpf_object__load(obj), name);
	ASSERT_HAS_SUBSTR(log, why, "the verifier's reason");
}

/* Audit may be set to panic when a record is lost. */
static void test_without_cap_sys_boot(void)
{
	struct lsm_audit_kfuncs_alone *all, *alone;
	struct bpf_program *prog;
	int kfuncs = 0;
	__u64 caps;

	all = lsm_audit_kfuncs_alone__open();
	if (!ASSERT_OK_PTR(all, "open") ||
	    !ASSERT_OK(cap_disable_effective(1ULL << CAP_SYS_BOOT, &caps), "drop CAP_SYS_BOOT"))
		goto out;

	bpf_object__for_each_program(prog, all->obj) {
		alone = lsm_audit_kfuncs_alone__open();
		if (!ASSERT_OK_PTR(alone, "open"))
			break;
		check_refused(alone->obj, bpf_program__name(prog),
			      "destructive kfunc calls require CAP_SYS_BOOT capability");
		lsm_audit_kfuncs_alone__destroy(alone);
		kfuncs++;
	}
	ASSERT_EQ(kfuncs, 14, "kfuncs");
	ASSERT_OK(cap_enable_effective(caps, NULL), "CAP_SYS_BOOT is back");
out:
	lsm_audit_kfuncs_alone__destroy(all);
}

static void test_extension(void)
{
	struct test_lsm_audit_kfuncs *other;
	int target;

	if (!is_loaded(skel->progs.on_task))
		return;
	other = test_lsm_audit_kfuncs__open();
	if (!ASSERT_OK_PTR(other, "open"))
		return;

	target = bpf_program__fd(skel->progs.on_task);
	if (ASSERT_OK(bpf_program__set_attach_target(other->progs.replacement, target,
						     "replaceable"), "set target"))
		check_refused(other->obj, "replacement",
			      "calling kernel function bpf_audit_log_start is not allowed");
	test_lsm_audit_kfuncs__destroy(other);
}

#define RACES 100

static const char long_link[] = "a-name-that-is-longer-than-what-an-entry-itself-has-room-for";
static bool walks;

static void *walk(void *unused)
{
	while (READ_ONCE(walks))
		close(open(long_link, O_RDONLY));
	return NULL;
}

/* For long enough that one meets the other, which takes longer on a busy machine. */
static bool act_race(const void *unused)
{
	__u64 end = get_time_ns() + 5 * NSEC_PER_SEC, late = end + 60 * NSEC_PER_SEC;
	pthread_t walker;

	/* A relative name: on the way here, a file system may take references. */
	if (chdir(dir))
		return false;
	walks = true;
	if (pthread_create(&walker, NULL, walk, NULL))
		return false;
	while (get_time_ns() < end ||
	       (READ_ONCE(skel->bss->ended) <= RACES && get_time_ns() < late)) {
		if (symlink(file_path, long_link) || unlink(long_link))
			return false;
	}
	WRITE_ONCE(walks, false);
	return !pthread_join(walker, NULL);
}

/*
 * A walk of a path under RCU may have an entry that is gone, and with it a name that
 * is too long for the entry itself. The subject has to come back from it.
 */
static void test_entry_gone(void)
{
	static const struct step steps[] = { { CALL_DENTRY }, {} };
	pid_t pid;

	if (allowed_processors() < 2) {
		skip("walk and removal take ", "two processors");
		return;
	}
	if (is_lsm_listed("smack", false)) {
		skip("no walk stays under RCU with ", "Smack");
		return;
	}
	/* A walk that has to set a time takes a reference. */
	if (!ASSERT_OK(SYS_NOFAIL("mount -o remount,noatime %s", dir), "remount") ||
	    !attach(skel->progs.on_walk))
		return;
	memcpy(skel->bss->steps, steps, sizeof(steps));
	skel->bss->ended = 0;

	pid = start_subject(SUBJECT, &skel->bss->tgid, act_race, NULL);
	/* Where nobody reads, soon no record is started, and no name is looked at. */
	flooder_is_done(pid, 120);
	ASSERT_GT(skel->bss->ended, RACES, "records");
	skel->bss->tgid = 0;
}

static const struct subtest subtests[] = {
	{ "file_names", test_file_names },
	{ "head_comm", test_head_comm },
	{ "head_pid", test_head_pid },
	{ "head_prog_id", test_head_prog_id },
	{ "syscall_serial", test_syscall_serial },
	{ "two_records", test_two_records },
	{ "longest_record", test_longest_record },
	{ "longest_name", test_longest_name },
	{ "without_cap_sys_boot", test_without_cap_sys_boot },
	{ "extension", test_extension },
	{ "entry_gone", test_entry_gone, .loses = true },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_rules(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}

/* What the verifier must refuse is told with each program. */
void test_lsm_audit_kfuncs_fail(void)
{
	if (can_run() && needs_socket_hooks())
		RUN_TESTS(lsm_audit_kfuncs_fail);
}

/* And so it is with what it refuses of first tries, and takes instead. */
void test_lsm_audit_kfuncs_args(void)
{
	if (can_run() && needs_socket_hooks())
		RUN_TESTS(lsm_audit_kfuncs_args);
}
