// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nanoseconds of system calls that cause audit records of one type more than
 * SYSCALL, PROCTITLE and EOE, at least of many: lines of "NAME TIME". The caller has
 * set rules for all calls of this program and of "capable", a copy of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static int file, socket_fd, queue, loginuid;
static mqd_t mq;
static char long_name[201], long_name_hex[201];
static struct msqid_ds ds;
static struct sockaddr_in address = { AF_INET, 0, { 0 } };
static struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
static struct __user_cap_data_struct sets[2];

static void none(void) { getppid(); }
static void path_cwd(void) { chmod("file", 0600); }
static void path_hex(void) { chmod("a file", 0600); }
static void path_long(void) { chmod(long_name, 0600); }
static void path_long_hex(void) { chmod(long_name_hex, 0600); }
static void path_capable(void) { chmod("capable", 0755); }
static void path_parent(void) { mkdir("there is no/such folder", 0700); }
static void sockaddr(void) { bind(socket_fd, (void *)&address, 4); }
static void obj_pid(void) { kill(getpid(), 0); }
static void mmap_fd(void) { munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0), 4096); }
static void ipc_set(void) { msgctl(queue, IPC_SET, &ds); }
static void mq_opening(void) { mq_open("/none", O_RDWR); }
static void mq_sending(void) { mq_send(-1, "", 0, 0); }
static void mq_getset(void) { mq_setattr(mq, &(struct mq_attr){ 0 }, NULL); }
static void mq_notification(void) { mq_notify(mq, NULL); }
static void capset_all(void) { syscall(SYS_capset, &head, sets); }
static void login(void) { pwrite(loginuid, "0", 1, 0); }
static void kern_module(void) { syscall(SYS_delete_module, "nomodule", 0); }
static void denied(void) { close(open("file", O_WRONLY | O_TRUNC)); }

static void denied_port(void)
{
	struct sockaddr_in port = { AF_INET, htons(1024), { htonl(INADDR_LOOPBACK) } };

	bind(socket_fd, (void *)&port, sizeof(port));
}

static void fd_pair(void)
{
	int fds[2];

	if (!pipe(fds)) {
		close(fds[0]);
		close(fds[1]);
	}
}

static void openat2_how(void)
{
	struct open_how how = { .flags = -1 };

	syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how));
}

static void time_offset(void)
{
	struct timex tx = { .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { 0, 1 } };

	adjtimex(&tx);
}

static void time_adj(void)
{
	struct timex tx = { .modes = ADJ_TICK, .tick = 9999 };

	adjtimex(&tx);
	tx.tick = 10000;
	adjtimex(&tx);
}

/* A call that fails, and at once, of a ring with room for one. */
static void uring(void)
{
	static unsigned int *tail, *completed_head, *completed_tail;
	static struct io_uring_sqe *entry;
	static int ring = -1;

	if (ring < 0) {
		struct io_uring_params params = {};
		unsigned char *rings;

		ring = syscall(SYS_io_uring_setup, 1, &params);
		rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			     IORING_OFF_SQ_RING);
		entry = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
		if (ring < 0 || rings == MAP_FAILED || entry == MAP_FAILED)
			err(1, "io_uring");
		entry->opcode = IORING_OP_MSG_RING;
		entry->fd = socket_fd;
		tail = (void *)(rings + params.sq_off.tail);
		completed_head = (void *)(rings + params.cq_off.head);
		completed_tail = (void *)(rings + params.cq_off.tail);
	}
	++*tail;
	syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0);
	*completed_head = *completed_tail;
}

static void execute(const char *program, uid_t user)
{
	pid_t pid = vfork();

	if (!pid) {
		if (user)
			syscall(SYS_setresuid, user, user, user);
		execl(program, "noop", "an argument", "another", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void execve_one(void) { execute("./costs", 0); }
static void execve_capable(void) { execute("./capable", 1000); }

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void measure(const char *name, void (*call)(void), int times)
{
	long least = 0;

	for (int i = 0; i < times; i++) {
		long start = now();

		call();
		start = now() - start;
		if (!least || start < least)
			least = start;
		if (i % 8 == 7)	/* the reader catches up */
			usleep(20000);
	}
	printf("%s %ld\n", name, least);
}

/* Nothing is truncated, and no port taken, from here on. */
static void confine(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_TRUNCATE,
		.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP,
	};
	int ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ruleset < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0))
		err(1, "Landlock");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*call)(void);
	} calls[] = {
		{ "SYSCALL", none },
		{ "PATH,CWD", path_cwd },
		{ "PATH,CWD(hex)", path_hex },
		{ "PATH,CWD(200)", path_long },
		{ "PATH,CWD(200,hex)", path_long_hex },
		{ "PATH(capable)", path_capable },
		{ "PATH(parent)", path_parent },
		{ "OPENAT2", openat2_how },
		{ "SOCKADDR", sockaddr },
		{ "OBJ_PID", obj_pid },
		{ "MMAP", mmap_fd },
		{ "FD_PAIR", fd_pair },
		{ "IPC", ipc_set },
		{ "MQ_OPEN", mq_opening },
		{ "MQ_SENDRECV", mq_sending },
		{ "MQ_GETSETATTR", mq_getset },
		{ "MQ_NOTIFY", mq_notification },
		{ "CAPSET", capset_all },
		{ "LOGIN", login },
		{ "KERN_MODULE", kern_module },
		{ "TIME_INJOFFSET", time_offset },
		{ "TIME_ADJNTPVAL", time_adj },
		{ "URINGOP", uring },
		{ "EXECVE", execve_one },
		{ "BPRM_FCAPS", execve_capable },
	};

	if (argc > 1)
		return 0;
	/* Neither kauditd nor auditd runs while a child is waited for. */
	if (sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }))
		err(1, "SCHED_FIFO");
	file = open("file", O_RDWR | O_CREAT, 0600);
	close(open("a file", O_RDWR | O_CREAT, 0600));
	memset(long_name, 'a', sizeof(long_name) - 1);
	memcpy(long_name_hex, long_name, sizeof(long_name));
	long_name_hex[0] = ' ';
	close(open(long_name, O_RDWR | O_CREAT, 0600));
	close(open(long_name_hex, O_RDWR | O_CREAT, 0600));
	socket_fd = socket(AF_INET, SOCK_STREAM, 0);
	queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
	mq = mq_open("/costs", O_RDWR | O_CREAT, 0600, NULL);
	loginuid = open("/proc/self/loginuid", O_WRONLY);
	if (file < 0 || socket_fd < 0 || queue < 0 || mq == (mqd_t)-1 || loginuid < 0 ||
	    setxattr("capable", "security.capability",
		     "\1\0\0\2\1\x20\0\0\0\x20\0\0\0\0\0\0\0\0\0\0", 20, 0))
		err(1, "the objects of the calls");
	msgctl(queue, IPC_STAT, &ds);
	syscall(SYS_capget, &head, sets);
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		measure(calls[i].name, calls[i].call, 64);
	confine();
	measure("LANDLOCK_ACCESS", denied, 64);
	measure("LANDLOCK_ACCESS(net)", denied_port, 64);
	return 0;
}
