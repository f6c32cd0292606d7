// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that cause audit records of as many types and odd values as can be
 * had without hardware: "calls PROGRAM", where PROGRAM is this file's, for it to
 * execute itself. Most of the calls fail, and are to. Run under any other name, it
 * does a little and exits with 3.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

static char *self;

/* What a kuid_t can hold, but for -1, which sets nothing. */
static const unsigned int ids[] = { 0, 1000, 2147483647u, 2147483648u, 4294967294u };

static void files(void)
{
	char longest[4001];
	int fd, i, fill;

	open("/nonexistent", O_RDONLY);
	open("relative name \xc3\xa4", O_RDWR | O_CREAT, 0640);
	open("quote\"d", O_RDWR | O_CREAT, 0);
	fd = open("plain", O_RDWR | O_CREAT | O_EXCL, 04755);
	lseek(fd, 0x7fffffffffffffffLL, SEEK_SET);
	lseek(fd, -1, SEEK_SET);
	lseek(fd, 1LL << 40, SEEK_SET);
	fchmod(fd, 07777);
	for (i = 0; i < 5; i++)
		fchown(fd, ids[i], ids[4 - i]);
	ftruncate(fd, 123456789012LL);
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, -1, 0);
	pipe((int[2]){});

	mkdir("dir", 01777);
	rename("plain", "dir/renamed");
	link("dir/renamed", "hard");
	symlink("x y", "soft link");
	unlink("hard");
	mknod("chr", S_IFCHR | 0666, makedev(4095, 1048575));
	open("chr", O_RDONLY);
	mknod("blk", S_IFBLK | 0600, makedev(7, 255));
	mknod("fifo", S_IFIFO | 02600, 0);
	for (i = 0; i < 07777; i += 0731) {
		chmod("fifo", i);
		open("fifo", O_PATH);
	}
	chdir("dir");
	open("../here", O_RDONLY);
	unlink("renamed");
	chdir("..");
	rmdir("dir");

	/* Each byte of a name at each place of a word. */
	for (i = 1; i < 256; i++) {
		char name[] = "0123456789abcdef";

		name[i % 16] = i;
		open(name, O_RDONLY);
	}
	/* A path of the longest that fits, as text and in hex. */
	for (fill = 0; fill < 2; fill++) {
		memset(longest, fill ? ' ' : 'a', 4000);
		longest[4000] = 0;
		for (i = 100; i < 4000; i += 100)
			longest[i] = '/';
		open(longest, O_RDONLY);
	}
}

static void file_capabilities(void)
{
	struct open_how how = { .flags = O_CREAT | O_RDWR, .mode = 0600 };
	int fd = open("capable", O_RDWR | O_CREAT, 0755);

	fsetxattr(fd, "security.capability", "\1\0\0\3\1\2\3\4\5\6\0\0\0\0\1\0\0\0\0\0\x39\x30\0\0", 24, 0);
	open("capable", O_RDONLY);
	fsetxattr(fd, "security.capability", "\0\0\0\2\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0", 20, 0);
	open("capable", O_RDONLY);
	syscall(SYS_openat2, AT_FDCWD, "new one", &how, sizeof(how));
	how.resolve = RESOLVE_BENEATH;
	syscall(SYS_openat2, AT_FDCWD, "capable", &how, sizeof(how));
}

static void sockets(void)
{
	struct sockaddr_in6 in6 = { AF_INET6, htons(65535), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in in = { AF_INET, htons(4711), { htonl(0x7f000001) } };
	struct sockaddr_un un = { AF_UNIX, "/tmp/no socket" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	bind(fd, (void *)&in, sizeof(in));
	connect(fd, (void *)&in, sizeof(in));
	sendto(fd, "x", 1, 0, (void *)&in, sizeof(in));
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bind(fd, (void *)&in6, sizeof(in6));
	connect(fd, (void *)&in6, 24);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(fd, (void *)&un, sizeof(un));
	connect(fd, (void *)&un, 2);
	un.sun_path[0] = 0;
	bind(fd, (void *)&un, 20);
	socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){});
}

static void ipc(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE, .sigev_signo = -3 };
	struct timespec when = { 1, 999999999 };
	struct mq_attr attr = { 0, 5, 4096 };
	struct msqid_ds ds;
	char message[4096];
	int id, i;
	mqd_t mq;

	id = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
	msgctl(id, IPC_STAT, &ds);
	for (i = 0; i < 5; i++) {
		ds.msg_perm.uid = ids[i];
		ds.msg_perm.gid = ids[4 - i];
		ds.msg_perm.mode = 01777;
		ds.msg_qbytes = 4096;
		msgctl(id, IPC_SET, &ds);
	}
	msgctl(id, IPC_RMID, NULL);
	id = shmget(IPC_PRIVATE, 4096, 0);
	shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);

	mq = mq_open("/queue", O_RDWR | O_CREAT, 0640, &attr);
	mq_open("/queue2", O_RDWR | O_CREAT, 0600, NULL);
	mq_timedsend(mq, "hello", 5, 7, &when);
	mq_timedreceive(mq, message, sizeof(message), NULL, &when);
	mq_notify(mq, &event);
	mq_setattr(mq, &attr, NULL);
	mq_unlink("/queue");
}

/* More receivers than one record has room for. */
static void signals(void)
{
	pid_t group = 0, pid;
	int i;

	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			if (i == 3) {
				setresgid(5, 6, 7);
				setresuid(2147483649u, 4294967294u, 3);
				prctl(PR_SET_NAME, "odd \"name\" \x01z");
			}
			if (i == 5)
				prctl(PR_SET_NAME, "fifteen-letters");
			raise(SIGSTOP);
			pause();
			_exit(0);
		}
		if (!group)
			group = pid;
		setpgid(pid, group);
		waitpid(pid, NULL, WUNTRACED);
	}
	kill(pid, 0);
	kill(-group, 0);
	kill(999999, SIGTERM);
	kill(-group, SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void task_names(void)
{
	static const char *const names[] = { "a name too long for it", "sp ace", "\x7f\xff", "", "q\"" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		prctl(PR_SET_NAME, names[i]);
		getppid();
	}
}

static void arguments(void)
{
	syscall(SYS_getpid, 0x1234567890abcdefUL, -1L, 0x8000000000000000UL, 0xfUL);
	syscall(SYS_getpid, 0UL, 10L, 0x10UL, 0x100UL);
	syscall(9999, 1, 2, 3, 4);
	syscall(-2, 1, 2, 3, 4);
	syscall(0x7fffffff);
	personality(ADDR_NO_RANDOMIZE);
	getppid();
	personality(0xfffffffe);
	getppid();
	personality(0);
}

static void users(void)
{
	setgroups(0, NULL);
	setresgid(2147483648u, 4294967294u, 0);
	setfsgid(99);
	setresuid(1, 0, 4294967294u);
	setfsuid(2147483647u);
	getppid();
	setresuid(2147483648u, 2147483648u, 2147483648u);
	getppid();
	open("/etc/shadow", O_RDONLY);
	_exit(255);
}

static void login(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY);

	write(fd, "1000", 4);
	close(fd);
	getppid();
	fd = open("/proc/self/loginuid", O_WRONLY);
	write(fd, "0", 1);
	getppid();
}

static void terminal(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	unlockpt(fd);
	setsid();
	ioctl(open(ptsname(fd), O_RDWR), TIOCSCTTY, 0);
	getppid();
}

static void capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];

	syscall(SYS_capget, &head, sets);
	sets[0].effective &= ~0x21;
	sets[0].inheritable = 0x20;
	sets[1].effective = 1;
	syscall(SYS_capset, &head, sets);
	sets[0].effective = sets[1].effective = 0;
	syscall(SYS_capset, &head, sets);
}

static void clocks_and_modules(void)
{
	struct timex step = { .modes = ADJ_SETOFFSET | ADJ_NANO, .time = { 0, 1000 } };
	struct timex there = { .modes = ADJ_FREQUENCY | ADJ_TICK, .freq = -65536, .tick = 9999 };
	struct timex back = { .modes = ADJ_FREQUENCY | ADJ_TICK, .freq = 0, .tick = 10000 };

	adjtimex(&step);
	adjtimex(&there);
	adjtimex(&back);
	syscall(SYS_delete_module, "no module", 0);
	syscall(SYS_delete_module, "nomodule", 0);
	syscall(SYS_init_module, "x", 1, "");
}

static void uring(void)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	struct io_uring_sqe *entries;
	unsigned char *queue;

	queue = mmap(NULL, params.sq_off.array + 4 * params.sq_entries, PROT_READ | PROT_WRITE,
		     MAP_SHARED, ring, IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED, ring, IORING_OFF_SQES);
	if (ring < 0 || queue == MAP_FAILED || entries == MAP_FAILED)
		err(1, "io_uring");
	entries[0].opcode = entries[1].opcode = IORING_OP_OPENAT;
	entries[0].fd = entries[1].fd = AT_FDCWD;
	entries[0].addr = (unsigned long)"no such file";
	entries[1].addr = (unsigned long)"/tmp";
	((unsigned int *)(queue + params.sq_off.array))[0] = 0;
	((unsigned int *)(queue + params.sq_off.array))[1] = 1;
	*(unsigned int *)(queue + params.sq_off.tail) += 2;
	syscall(SYS_io_uring_enter, ring, 2, 2, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* A child that executes PROGRAM with ARGS, as USER. */
static void execute(const char *program, char **args, uid_t user)
{
	pid_t pid = fork();

	if (!pid) {
		if (user)
			setresuid(user, user, user);
		execv(program, args);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* Denials of a file, of folders on both sides, of a port and of a signal. */
static void landlock(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1,
		.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP,
		.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
	};
	struct sockaddr_in in = { AF_INET, htons(4711), { htonl(0x7f000001) } };
	struct sockaddr_un un = { AF_UNIX, "\0abstract" };
	int ruleset, fd, un_fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	mkdir("one", 0700);
	mkdir("other two", 0700);
	close(open("one/file", O_WRONLY | O_CREAT, 0600));
	bind(un_fd, (void *)&un, sizeof(un.sun_family) + 9);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0 || syscall(SYS_landlock_restrict_self, ruleset, 0))
		err(1, "Landlock");
	open("one/file", O_RDWR | O_TRUNC);
	open("one", O_RDONLY | O_DIRECTORY);
	rename("one/file", "other two/file");
	link("one/file", "other two/link");
	unlink("one/file");
	mkdir("new", 0700);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	bind(fd, (void *)&in, sizeof(in));
	connect(fd, (void *)&in, sizeof(in));
	connect(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&un, sizeof(un.sun_family) + 9);
	kill(getppid(), 0);
	execl(self, "noop", NULL);
}

#define args(...) ((char *[]){ __VA_ARGS__, NULL })

static void executions(void)
{
	static char title[300], many[30000];
	char command[400];

	execute(self, args("noop", "plain", "with space", "", "q\"uote", "\xc3\xa4"), 0);
	execute(self, args("noop"), 0);
	execute(self, args("\x01\x02"), 0);
	execute(self, args("noop-\n", "\n\n"), 0);
	memset(title, 't', sizeof(title) - 1);
	execute(self, args(title, "noop"), 0);
	/* Arguments that take several records, as text, in hex, and at the border. */
	memset(many, 'm', sizeof(many) - 1);
	execute(self, args("noop", many, "more"), 0);
	many[20000] = ' ';
	execute(self, args("noop", many, "more"), 0);
	many[7480] = 0;
	execute(self, args("noop", many, many, many), 0);

	mkdir("sp ace", 0755);
	snprintf(command, sizeof(command), "cp %s 'sp ace/a b'; cp %s with-capability; cp %s gone",
		 self, self, self);
	system(command);
	execute("sp ace/a b", args("noop"), 0);
	setxattr("with-capability", "security.capability",
		 "\1\0\0\2\1\x20\0\0\0\x20\0\0\0\0\0\0\0\0\0\0", 20, 0);
	execute("./with-capability", args("noop"), 1000);
	execute("./gone", args("unlink-me"), 0);
}

int main(int argc, char **argv)
{
	static void (*const all[])(void) = {
		files, file_capabilities, sockets, ipc, signals, task_names, arguments, users,
		login, terminal, capabilities, clocks_and_modules, uring, landlock, executions,
	};
	unsigned int i;

	if (!argc || !strstr(argv[0], "calls")) {
		if (argc && !strcmp(argv[0], "unlink-me"))
			unlink("gone");
		getppid();
		return 3;
	}
	if (argc != 2)
		errx(1, "usage: calls PROGRAM");
	self = argv[1];
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		pid_t pid = fork();

		if (!pid) {
			all[i]();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
