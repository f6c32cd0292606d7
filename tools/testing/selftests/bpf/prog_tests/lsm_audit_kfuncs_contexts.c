// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs wherever a program can run: where it may sleep and where not,
 * with interrupts disabled and under locks.
 */
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "cgroup_helpers.h"
#include "lsm_audit_objects.h"

static void check_file_and_cause(void)
{
	const struct step steps[] = { { CALL_FILE }, { CALL_CAUSE, .arg = CAUSE_255 }, {} };
	char text[PATH_MAX], cause[CAUSE_ROOM];

	write_cause(CAUSE_255, cause);
	snprintf(text, sizeof(text), " path=\"%s\" dev={str} ino=%lu cause=\"%s\"", file_path,
		 file_stat.st_ino, cause);
	check_record(steps, text, act_ioctl_file, NULL);
}

static void test_sleepable(void)
{
	if (attach(skel->progs.on_file_sleepable))
		check_file_and_cause();
}

/*
 * Where preemption or interrupts are off, a spinlock may be held: a path or a name
 * isn't looked up there, which would wait for mount_lock, d_lock, rename_lock or
 * an inode's i_lock. All else is written.
 */
static void check_no_names(act_fn act, const void *arg)
{
	const struct step steps[] = {
		{ CALL_PATH, .ret = -EOPNOTSUPP },
		{ CALL_FILE, .ret = -EOPNOTSUPP },
		{ CALL_IOCTL_OP, .ret = -EOPNOTSUPP },
		{ CALL_INODE, .ret = -EOPNOTSUPP },
		{ CALL_CAUSE, .arg = CAUSE_SPACE },
		{ CALL_CAP, .arg = 13 },
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_MAP, .addrlen = 16 },
		{}
	};

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	check_record(steps,
		     " cause=74776F20776F726473 capability=13  opid={num} ocomm=\"subject\" daddr=192.0.2.1 dest=1 netif=lo",
		     act, arg);
}

/* The locks that a record needs sleep with PREEMPT_RT, so that it is lost. */
static void check_lost(act_fn act, const void *arg)
{
	int lost = audit_lost(audit);

	/* With a limit, audit_log_lost() takes a lock. */
	if (!ASSERT_OK(audit_drain(audit), "drain audit") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 1000), "rate limit"))
		return;
	act_as(SUBJECT, NULL, act, arg);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 0), "no rate limit");
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 1, "records that were not started");
	ASSERT_EQ(audit_lost(audit), lost + 1, "records that audit lost");
	settled();

	/* Of a record that nobody wants there is no loss. */
	if (ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "exclude records")) {
		act_as(SUBJECT, NULL, act, arg);
		ASSERT_EQ(skel->bss->refused, 1, "records that were not started");
		ASSERT_EQ(audit_lost(audit), lost + 1, "records that audit lost, no more");
		ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove the rule");
	}
}

static void check_atomic(act_fn act, const void *arg)
{
	if (is_realtime())
		check_lost(act, arg);
	else
		check_no_names(act, arg);
}

/* With PREEMPT_RT a kworker ends the record, which takes it a while. */
static bool act_and_wait(const void *unused)
{
	bool done = act_ioctl_file(NULL);

	if (is_realtime())
		usleep(200 * 1000);
	return done;
}

/* Atomic is only what comes after the start. */
static void check_atomic_later(void)
{
	const struct step steps[] = {
		{ CALL_FILE, .ret = -EOPNOTSUPP },
		{ CALL_CAUSE, .arg = CAUSE_SPACE, .ret = -EOPNOTSUPP },
		{ CALL_CAP, .arg = 13, .ret = -EOPNOTSUPP },
		{ CALL_TASK, .ret = -EOPNOTSUPP },
		{}
	};

	if (is_realtime())
		check_record(steps, "", act_and_wait, NULL);
	else
		check_no_names(act_ioctl_file, NULL);
}

static void check_rcu_section(struct bpf_program *prog)
{
	if (!attach(prog))
		return;
	if (rcu_is_told())
		check_file_and_cause();
	else
		check_no_names(act_ioctl_file, NULL);
}

static void test_rcu_read_lock(void)
{
	check_rcu_section(skel->progs.on_file_rcu);
}

static void test_rcu_read_lock_later(void)
{
	check_rcu_section(skel->progs.on_file_rcu_later);
}

static void test_preempt_disabled(void)
{
	const struct step dentry[] = {
		{ CALL_DENTRY, .ret = -EOPNOTSUPP },
		{ CALL_INODE, .ret = -EOPNOTSUPP },
		{ CALL_CAP },
		{}
	};

	if (attach(skel->progs.on_file_preempt))
		check_atomic(act_ioctl_file, NULL);
	if (!attach(skel->progs.on_dentry_preempt))
		return;
	if (is_realtime())
		check_lost(act_fchmod, &file_fd);
	else
		check_record(dentry, " capability=0 ", act_fchmod, &file_fd);
}

static void test_preempt_disabled_later(void)
{
	if (attach(skel->progs.on_file_preempt_later))
		check_atomic_later();
}

static void test_irq_disabled(void)
{
	if (attach(skel->progs.on_file_irq))
		check_atomic(act_ioctl_file, NULL);
}

/* Two records end in one section; in which order they come is not looked at. */
static void test_irq_disabled_twice(void)
{
	pid_t pid;
	int i;

	if (!attach(skel->progs.on_file_irq_twice) ||
	    !ASSERT_OK(audit_drain(audit), "drain audit"))
		return;
	pid = act_as(SUBJECT, NULL, act_and_wait, NULL);
	for (i = 0; i < 2; i++)
		expect_of(prog_id, pid, SUBJECT, i ? " cause=\"second\"" : " cause=\"first\"");
	settled();
}

static void test_irq_disabled_later(void)
{
	if (attach(skel->progs.on_file_irq_later))
		check_atomic_later();
}

/* It leaves no time to the threads of its processor. */
static bool act_and_spin(const void *unused)
{
	cpu_set_t cpu;

	if (!first_processor(&cpu) || sched_setaffinity(0, sizeof(cpu), &cpu) || !be_urgent(2))
		return false;
	for (act_ioctl_file(NULL);;)
		;
}

/* Whoever ends the record must not need that processor. */
static void test_irq_disabled_busy(void)
{
	cpu_set_t before, one;
	pid_t pid;
	int i;

	if (allowed_processors() < 2) {
		skip("a busy processor and another one take ", "two processors");
		return;
	}
	if (!can_be_urgent() || !attach(skel->progs.on_file_irq_later) ||
	    !ASSERT_OK(sched_getaffinity(0, sizeof(before), &before), "affinity") ||
	    !ASSERT_TRUE(first_processor(&one), "a processor") ||
	    !ASSERT_OK(audit_drain(audit), "drain audit"))
		return;
	CPU_XOR(&one, &one, &before);
	memset(skel->bss->steps, 0, sizeof(skel->bss->steps));
	skel->bss->runs = 0;
	pid = start_subject(SUBJECT, &skel->bss->tgid, act_and_spin, NULL);
	sched_setaffinity(0, sizeof(one), &one);
	for (i = 0; i < 10000 && !READ_ONCE(skel->bss->runs); i++)
		usleep(1000);
	for (i = 0; i < 200 && !audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0); i++)
		ASSERT_OK(audit_collect(audit, 100), "read");
	expect_of(prog_id, pid, SUBJECT, "");
	settled();
	stop_process(pid);
	skel->bss->tgid = 0;
	sched_setaffinity(0, sizeof(before), &before);
}

static bool act_own_file(const void *unused)
{
	int fd = open(file_path, O_RDONLY);
	int err = fd < 0 ? -1 : fcntl(fd, F_SETOWN, getpid());

	close(fd);
	return !err;
}

/* __f_setown() calls it under f_owner->lock, which send_sigio() takes in interrupts. */
static void test_irq_lock(void)
{
	if (attach(skel->progs.on_file_owner))
		check_no_names(act_own_file, NULL);
}

/*
 * To own a socket that packets for are on their way. Their softirqs take f_owner->lock:
 * with PREEMPT_RT, where the lock leaves interrupts enabled, they must not run in it.
 */
static bool act_own_socket(const void *unused)
{
	const struct sched_param urgent = { .sched_priority = 1 };
	__u64 end, late;
	cpu_set_t cpu;
	int fds[2];
	pid_t pid;

	signal(SIGIO, SIG_IGN);
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	if (fds[0] < 0 || fds[1] < 0 || !first_processor(&cpu) ||
	    sched_setaffinity(0, sizeof(cpu), &cpu) ||
	    fcntl(fds[0], F_SETOWN, getpid()) || fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK))
		return false;

	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			char byte;

			send(fds[1], "", 1, MSG_DONTWAIT);
			recv(fds[0], &byte, 1, MSG_DONTWAIT);
		}
	}
	if (pid < 0 || sched_setscheduler(0, SCHED_FIFO, &urgent))
		return false;
	end = get_time_ns() + 3 * NSEC_PER_SEC;
	late = end + 40 * NSEC_PER_SEC;
	do {
		fcntl(fds[0], F_SETOWN, getpid());
		usleep(100);
	} while (get_time_ns() < end ||
		 (READ_ONCE(skel->bss->runs) <= 100 && get_time_ns() < late));
	stop_process(pid);
	return true;
}

static void test_irq_lock_traffic(void)
{
	if (!can_be_urgent() || !attach(skel->progs.on_file_owner))
		return;
	memset(skel->bss->steps, 0, sizeof(skel->bss->steps));
	skel->bss->runs = 0;
	flooder_is_done(start_subject(SUBJECT, &skel->bss->tgid, act_own_socket, NULL), 90);
	ASSERT_GT(skel->bss->runs, 100, "runs of the program");
}

/* With interrupts on, a spinlock can be held, too. */

static bool act_connect_unix(const void *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path + 1, name, strlen(name));
	return !connect(fd, (struct sockaddr *)&address,
			offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int bind_abstract(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path + 1, name, strlen(name));
	ASSERT_OK(bind(fd, (struct sockaddr *)&address,
		       offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1), "bind");
	return fd;
}

/* unix_dgram_connect() calls it under unix_state_lock(). */
static void test_unix_lock(void)
{
	const struct step sock[] = {
		{ CALL_NET_SOCK, .ret = -EOPNOTSUPP },
		{ CALL_NET_SOCK, .arg = LO, .ret = -EOPNOTSUPP },
		/* Refused, so that the keys are free. */
		{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	static const char name[] = "lsm_audit_kfuncs";
	int fd = bind_abstract(name);

	if (attach(skel->progs.on_may_send)) {
		check_no_names(act_connect_unix, name);
		check_record(sock, " saddr=192.0.2.1 src=1 netif=lo", act_connect_unix, name);
	}
	close(fd);
}

static bool act_set_limit(const void *unused)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_CORE, &limit) && !setrlimit(RLIMIT_CORE, &limit);
}

/* do_prlimit() calls it under task_lock(), and in no other section of RCU. */
static void test_task_lock(void)
{
	if (attach(skel->progs.on_limit))
		check_no_names(act_set_limit, NULL);
}

/* do_msgsnd() calls it under ipc_lock_object(). */
static void test_ipc_lock(void)
{
	int queue = make_queue();

	if (queue >= 0 && attach(skel->progs.on_message))
		check_no_names(act_message, &queue);
	msgctl(queue, IPC_RMID, NULL);
}

/* A user namespace where 0 is 1 here, or -1 if there can be none. */
static int make_user_namespace(void)
{
	int ready[2], byte, fd = -1;
	char path[32];
	pid_t pid;

	if (!ASSERT_OK(pipe(ready), "pipe"))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(ready[1]);
	if (ASSERT_GT(pid, 0, "fork") && read(ready[0], &byte, 1) == 1 &&
	    ASSERT_GT(snprintf(path, sizeof(path), "/proc/%d/uid_map", pid), 0, "path") &&
	    ASSERT_TRUE(write_file(path, "0 1 1"), "map users") &&
	    ASSERT_GT(snprintf(path, sizeof(path), "/proc/%d/gid_map", pid), 0, "path") &&
	    ASSERT_TRUE(write_file(path, "0 1 1"), "map groups")) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY);
		ASSERT_OK_FD(fd, "open the user namespace");
	}
	stop_process(pid);
	close(ready[0]);
	return fd;
}

struct idmap {
	int mount;
	int namespace;
};

static bool act_idmap(const void *arg)
{
	const struct idmap *idmap = arg;
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = idmap->namespace,
	};

	return !syscall(__NR_mount_setattr, idmap->mount, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/*
 * mount_setattr() asks for a capability before it takes mount_lock, for which a
 * path waits. If it does so under the lock, this doesn't end.
 */
static void test_mount_lock(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	struct idmap idmap;
	pid_t pid;
	int i;

	idmap.namespace = make_user_namespace();
	if (idmap.namespace < 0) {
		skip("no user namespace can be made", "");
		return;
	}
	idmap.mount = syscall(__NR_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE);
	if (ASSERT_OK_FD(idmap.mount, "clone the mount") &&
	    ASSERT_OK(audit_drain(audit), "drain audit") && attach(skel->progs.on_capable)) {
		pid = act_as(SUBJECT, steps, act_idmap, &idmap);
		ASSERT_GT(skel->bss->runs, 0, "runs of the program");
		for (i = 0; i < skel->bss->runs; i++)
			expect_of(prog_id, pid, SUBJECT, " path={str} dev={str} ino={num}");
		settled();
		check_returns();
	}
	close(idmap.mount);
	close(idmap.namespace);
}

static bool attach_to_cgroup(struct bpf_program *prog, int cgroup)
{
	detach();
	if (!is_loaded(prog))
		return false;
	prog_id = id_of(prog);
	attached = bpf_program__attach_cgroup(prog, cgroup);
	return ASSERT_OK_PTR(attached, "attach to the cgroup");
}

static void test_cgroup(void)
{
	const struct step steps[] = {
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28,
		  .ret = has_ipv6() ? -EINVAL : -EAFNOSUPPORT },
		{ CALL_NET_SOCKADDR, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
		{}
	};
	struct endpoint four = ipv4("127.0.0.6", 0), six = ipv6("::1", 0);
	int cgroup;

	if (!is_loaded(skel->progs.on_bind_cgroup))
		return;
	cgroup = cgroup_setup_and_join("/lsm_audit_kfuncs");
	if (!ASSERT_OK_FD(cgroup, "join a cgroup"))
		return;

	set_addresses(six, six);
	if (attach_to_cgroup(skel->progs.on_bind_cgroup, cgroup)) {
		check_record(steps, " opid={num} ocomm=\"" SUBJECT "\" daddr=127.0.0.6", act_bind,
			     &four);
		if (can_bind_ipv6())
			check_record(steps, " opid={num} ocomm=\"" SUBJECT "\" daddr=::1",
				     act_bind, &six);
	}
	detach();
	close(cgroup);
	cleanup_cgroup_environment();
}

/* Such a program runs in two sections of RCU. One more is taken for a lock's. */
static void test_cgroup_lock(void)
{
	static const char name[] = "lsm_audit_kfuncs_cgroup";
	int server = bind_abstract(name), cgroup;

	cgroup = cgroup_setup_and_join("/lsm_audit_kfuncs");
	if (ASSERT_OK_FD(cgroup, "join a cgroup")) {
		if (attach_to_cgroup(skel->progs.on_file_cgroup, cgroup))
			check_file_and_cause();
		if (attach_to_cgroup(skel->progs.on_may_send_cgroup, cgroup))
			check_no_names(act_connect_unix, name);
		detach();
		close(cgroup);
	}
	cleanup_cgroup_environment();
	close(server);
}

static const struct subtest subtests[] = {
	{ "sleepable", test_sleepable },
	{ "rcu_read_lock", test_rcu_read_lock },
	{ "rcu_read_lock_later", test_rcu_read_lock_later },
	{ "preempt_disabled", test_preempt_disabled, .loses_realtime = true },
	{ "preempt_disabled_later", test_preempt_disabled_later },
	{ "irq_disabled", test_irq_disabled, .loses_realtime = true },
	{ "irq_disabled_later", test_irq_disabled_later },
	{ "irq_disabled_twice", test_irq_disabled_twice },
	{ "irq_disabled_busy", test_irq_disabled_busy },
	{ "irq_lock", test_irq_lock },
	{ "irq_lock_traffic", test_irq_lock_traffic, .loses = true },
	{ "unix_lock", test_unix_lock },
	{ "task_lock", test_task_lock },
	{ "ipc_lock", test_ipc_lock },
	{ "mount_lock", test_mount_lock },
	{ "cgroup", test_cgroup },
	{ "cgroup_lock", test_cgroup_lock },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_contexts(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
