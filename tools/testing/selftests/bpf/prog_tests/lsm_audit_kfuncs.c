// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs for BPF LSM programs: what each of them writes, to the byte,
 * what each refuses, and the rules that hold for all.
 *
 * A test lists steps for a program (progs/lsm_audit_kfuncs.h), lets a process of
 * its own, the subject, do what the program's hook is about, and compares the
 * record that this makes.
 */
#include <bpf/btf.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <test_progs.h>

#include "audit_helpers.h"
#include "cap_helpers.h"
#include "cgroup_helpers.h"
#include "lsm_audit_kfuncs_fail.skel.h"
#include "network_helpers.h"
#include "progs/lsm_audit_kfuncs.h"
#include "sysctl_helpers.h"
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

static void write_cause(int i, char text[CAUSE_ROOM])
{
	size_t n;

	text[0] = '\0';
	for (n = 0; n < causes[i].times; n++)
		strcat(text, causes[i].text);
}

/* Without its reason, a test that is skipped looks as good as one that passes. */
static void skip(const char *why, const char *what)
{
	printf("SKIP: %s%s\n", why, what);
	test__force_log();
	test__skip();
}

/* A process that acts */

typedef bool (*act_fn)(const void *arg);

static const struct step *wanted_steps;

/*
 * Let a process called @comm take the steps, by @act.
 *
 * It isn't the test itself, because that is the audit daemon, of which nothing
 * is recorded.
 *
 * Return: its pid, or -1 if @act failed.
 */
static pid_t act_as(const char *comm, const struct step *steps, act_fn act,
		    const void *arg)
{
	int status, i;
	pid_t pid;

	memset(skel->bss->steps, 0, sizeof(skel->bss->steps));
	for (i = 0; i < MAX_STEPS && steps && steps[i].call; i++) {
		skel->bss->steps[i] = steps[i];
		skel->bss->steps[i].ret = NOT_CALLED;
	}
	wanted_steps = steps;
	skel->bss->runs = 0;
	skel->bss->refused = 0;
	skel->bss->ended = 0;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool done;

		prctl(PR_SET_NAME, comm);
		skel->bss->tgid = getpid();
		done = act(arg);
		skel->bss->tgid = 0;
		_exit(!done);
	}

	if (!ASSERT_GT(pid, 0, "fork") ||
	    !ASSERT_EQ(waitpid(pid, &status, 0), pid, "wait for the subject") ||
	    !ASSERT_EQ(status, 0, "what the subject did"))
		return -1;
	return pid;
}

/* Compare what the steps returned with what they should have. */
static bool check_returns(void)
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
static void expect_of(__u32 prog, pid_t pid, const char *comm, const char *text)
{
	char name[AUDIT_UNTRUSTED_LEN(16)];

	audit_untrusted(name, comm, strnlen(comm, 15));
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid=%d comm=%s%s", prog, pid,
		     name, text);
}

static bool settled(void)
{
	return ASSERT_EQ(audit_settle(audit, AUDIT_BPF_LSM_ACCESS), 0,
			 "records that differ from what is expected");
}

/* One record: the subject acts, the program takes @steps, the record reads @text. */
static bool check_record(const struct step *steps, const char *text, act_fn act,
			 const void *arg)
{
	pid_t pid;

	if (!ASSERT_OK(audit_drain(audit), "drain audit"))
		return false;

	pid = act_as(SUBJECT, steps, act, arg);
	if (pid < 0 || !ASSERT_EQ(skel->bss->runs, 1, "runs of the program"))
		return false;

	expect_of(prog_id, pid, SUBJECT, text);
	return settled() & check_returns();
}

/* The same, where the current task need not be the subject. */
static bool check_record_of_nobody(const struct step *steps, const char *text, act_fn act,
				   const void *arg)
{
	const struct audit_record *record;

	if (!ASSERT_OK(audit_drain(audit), "drain audit") ||
	    act_as(SUBJECT, steps, act, arg) < 0 ||
	    !ASSERT_EQ(skel->bss->runs, 1, "runs of the program"))
		return false;

	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid=? comm=?%s", prog_id, text);
	if (!(settled() & check_returns()))
		return false;

	record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	return ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 0,
			 "SYSCALL records of its serial");
}

/* What a subject can do. Whether it succeeds is not the point, but for set-up. */

static bool act_ioctl(const void *fd)
{
	ioctl(*(const int *)fd, 0x5401, NULL);
	return true;
}

static bool act_ioctl_file(const void *unused)
{
	return act_ioctl(&file_fd);
}

static bool act_getsockname(const void *fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return !getsockname(*(const int *)fd, (struct sockaddr *)&address, &len);
}

static bool act_fchmod(const void *fd)
{
	return !fchmod(*(const int *)fd, 0600);
}

static bool act_mkdir(const void *path)
{
	return !mkdir(path, 0700) && !rmdir(path);
}

static bool act_setnice(const void *pid)
{
	return !setpriority(PRIO_PROCESS, *(const pid_t *)pid, 1);
}

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

static bool act_bind(const void *arg)
{
	const struct endpoint *endpoint = arg;
	int fd;

	fd = socket(endpoint->address.ss_family, SOCK_DGRAM, 0);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&endpoint->address, endpoint->len);
}

static bool act_accept(const void *fd)
{
	return accept(*(const int *)fd, NULL, NULL) >= 0;
}

static bool act_memfd(const void *unused)
{
	return memfd_create("anonymous", 0) >= 0;
}

/* Programs */

static void detach(void)
{
	bpf_link__destroy(attached);
	attached = NULL;
}

static __u32 id_of(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (!ASSERT_OK(bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len), "prog info"))
		return 0;
	return info.id;
}

static bool is_loaded(const struct bpf_program *prog)
{
	if (bpf_program__autoload(prog))
		return true;
	skip("the kernel has no hook for ", bpf_program__section_name(prog));
	return false;
}

/* Attach a program; the runner detaches it when the subtest ends. */
static bool attach(struct bpf_program *prog)
{
	detach();
	if (!is_loaded(prog))
		return false;
	prog_id = id_of(prog);
	attached = bpf_program__attach(prog);
	return ASSERT_OK_PTR(attached, "attach");
}

/* Addresses */

static struct endpoint ipv4(const char *address, __u16 port)
{
	struct endpoint endpoint = {};

	make_sockaddr(AF_INET, address, port, &endpoint.address, &endpoint.len);
	return endpoint;
}

static struct endpoint ipv6(const char *address, __u16 port)
{
	struct endpoint endpoint = {};

	make_sockaddr(AF_INET6, address, port, &endpoint.address, &endpoint.len);
	return endpoint;
}

static struct endpoint of_family(sa_family_t family)
{
	return (struct endpoint){ .address.ss_family = family };
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool needs_ipv6(void)
{
	bool has = has_ipv6();

	if (!has)
		skip("the kernel has no ", "IPv6");
	return has;
}

static void set_addresses(struct endpoint source, struct endpoint dest)
{
	memcpy(skel->bss->source_addr, &source.address, sizeof(source.address));
	memcpy(skel->bss->dest_addr, &dest.address, sizeof(dest.address));
}

static int port_of(int fd)
{
	return ntohs(get_socket_local_port(fd));
}

/* Text of the file in our tmpfs, for the calls that print its path or its name. */

static char *text_of(const char *key, const char *string, size_t len, unsigned long ino,
		     const char *more)
{
	char untrusted[AUDIT_UNTRUSTED_LEN(PATH_MAX)], *text;

	audit_untrusted(untrusted, string, len);
	if (asprintf(&text, " %s=%s dev={str} ino=%lu%s", key, untrusted, ino, more) < 0)
		return NULL;
	return text;
}

static void check_file_text(int call, int arg, const char *key, const char *string,
			    const char *more, act_fn act, const void *act_arg)
{
	const struct step steps[] = { { call, .arg = arg }, {} };
	char *text = text_of(key, string, strlen(string), file_stat.st_ino, more);

	check_record(steps, text, act, act_arg);
	free(text);
}

/* One subtest for each kfunc */

static void test_start(void)
{
	/* A record with no field: the head is all there is. */
	if (attach(skel->progs.on_file))
		check_record(NULL, "", act_ioctl_file, NULL);
}

static void test_cause(void)
{
	char cause[CAUSE_ROOM], untrusted[AUDIT_UNTRUSTED_LEN(CAUSE_ROOM)];
	char text[16 + sizeof(untrusted)];
	int i;

	if (!attach(skel->progs.on_file))
		return;

	for (i = 0; i < NR_CAUSES; i++) {
		struct step steps[] = { { CALL_CAUSE, .arg = i }, {} };
		size_t len;

		write_cause(i, cause);
		len = strlen(cause);
		snprintf(text, sizeof(text), " cause=%s", audit_untrusted(untrusted, cause, len));
		if (len < 1 || len > 255) {
			steps[0].ret = -EINVAL;
			text[0] = '\0';
		}
		if (!check_record(steps, text, act_ioctl_file, NULL))
			printf("that was the cause %d: '%s'\n", i, cause);
	}
}

static int last_cap(void)
{
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "r");
	int cap = -1;

	if (file) {
		if (fscanf(file, "%d", &cap) != 1)
			cap = -1;
		fclose(file);
	}
	return cap;
}

static void test_cap(void)
{
	int caps[] = { 0, 21, last_cap() }, i;
	char text[32];

	if (!ASSERT_GT(caps[2], 0, "the last capability") || !attach(skel->progs.on_file))
		return;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		const struct step steps[] = { { CALL_CAP, .arg = caps[i] }, {} };

		/* The space behind is audit_log_lsm_data()'s. */
		snprintf(text, sizeof(text), " capability=%d ", caps[i]);
		check_record(steps, text, act_ioctl_file, NULL);
	}

	const struct step wrong[] = {
		{ CALL_CAP, .arg = -1, .ret = -EINVAL },
		{ CALL_CAP, .arg = caps[2] + 1, .ret = -EINVAL },
		{ CALL_CAP, .arg = INT_MAX, .ret = -EINVAL },
		{ CALL_CAP, .arg = INT_MIN, .ret = -EINVAL },
		{}
	};

	check_record(wrong, "", act_ioctl_file, NULL);
}

static void test_path(void)
{
	const struct step steps[] = { { CALL_PATH }, {} };
	char path[sizeof(dir) + 4], *text;
	struct stat root;

	if (attach(skel->progs.on_file))
		check_file_text(CALL_PATH, 0, "path", file_path, "", act_ioctl_file, NULL);

	/* A path that the hook gets as such: the folder in which one is made. */
	if (!ASSERT_OK(stat(dir, &root), "stat") || !attach(skel->progs.on_mkdir))
		return;
	snprintf(path, sizeof(path), "%s/new", dir);
	text = text_of("path", dir, strlen(dir), root.st_ino, "");
	check_record(steps, text, act_mkdir, path);
	free(text);
}

/*
 * Make a file whose path, of @len bytes, is all hex in a record: longer than
 * what open() takes, and as long as d_path() gives.
 */
static int open_deep(size_t len)
{
	size_t left = len - strlen(dir), part;
	char name[NAME_MAX + 1];
	int at, next;

	at = open(dir, O_PATH | O_DIRECTORY);
	while (at >= 0 && left) {
		/* A slash and a name; the last one isn't empty. */
		part = left > 202 ? 200 : left > 102 ? 100 : left - 1;
		left -= part + 1;
		memset(name, left ? ' ' : '"', part);
		name[part] = '\0';
		if (left)
			mkdirat(at, name, 0700);
		next = openat(at, name, left ? O_PATH | O_DIRECTORY : O_RDWR | O_CREAT, 0600);
		close(at);
		at = next;
	}
	return at;
}

static void test_file(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	int fd;

	if (!attach(skel->progs.on_file))
		return;
	check_file_text(CALL_FILE, 0, "path", file_path, "", act_ioctl_file, NULL);

	/* Longer than d_path() can say. */
	fd = open_deep(PATH_MAX + 100);
	if (ASSERT_OK_FD(fd, "open a deep file")) {
		check_record(steps, " path=\"<too_long>\" dev={str} ino={num}", act_ioctl, &fd);
		close(fd);
	}
}

static void test_ioctl_op(void)
{
	if (!attach(skel->progs.on_file))
		return;
	check_file_text(CALL_IOCTL_OP, 0x5401, "path", file_path, " ioctlcmd=0x5401",
			act_ioctl_file, NULL);
	check_file_text(CALL_IOCTL_OP, 0, "path", file_path, " ioctlcmd=0x0", act_ioctl_file,
			NULL);
	check_file_text(CALL_IOCTL_OP, 0xffff, "path", file_path, " ioctlcmd=0xffff",
			act_ioctl_file, NULL);
}

static void test_dentry(void)
{
	const struct step steps[] = { { CALL_DENTRY }, {} };
	char path[sizeof(dir) + 4];

	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_DENTRY, 0, "name", strrchr(file_path, '/') + 1, "", act_fchmod,
				&file_fd);

	/* A negative one, which has no inode yet. */
	snprintf(path, sizeof(path), "%s/new", dir);
	if (attach(skel->progs.on_mkdir))
		check_record(steps, " name=\"new\"", act_mkdir, path);
}

static void test_inode(void)
{
	if (attach(skel->progs.on_file))
		check_file_text(CALL_INODE, 0, "name", strrchr(file_path, '/') + 1, "",
				act_ioctl_file, NULL);
	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_INODE, 0, "name", strrchr(file_path, '/') + 1, "", act_fchmod,
				&file_fd);
}

/* A process that waits to be an object. */
static pid_t start_object(const char *comm)
{
	int ready[2], byte;
	pid_t pid;

	if (!ASSERT_OK(pipe(ready), "pipe"))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1, "the object is ready");
	close(ready[0]);
	return pid;
}

static void test_task(void)
{
	static const char * const names[] = { "object", "an object", "\"x\" opid=1", "\xff\n", "" };
	const struct step steps[] = { { CALL_TASK }, {} };
	char text[128], comm[AUDIT_UNTRUSTED_LEN(16)];
	pid_t object;
	int i;

	if (!attach(skel->progs.on_task))
		return;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		object = start_object(names[i]);
		if (!ASSERT_GT(object, 0, "fork"))
			return;
		snprintf(text, sizeof(text), " opid=%d ocomm=%s", object,
			 audit_untrusted(comm, names[i], strlen(names[i])));
		check_record(steps, text, act_setnice, &object);
		kill(object, SIGKILL);
		waitpid(object, NULL, 0);
	}
}

/* A socket that is connected to another, both with addresses of their own. */
static int connected(int family, const char *from, const char *to, int *peer)
{
	struct sockaddr_storage address;
	int server, fd = -1, on = 1;
	socklen_t len;

	server = start_server(family, SOCK_STREAM, to, 0, 0);
	if (!ASSERT_OK_FD(server, "listen"))
		return -1;

	fd = socket(family, SOCK_STREAM, 0);
	make_sockaddr(family, from, 0, &address, &len);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!ASSERT_OK(bind(fd, (struct sockaddr *)&address, len), "bind") ||
	    !ASSERT_OK(connect_fd_to_fd(fd, server, 0), "connect")) {
		close(fd);
		close(server);
		return -1;
	}
	*peer = server;
	return fd;
}

static void check_sock(int fd, int netif, const char *text)
{
	const struct step steps[] = { { CALL_NET_SOCK, .arg = netif }, {} };

	check_record(steps, text, act_getsockname, &fd);
}

static void check_inet_sock(int family, const char *from, const char *to)
{
	char text[256];
	int fd, peer;

	/* Neither address nor port: nothing to print. */
	fd = socket(family, SOCK_STREAM, 0);
	if (!ASSERT_OK_FD(fd, "socket"))
		return;
	check_sock(fd, 0, "");
	close(fd);

	/* One end, without and with an address. */
	fd = start_server(family, SOCK_STREAM, family == AF_INET ? "0.0.0.0" : "::", 0, 0);
	if (ASSERT_OK_FD(fd, "listen")) {
		snprintf(text, sizeof(text), " lport=%d", port_of(fd));
		check_sock(fd, 0, text);
		close(fd);
	}
	fd = start_server(family, SOCK_STREAM, to, 0, 0);
	if (ASSERT_OK_FD(fd, "listen")) {
		snprintf(text, sizeof(text), " laddr=%s lport=%d netif=lo", to, port_of(fd));
		check_sock(fd, LO, text);
		close(fd);
	}

	/* Both ends. */
	fd = connected(family, from, to, &peer);
	if (fd >= 0) {
		snprintf(text, sizeof(text), " laddr=%s lport=%d faddr=%s fport=%d", from,
			 port_of(fd), to, port_of(peer));
		check_sock(fd, 0, text);
		close(fd);
		close(peer);
	}
}

static int unix_socket(const char *name, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(address.sun_path, name, len);
	if (!ASSERT_OK(len ? bind(fd, (struct sockaddr *)&address,
				  offsetof(struct sockaddr_un, sun_path) + len) : 0, "bind"))
		return -1;
	return fd;
}

static void check_unix_sock(const char *name, size_t len, int netif, const char *text)
{
	int fd = unix_socket(name, len);

	if (!ASSERT_OK_FD(fd, "unix socket"))
		return;
	check_sock(fd, netif, text);
	close(fd);
	if (len && *name)
		unlink(name);
}

static void check_unix_path(const char *name)
{
	char path[108], untrusted[AUDIT_UNTRUSTED_LEN(108)], text[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), " path=%s",
		 audit_untrusted(untrusted, path, strlen(path)));
	check_unix_sock(path, strlen(path), 0, text);
}

static void test_net_sock(void)
{
	const struct step no_sock[] = { { CALL_NET_SOCK, .arg = LO }, {} };
	char longest[108] = {}, hex[AUDIT_UNTRUSTED_LEN(108)], text[256];
	int fd, peer;

	if (!attach(skel->progs.on_sock))
		return;

	check_inet_sock(AF_INET, "127.0.0.2", "127.0.0.3");
	if (has_ipv6())
		check_inet_sock(AF_INET6, "::1", "::1");

	check_unix_path("socket");
	check_unix_path("a \"socket\" ino=1");
	/* Abstract names are hex, with their NULs and without an end. */
	check_unix_sock("\0abstract", 9, 0, " path=006162737472616374");
	check_unix_sock("\0a\0b\0", 5, 0, " path=0061006200");
	memset(longest + 1, ' ', sizeof(longest) - 1);
	snprintf(text, sizeof(text), " path=%s", audit_untrusted(hex, longest, sizeof(longest)));
	check_unix_sock(longest, 108, 0, text);
	check_unix_sock("", 0, 0, "");
	check_unix_sock("", 0, LO, " netif=lo");

	/* Other families have no addresses that audit knows of. */
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (ASSERT_OK_FD(fd, "netlink socket")) {
		check_sock(fd, 0, "");
		check_sock(fd, LO, " netif=lo");
		close(fd);
	}

	/* A socket that isn't accepted yet has no network side. */
	if (!attach(skel->progs.on_accept))
		return;
	fd = connected(AF_INET, "127.0.0.2", "127.0.0.3", &peer);
	if (fd >= 0) {
		check_record(no_sock, " netif=lo", act_accept, &peer);
		close(fd);
		close(peer);
	}
}

static void test_netif(void)
{
	struct endpoint any = ipv4("0.0.0.0", 0);
	const struct {
		int netif;
		const char *text;
	} cases[] = {
		{ LO, " netif=lo" },
		{ 0, "" },
		{ -1, "" },
		{ INT_MIN, "" },
		{ UNKNOWN_NETIF, "" },
	};
	int i;

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(any, any);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct step sock[] = {
			{ CALL_NET_SOCK, .arg = cases[i].netif },
			{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16,
			  .ret = -EINVAL },
			{}
		};
		const struct step sockaddr[] = {
			{ CALL_NET_SOCKADDR, .arg = cases[i].netif, .source = ADDR_MAP,
			  .addrlen = 16 },
			/* The key is claimed, printed or not. */
			{ CALL_NET_SOCK, .arg = LO, .ret = -EINVAL },
			{}
		};

		check_record(sock, cases[i].text, act_bind, &any);
		check_record(sockaddr, cases[i].text, act_bind, &any);
	}
}

/* A device may be called anything but a path. */
static bool rename_netif(const char *from, const char *to)
{
	struct ifreq request = {};
	int fd, err;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(request.ifr_name, IFNAMSIZ, "%s", from);
	snprintf(request.ifr_newname, IFNAMSIZ, "%s", to);
	err = ioctl(fd, SIOCSIFNAME, &request);
	close(fd);
	return !err;
}

static void test_netif_name(void)
{
	/* audit_log_lsm_data() prints the name as it is, for all LSMs. */
	static const char * const names[] = { "lo0", "a=b", "a\"b", "x\"=\"y" };
	struct endpoint any = ipv4("0.0.0.0", 0);
	int i, lo = LO;
	char text[64];

	if (!attach(skel->progs.on_bind))
		return;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const struct step steps[] = { { CALL_NET_SOCK, .arg = lo }, {} };

		if (!ASSERT_TRUE(rename_netif("lo", names[i]), "rename lo"))
			return;
		snprintf(text, sizeof(text), " netif=%s", names[i]);
		check_record(steps, text, act_bind, &any);
		ASSERT_TRUE(rename_netif(names[i], "lo"), "rename it back");
	}
}

struct sockaddr_case {
	const char *what;
	struct endpoint source;
	struct endpoint dest;
	int from;
	int to;
	int addrlen;
	int ret;
	const char *text;
};

static void check_sockaddrs(const struct sockaddr_case *cases, size_t count)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	size_t i;

	for (i = 0; i < count; i++) {
		const struct sockaddr_case *c = &cases[i];
		const struct step steps[] = {
			{ CALL_NET_SOCKADDR, .source = c->from, .dest = c->to,
			  .addrlen = c->addrlen, .ret = c->ret },
			{}
		};

		set_addresses(c->source, c->dest);
		if (!check_record(steps, c->text ?: "", act_bind, &any))
			printf("that was: %s, addrlen %d\n", c->what, c->addrlen);
	}
}

#define BOTH .from = ADDR_MAP, .to = ADDR_MAP
#define SOURCE .from = ADDR_MAP, .to = ADDR_NONE
#define DEST .from = ADDR_NONE, .to = ADDR_MAP

static void test_net_sockaddr(void)
{
	struct endpoint one = ipv4("192.0.2.1", 1234), two = ipv4("198.51.100.2", 65535);
	struct endpoint any = ipv4("0.0.0.0", 0), port = ipv4("0.0.0.0", 80);
	struct endpoint address = ipv4("192.0.2.9", 0);
	struct endpoint un = of_family(AF_UNIX), none = of_family(AF_UNSPEC);
	struct endpoint six = ipv6("2001:db8::1", 1234);
	const struct sockaddr_case cases[] = {
		{ "both", one, two, BOTH, 16,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "exchanged", two, one, BOTH, 16,
		  .text = " saddr=198.51.100.2 src=65535 daddr=192.0.2.1 dest=1234" },
		{ "source", one, two, SOURCE, 16, .text = " saddr=192.0.2.1 src=1234" },
		{ "destination", one, two, DEST, 16, .text = " daddr=198.51.100.2 dest=65535" },
		{ "port only", port, port, BOTH, 16, .text = " src=80 dest=80" },
		{ "address only", address, address, BOTH, 16,
		  .text = " saddr=192.0.2.9 daddr=192.0.2.9" },
		{ "nothing", any, any, BOTH, 16, .text = "" },
		{ "longest", one, two, BOTH, 128,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "own stack", one, two, .from = ADDR_STACK, .to = ADDR_MAP, 16,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "edge", one, two, .from = ADDR_EDGE, .to = ADDR_NONE, 128,
		  .text = " saddr=192.0.2.1 src=1234" },
		{ "length", one, two, BOTH, -1, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MIN, .ret = -EINVAL },
		{ "length", one, two, BOTH, 0, .ret = -EINVAL },
		{ "length", one, two, BOTH, 1, .ret = -EINVAL },
		{ "length", one, two, BOTH, 2, .ret = -EINVAL },
		{ "length", one, two, BOTH, 15, .ret = -EINVAL },
		{ "length", one, two, SOURCE, 15, .ret = -EINVAL },
		{ "length", one, two, BOTH, 129, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MAX, .ret = -EINVAL },
		{ "no address", one, two, .addrlen = 16, .ret = -EINVAL },
		{ "mixed", one, six, BOTH, 28, .ret = -EINVAL },
		{ "mixed", six, one, BOTH, 28, .ret = -EINVAL },
		{ "mixed", one, un, BOTH, 16, .ret = -EINVAL },
		{ "AF_UNIX", un, un, BOTH, 16, .ret = -EAFNOSUPPORT },
		{ "AF_UNIX", un, un, BOTH, 110, .ret = -EAFNOSUPPORT },
		{ "AF_UNIX", un, un, DEST, 110, .ret = -EAFNOSUPPORT },
		{ "AF_UNSPEC", none, none, SOURCE, 16, .ret = -EAFNOSUPPORT },
		/* The family is 16 bits, not 8. */
		{ "no family", of_family(AF_INET | 0x100), one, SOURCE, 16, .ret = -EAFNOSUPPORT },
	};

	if (attach(skel->progs.on_bind))
		check_sockaddrs(cases, ARRAY_SIZE(cases));
}

static void test_net_sockaddr6(void)
{
	struct endpoint one = ipv6("2001:db8::1", 1234), two = ipv6("2001:db8:1:2:3:4:5:6", 443);
	struct endpoint any = ipv6("::", 0), port = ipv6("::", 80);
	struct endpoint mapped = ipv6("::ffff:192.0.2.1", 0);
#define BOTH_TEXT " saddr=2001:db8::1 src=1234 daddr=2001:db8:1:2:3:4:5:6 dest=443"
	const struct sockaddr_case cases[] = {
		{ "both", one, two, BOTH, 28, .text = BOTH_TEXT },
		{ "no scope", one, two, BOTH, 24, .text = BOTH_TEXT },
		{ "between", one, two, BOTH, 25, .text = BOTH_TEXT },
		{ "longest", one, two, BOTH, 128, .text = BOTH_TEXT },
		{ "source", one, two, SOURCE, 28, .text = " saddr=2001:db8::1 src=1234" },
		{ "destination", one, two, DEST, 28,
		  .text = " daddr=2001:db8:1:2:3:4:5:6 dest=443" },
		{ "port only", port, port, BOTH, 28, .text = " src=80 dest=80" },
		{ "nothing", any, any, BOTH, 28, .text = "" },
		{ "mapped", mapped, any, SOURCE, 28, .text = " saddr=::ffff:192.0.2.1" },
		{ "length", one, two, BOTH, 23, .ret = -EINVAL },
		{ "length", one, two, BOTH, 16, .ret = -EINVAL },
		{ "length", one, two, BOTH, 0, .ret = -EINVAL },
		{ "length", one, two, BOTH, -1, .ret = -EINVAL },
		{ "length", one, two, BOTH, 129, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MAX, .ret = -EINVAL },
		/* The program has 16 bytes of it, and says that it has more. */
		{ "edge", one, two, .from = ADDR_EDGE, .to = ADDR_MAP, 28, .ret = -EFAULT },
		{ "own stack", one, two, .from = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ "own stack", one, two, .to = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ "own stack", one, two, .from = ADDR_MAP, .to = ADDR_STACK, 28, .ret = -EINVAL },
		{ "own stack", one, two, .from = ADDR_STACK, .to = ADDR_MAP, 28, .ret = -EINVAL },
	};
	const struct sockaddr_case without[] = {
		{ "no IPv6", one, two, BOTH, 28, .ret = -EAFNOSUPPORT },
	};

	if (!attach(skel->progs.on_bind))
		return;
	if (has_ipv6())
		check_sockaddrs(cases, ARRAY_SIZE(cases));
	else
		check_sockaddrs(without, ARRAY_SIZE(without));
}

/* The address and the length that the hook was given. */
static void test_net_sockaddr_hook(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
		{}
	};
	const struct step mixed[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .dest = ADDR_HOOK,
		  .addrlen = ADDRLEN_OF_HOOK, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
		{}
	};
	struct endpoint four = ipv4("127.0.0.5", 0), six = ipv6("::1", 0);

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(six, six);
	check_record(steps, " daddr=127.0.0.5", act_bind, &four);
	check_record(mixed, " daddr=127.0.0.5", act_bind, &four);
	if (!has_ipv6())
		return;
	check_record(steps, " daddr=::1", act_bind, &six);
	six.len = 24;
	check_record(steps, " daddr=::1", act_bind, &six);
}

/* One subtest for each rule */

/* The specification's table, as far as calls can meet in one record. */
enum key {
	KEY_CAUSE = 1 << 0,
	KEY_CAPABILITY = 1 << 1,
	KEY_PATH = 1 << 2,
	KEY_DEV = 1 << 3,
	KEY_INO = 1 << 4,
	KEY_IOCTLCMD = 1 << 5,
	KEY_NAME = 1 << 6,
	KEY_OPID_OCOMM = 1 << 7,
	KEY_LADDR_ETC = 1 << 8,
	KEY_SADDR_ETC = 1 << 9,
	KEY_NETIF = 1 << 10,
};

static const struct {
	int keys;
	const char *text;
} fields[NR_CALLS] = {
	[CALL_CAUSE] = { KEY_CAUSE, " cause=\"no-exec-from-tmp\"" },
	[CALL_CAP] = { KEY_CAPABILITY, " capability=0 " },
	[CALL_PATH] = { KEY_PATH | KEY_DEV | KEY_INO, " path={str} dev={str} ino={num}" },
	[CALL_FILE] = { KEY_PATH | KEY_DEV | KEY_INO, " path={str} dev={str} ino={num}" },
	[CALL_IOCTL_OP] = { KEY_PATH | KEY_DEV | KEY_INO | KEY_IOCTLCMD,
			    " path={str} dev={str} ino={num} ioctlcmd=0x0" },
	[CALL_DENTRY] = { KEY_NAME | KEY_DEV | KEY_INO, " name={str} dev={str} ino={num}" },
	[CALL_INODE] = { KEY_NAME | KEY_DEV | KEY_INO, " name={str} dev={str} ino={num}" },
	[CALL_TASK] = { KEY_OPID_OCOMM, " opid={num} ocomm=\"" SUBJECT "\"" },
	[CALL_NET_SOCK] = { KEY_LADDR_ETC | KEY_NETIF, "" },
	[CALL_NET_SOCKADDR] = { KEY_SADDR_ETC | KEY_NETIF, " saddr=192.0.2.1 src=1" },
};

/*
 * Every pair of calls that one program can make: the second is refused if, and
 * only if, the first has one of its keys. No hook has a directory entry and a
 * socket, so that these two are the one pair that can't be.
 */
static void check_pairs(act_fn act, const void *arg, int without, int more_net_sock_keys)
{
	int first, second;
	char text[256];

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	for (first = CALL_CAUSE; first < NR_CALLS; first++) {
		for (second = CALL_CAUSE; second < NR_CALLS; second++) {
			int one = fields[first].keys, other = fields[second].keys;
			bool clash;

			if (first == without || second == without)
				continue;
			if (first == CALL_NET_SOCK)
				one |= more_net_sock_keys;
			if (second == CALL_NET_SOCK)
				other |= more_net_sock_keys;
			clash = one & other;

			const struct step steps[] = {
				{ first, .source = ADDR_MAP, .addrlen = 16 },
				{ second, .source = ADDR_MAP, .addrlen = 16,
				  .ret = clash ? -EINVAL : 0 },
				/* A clash isn't forgotten. */
				{ first, .source = ADDR_MAP, .addrlen = 16, .ret = -EINVAL },
				{}
			};

			snprintf(text, sizeof(text), "%s%s", fields[first].text,
				 clash ? "" : fields[second].text);
			if (!check_record(steps, text, act, arg))
				printf("that was call %d, then call %d\n", first, second);
		}
	}
}

static void test_no_key_twice(void)
{
	struct endpoint any = ipv4("0.0.0.0", 0);

	if (attach(skel->progs.on_bind))
		check_pairs(act_bind, &any, CALL_DENTRY, 0);
}

static void test_no_key_twice_unix(void)
{
	struct endpoint unnamed = of_family(AF_UNIX);

	/* A unix socket's address is a path. */
	unnamed.len = sizeof(sa_family_t);
	if (attach(skel->progs.on_bind))
		check_pairs(act_bind, &unnamed, CALL_DENTRY, KEY_PATH);
}

static void test_no_key_twice_dentry(void)
{
	if (attach(skel->progs.on_dentry))
		check_pairs(act_fchmod, &file_fd, CALL_NET_SOCK, 0);
}

/* What is refused prints nothing, and leaves its keys to those who come later. */
static void test_refused_claims_nothing(void)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	const struct step steps[] = {
		{ CALL_CAUSE, .arg = CAUSE_0, .ret = -EINVAL },
		{ CALL_CAUSE, .arg = CAUSE_256, .ret = -EINVAL },
		{ CALL_CAUSE, .arg = CAUSE_1 },
		{ CALL_CAP, .arg = -1, .ret = -EINVAL },
		{ CALL_CAP, .arg = last_cap() + 1, .ret = -EINVAL },
		{ CALL_CAP, .arg = 1 },
		{ CALL_NET_SOCKADDR, .addrlen = 16, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 15, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .dest = ADDR_MAP, .addrlen = 28,
		  .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_MAP, .addrlen = 110, .ret = -EAFNOSUPPORT },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	/* Keys that clash: of those that don't, none is claimed. */
	const struct step clash[] = {
		{ CALL_INODE },
		{ CALL_PATH, .ret = -EINVAL },
		{ CALL_IOCTL_OP, .ret = -EINVAL },
		{ CALL_NET_SOCK },
		{}
	};
	const struct step net[] = {
		{ CALL_NET_SOCK },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 16, .ret = -EINVAL },
		{ CALL_PATH },
		{}
	};
	struct endpoint unnamed = of_family(AF_UNIX);

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(ipv4("192.0.2.1", 1), of_family(AF_UNIX));
	check_record(steps, " cause=\"x\" capability=1  saddr=192.0.2.1 src=1", act_bind, &any);
	check_record(net, " path={str} dev={str} ino={num}", act_bind, &any);

	/* "path" is a key of a unix socket. It is still free. */
	unnamed.len = sizeof(sa_family_t);
	check_record(clash, " name={str} dev={str} ino={num}", act_bind, &unnamed);
}

static void test_order_of_calls(void)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	const struct step steps[] = {
		{ CALL_CAUSE, .arg = CAUSE_1 },
		{ CALL_CAP, .arg = 12 },
		{ CALL_IOCTL_OP, .arg = 7 },
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	const struct step backwards[] = { steps[4], steps[3], steps[2], steps[1], steps[0], {} };

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(ipv4("192.0.2.1", 1), any);
	check_record(steps,
		     " cause=\"x\" capability=12  path={str} dev={str} ino={num} ioctlcmd=0x7 opid={num} ocomm=\"subject\" saddr=192.0.2.1 src=1 netif=lo",
		     act_bind, &any);
	check_record(backwards,
		     " saddr=192.0.2.1 src=1 netif=lo opid={num} ocomm=\"subject\" path={str} dev={str} ino={num} ioctlcmd=0x7 capability=12  cause=\"x\"",
		     act_bind, &any);
}

/* Nor can the name of a file: it is hex if it isn't plain. */
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

	if (!attach(skel->progs.on_file) || !check_record(NULL, "", act_ioctl_file, NULL))
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

/* The contexts that a program can run in. */

static const struct step cap_and_task[] = { { CALL_CAP }, { CALL_TASK }, {} };
#define CAP_AND_TASK " capability=0  opid={num} ocomm=\"" SUBJECT "\""

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

/* It must not sleep in these: the runner looks for the kernel's complaint. */

static void test_rcu_read_lock(void)
{
	if (attach(skel->progs.on_file_rcu))
		check_file_and_cause();
}

static void test_preempt_disabled(void)
{
	if (attach(skel->progs.on_file_preempt))
		check_file_and_cause();
}

static void test_irq_disabled(void)
{
	if (attach(skel->progs.on_file_irq))
		check_file_and_cause();
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

	detach();
	prog_id = id_of(skel->progs.on_bind_cgroup);
	attached = bpf_program__attach_cgroup(skel->progs.on_bind_cgroup, cgroup);
	set_addresses(six, six);
	if (ASSERT_OK_PTR(attached, "attach to the cgroup")) {
		check_record(steps, " opid={num} ocomm=\"" SUBJECT "\" daddr=127.0.0.6", act_bind,
			     &four);
		if (has_ipv6())
			check_record(steps, " opid={num} ocomm=\"" SUBJECT "\" daddr=::1",
				     act_bind, &six);
	}
	detach();
	close(cgroup);
	cleanup_cgroup_environment();
}

/* Send until a packet met a process, not the kernel's own thread for interrupts. */
static bool act_send(const void *arg)
{
	const int *fds = arg;
	char byte;
	int i;

	for (i = 0; i < 1000 && !__atomic_load_n(&skel->bss->runs, __ATOMIC_ACQUIRE); i++) {
		if (send(fds[1], "", 1, 0) != 1 || recv(fds[0], &byte, 1, 0) != 1)
			return false;
	}
	return i < 1000;
}

static void test_softirq(void)
{
	const struct step steps[] = {
		{ CALL_PATH, .ret = -EOPNOTSUPP },
		{ CALL_FILE, .ret = -EOPNOTSUPP },
		{ CALL_IOCTL_OP, .ret = -EOPNOTSUPP },
		{ CALL_INODE, .ret = -EOPNOTSUPP },
		{ CALL_CAUSE, .arg = CAUSE_SPACE },
		{ CALL_CAP, .arg = 13 },
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28,
		  .ret = has_ipv6() ? -EINVAL : -EAFNOSUPPORT },
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_MAP, .addrlen = 16 },
		{}
	};
	int fds[2];

	if (!attach(skel->progs.on_packet))
		return;

	set_addresses(ipv6("2001:db8::1", 1), ipv4("192.0.2.1", 1));
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	skel->bss->port = port_of(fds[0]);
	check_record_of_nobody(steps,
			       " cause=74776F20776F726473 capability=13  opid={num} ocomm={str} daddr=192.0.2.1 dest=1 netif=lo",
			       act_send, fds);
	skel->bss->port = 0;
	close(fds[1]);
	close(fds[0]);
}

/* A process with its bottom halves off is no interrupt, but may work for others. */
static void test_bottom_halves_off(void)
{
	const struct step sock[] = { { CALL_NET_SOCK }, { CALL_CAP }, {} };
	const struct step unix_sock[] = {
		{ CALL_NET_SOCK, .ret = -EOPNOTSUPP },
		/* Refused, so that the keys are free. */
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, peer;
	char text[128];

	if (!attach(skel->progs.on_graft))
		return;

	fd = connected(AF_INET, "127.0.0.2", "127.0.0.3", &peer);
	if (fd >= 0) {
		snprintf(text, sizeof(text),
			 " laddr=127.0.0.3 lport=%d faddr=127.0.0.2 fport=%d capability=0 ",
			 port_of(peer), port_of(fd));
		check_record_of_nobody(sock, text, act_accept, &peer);
		close(fd);
		close(peer);
	}

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/accept", dir);
	peer = unix_socket(address.sun_path, strlen(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (ASSERT_OK(listen(peer, 1), "listen") &&
	    ASSERT_OK(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect"))
		check_record_of_nobody(unix_sock, " saddr=192.0.2.1 src=1", act_accept, &peer);
	close(fd);
	close(peer);
	unlink(address.sun_path);
}

static bool act_ioctl_and_wait(const void *unused)
{
	int i;

	act_ioctl_file(NULL);
	for (i = 0; i < 5000 && !__atomic_load_n(&skel->bss->ended, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	return i < 5000;
}

/*
 * The verifier has proved 16 bytes of an address on the program's own stack. What
 * lies behind is the kernel's, and must not be read, wherever the program runs.
 */
static void test_own_stack(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};
	const struct step of_caller[] = { { CALL_NET_SOCKADDR, .ret = -EINVAL }, {} };
	struct bpf_program *progs[] = {
		skel->progs.on_file, skel->progs.on_file_sleepable, skel->progs.on_file_rcu,
	};
	int i;

	if (!needs_ipv6())
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	for (i = 0; i < ARRAY_SIZE(progs); i++) {
		if (attach(progs[i]))
			check_record(steps, " saddr=2001:db8::1 src=1234", act_ioctl_file, NULL);
	}
	if (attach(skel->progs.on_callers_stack))
		check_record(of_caller, "", act_ioctl_file, NULL);
}

/* The stack of a callback is a program's own, as well. */
static void test_timer(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};

	if (!needs_ipv6() || !attach(skel->progs.on_timer))
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	check_record_of_nobody(steps, " saddr=2001:db8::1 src=1234", act_ioctl_and_wait, NULL);
}

static void test_workqueue(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};

	if (!needs_ipv6() || !attach(skel->progs.on_work))
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	audit_drain(audit);
	act_as(SUBJECT, steps, act_ioctl_and_wait, NULL);
	/* The subject is the kernel's thread. */
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS,
		     "prog-id=%u pid={num} comm={str} saddr=2001:db8::1 src=1234", prog_id);
	settled();
	check_returns();
}

/* Hooks that pass NULL for what the verifier takes for an object. */

static bool act_receive_with_passsec(const void *fd)
{
	char control[256], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	return recvmsg(*(const int *)fd, &message, 0) == 1;
}

static void test_null_sock(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCK, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR },
		{}
	};
	int server, client, on = 1;

	if (!attach(skel->progs.on_peersec))
		return;

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	server = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	client = connect_to_fd(server, 0);
	if (ASSERT_OK(setsockopt(server, IPPROTO_IP, IP_PASSSEC, &on, sizeof(on)), "IP_PASSSEC") &&
	    ASSERT_EQ(send(client, "", 1, 0), 1, "send"))
		check_record(steps, " saddr=192.0.2.1 src=1", act_receive_with_passsec, &server);
	close(client);
	close(server);
}

static void test_null_inode(void)
{
	const struct step steps[] = {
		{ CALL_INODE, .ret = -EINVAL },
		{ CALL_INODE },
		{}
	};

	/* The second one is there, and has no name. */
	if (attach(skel->progs.on_anon_inode))
		check_record(steps, " dev={str} ino={num}", act_memfd, NULL);
}

/* Hooks that the verifier trusts, though their object isn't complete. */

static bool act_fork(const void *unused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return waitpid(pid, NULL, 0) == pid;
}

static void test_half_made_task(void)
{
	const struct step steps[] = { { CALL_TASK }, {} };

	/* It has its parent's name, and still its process. */
	if (attach(skel->progs.on_task_alloc))
		check_record(steps, " opid={num} ocomm=\"" SUBJECT "\"", act_fork, NULL);
}

static bool act_socket(const void *unused)
{
	return socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}

static void test_half_made_inode(void)
{
	const struct step steps[] = { { CALL_INODE }, {} };

	/* It has neither name nor number. */
	if (attach(skel->progs.on_inode_alloc))
		check_record(steps, " dev={str} ino=0", act_socket, NULL);
}

static bool act_drop_file(const void *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	return fd >= 0 && !unlink(path) && !close(fd);
}

static void test_dying_inode(void)
{
	const struct step steps[] = { { CALL_INODE }, {} };
	char path[sizeof(dir) + 8];

	/* Its name is gone. */
	snprintf(path, sizeof(path), "%s/dying", dir);
	if (attach(skel->progs.on_inode_free))
		check_record(steps, " dev={str} ino={num}", act_drop_file, path);
}

/* Rules, losses, and who reads */

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

/* A record of what the audit daemon does would make more for it to do. */
static void test_audit_daemon(void)
{
	long lost = audit_lost(audit);

	if (!attach(skel->progs.on_file))
		return;

	audit_drain(audit);
	skel->bss->runs = 0;
	skel->bss->refused = 0;
	skel->bss->tgid = getpid();
	act_ioctl_file(NULL);
	skel->bss->tgid = 0;
	settled();
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 1, "NULL from bpf_audit_log_start()");
	ASSERT_EQ(audit_lost(audit), lost, "what the daemon does isn't lost");
}

/* A program on the hook that delivery passes, for all that pass it. */
static void test_feedback(void)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	int fds[2], i;

	if (!attach(skel->progs.feedback))
		return;

	skel->bss->feedback_runs = 0;
	skel->bss->feedback_records = 0;
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	act_as(SUBJECT, NULL, act_bind, &any);
	ASSERT_EQ(send(fds[1], "", 1, 0), 1, "send");
	/* Each of these is delivered, and passes the hook. */
	for (i = 0; i < 50; i++)
		ASSERT_OK(audit_drain(audit), "drain audit");
	detach();
	ASSERT_GE(skel->bss->feedback_runs, 50, "runs of the program");
	ASSERT_LT(skel->bss->feedback_records, 50, "records about the delivery of records");
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

static bool act_flood(const void *count)
{
	int i;

	for (i = 0; i < *(const int *)count; i++)
		act_ioctl_file(NULL);
	return true;
}

static pid_t find_kauditd(void)
{
	char path[32], comm[17];
	FILE *file;
	pid_t pid;

	for (pid = 3; pid < 1000; pid++) {
		bool found;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		file = fopen(path, "r");
		if (!file)
			continue;
		found = fgets(comm, sizeof(comm), file) && !strcmp(comm, "kauditd\n");
		fclose(file);
		if (found)
			return pid;
	}
	return -1;
}

/* Keep kauditd from the queue: it has this processor, and we are more urgent. */
static bool act_flood_urgently(const void *count)
{
	struct sched_param urgent = { .sched_priority = 1 };

	return !sched_setscheduler(0, SCHED_FIFO, &urgent) && act_flood(count);
}

/* A record that the queue has no room for is lost, counted, and never half there. */
static void test_backlog_full(void)
{
	const int count = 50;
	long lost = audit_lost(audit), came;
	pid_t pid, kauditd = find_kauditd();
	cpu_set_t before, one, ours;

	if (!ASSERT_GT(kauditd, 0, "find kauditd") || !attach(skel->progs.on_file) ||
	    !ASSERT_OK(sched_getaffinity(kauditd, sizeof(before), &before), "its processors") ||
	    !ASSERT_OK(sched_getaffinity(0, sizeof(ours), &ours), "our processors"))
		return;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	audit_drain(audit);
	if (!ASSERT_OK(sched_setaffinity(kauditd, sizeof(one), &one), "kauditd to one of them") ||
	    !ASSERT_OK(sched_setaffinity(0, sizeof(one), &one), "us to the same") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_WAIT_TIME, 0), "no wait") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 5), "a short queue"))
		goto restore;

	pid = act_as(SUBJECT, cap_and_task, act_flood_urgently, &count);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192), "a long queue");
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
	ASSERT_GT(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_LT(skel->bss->refused, count, "not always");
	for (came = skel->bss->refused; came < count; came++)
		expect_of(prog_id, pid, SUBJECT, CAP_AND_TASK);
	settled();
	ASSERT_GE(audit_lost(audit) - lost, skel->bss->refused, "records that are counted lost");
restore:
	audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192);
	sched_setaffinity(0, sizeof(ours), &ours);
	sched_setaffinity(kauditd, sizeof(before), &before);
}

/* Without a daemon, the kernel log has it. */
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
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];
	long count = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "kmalloc-16 %ld", &count) == 1)
			break;
	}
	if (file)
		fclose(file);
	return count;
}

static long leaked(int rounds, int count)
{
	long before = objects_of_16();

	while (rounds--) {
		if (act_as(SUBJECT, NULL, act_flood, &count) < 0 || audit_drain(audit))
			return LONG_MAX;
	}
	return objects_of_16() - before;
}

/* A context goes back, be there a record or not. */
static void test_no_leak(void)
{
	const int rounds = 10, count = 500;

	if (objects_of_16() < 0) {
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
	for (len = 4040; len < 4106; len++) {
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

/* What the verifier refuses */

/* Load the programs anew, but only the one called @name: the verifier tells @why not. */
static void check_refused(const char *name, int target_fd, const char *target, const char *why)
{
	static char log[64 << 10];
	struct test_lsm_audit_kfuncs *alone;
	struct bpf_program *prog;

	alone = test_lsm_audit_kfuncs__open();
	if (!ASSERT_OK_PTR(alone, "open"))
		return;

	log[0] = '\0';
	bpf_object__for_each_program(prog, alone->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	prog = bpf_object__find_program_by_name(alone->obj, name);
	bpf_program__set_log_buf(prog, log, sizeof(log));
	if (target)
		ASSERT_OK(bpf_program__set_attach_target(prog, target_fd, target), "set target");

	ASSERT_ERR(test_lsm_audit_kfuncs__load(alone), "load");
	ASSERT_HAS_SUBSTR(log, why, "the verifier's reason");
	test_lsm_audit_kfuncs__destroy(alone);
}

/* Audit may be set to panic when a record is lost. */
static void test_without_cap_sys_boot(void)
{
	static const char * const progs[] = {
		"on_task", "alone_end", "alone_cause", "alone_cap", "alone_path", "alone_file",
		"alone_ioctl_op", "alone_dentry", "alone_inode", "alone_task", "alone_net_sock",
		"alone_net_sockaddr",
	};
	__u64 caps;
	int i;

	if (!ASSERT_OK(cap_disable_effective(1ULL << CAP_SYS_BOOT, &caps), "drop CAP_SYS_BOOT"))
		return;
	for (i = 0; i < ARRAY_SIZE(progs); i++)
		check_refused(progs[i], 0, NULL,
			      "destructive kfunc calls require CAP_SYS_BOOT capability");
	ASSERT_OK(cap_enable_effective(caps, NULL), "CAP_SYS_BOOT is back");
}

static void test_extension(void)
{
	if (is_loaded(skel->progs.on_task))
		check_refused("replacement", bpf_program__fd(skel->progs.on_task), "replaceable",
			      "calling kernel function bpf_audit_log_start is not allowed");
}

static const struct {
	const char *name;
	void (*run)(void);
	/* Records may be lost, which is what it's about. */
	bool loses;
} subtests[] = {
	{ "start", test_start },
	{ "cause", test_cause },
	{ "cap", test_cap },
	{ "path", test_path },
	{ "file", test_file },
	{ "ioctl_op", test_ioctl_op },
	{ "dentry", test_dentry },
	{ "inode", test_inode },
	{ "task", test_task },
	{ "net_sock", test_net_sock },
	{ "net_sockaddr", test_net_sockaddr },
	{ "net_sockaddr6", test_net_sockaddr6 },
	{ "net_sockaddr_hook", test_net_sockaddr_hook },
	{ "netif", test_netif },
	{ "netif_name", test_netif_name },
	{ "no_key_twice", test_no_key_twice },
	{ "no_key_twice_unix", test_no_key_twice_unix },
	{ "no_key_twice_dentry", test_no_key_twice_dentry },
	{ "refused_claims_nothing", test_refused_claims_nothing },
	{ "order_of_calls", test_order_of_calls },
	{ "file_names", test_file_names },
	{ "head_comm", test_head_comm },
	{ "head_pid", test_head_pid },
	{ "head_prog_id", test_head_prog_id },
	{ "syscall_serial", test_syscall_serial },
	{ "two_records", test_two_records },
	{ "sleepable", test_sleepable },
	{ "rcu_read_lock", test_rcu_read_lock },
	{ "preempt_disabled", test_preempt_disabled },
	{ "irq_disabled", test_irq_disabled },
	{ "cgroup", test_cgroup },
	{ "softirq", test_softirq },
	{ "bottom_halves_off", test_bottom_halves_off },
	{ "own_stack", test_own_stack },
	{ "timer", test_timer },
	{ "workqueue", test_workqueue },
	{ "null_sock", test_null_sock },
	{ "null_inode", test_null_inode },
	{ "half_made_task", test_half_made_task },
	{ "half_made_inode", test_half_made_inode },
	{ "dying_inode", test_dying_inode },
	{ "exclude_rule", test_exclude_rule },
	{ "audit_daemon", test_audit_daemon },
	{ "feedback", test_feedback },
	{ "audit_off", test_audit_off },
	{ "rate_limit", test_rate_limit, .loses = true },
	{ "backlog_full", test_backlog_full, .loses = true },
	{ "no_daemon", test_no_daemon },
	{ "no_leak", test_no_leak },
	{ "longest_record", test_longest_record },
	{ "without_cap_sys_boot", test_without_cap_sys_boot },
	{ "extension", test_extension },
};

/* Everything that the subtests share */

static bool has_kfuncs(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "bpf_audit_log_start", BTF_KIND_FUNC) > 0;
}

/* Without a securityfs to look at, it is taken to be. */
static bool is_lsm_enabled(void)
{
	FILE *file = fopen("/sys/kernel/security/lsm", "r");
	char lsms[256] = "", *lsm;

	if (!file)
		return true;
	if (!fgets(lsms, sizeof(lsms), file))
		lsms[0] = '\0';
	fclose(file);
	for (lsm = strtok(lsms, ",\n"); lsm; lsm = strtok(NULL, ",\n")) {
		if (!strcmp(lsm, "bpf"))
			return true;
	}
	return false;
}

/* Programs on hooks that this kernel was configured without stay away. */
static bool load_programs(const struct btf *btf)
{
	struct bpf_program *prog;
	char hook[64];
	int i;

	skel = test_lsm_audit_kfuncs__open();
	if (!ASSERT_OK_PTR(skel, "open the programs"))
		return false;

	bpf_object__for_each_program(prog, skel->obj) {
		snprintf(hook, sizeof(hook), "bpf_lsm_%s",
			 strchr(bpf_program__section_name(prog), '/') + 1);
		if (btf__find_by_name_kind(btf, hook, BTF_KIND_FUNC) < 0)
			bpf_program__set_autoload(prog, false);
	}
	for (i = 0; i < NR_CAUSES; i++)
		write_cause(i, (char *)skel->rodata->causes[i]);
	return ASSERT_OK(test_lsm_audit_kfuncs__load(skel), "load the programs");
}

static bool make_file(void)
{
	snprintf(dir, sizeof(dir), "/tmp/lsm_audit_kfuncs_XXXXXX");
	if (!ASSERT_OK_PTR(mkdtemp(dir), "make a folder") ||
	    !ASSERT_OK(mount("lsm_audit_kfuncs", dir, "tmpfs", 0, NULL), "mount a tmpfs"))
		return false;
	snprintf(file_path, sizeof(file_path), "%s/file", dir);
	file_fd = open(file_path, O_RDWR | O_CREAT, 0600);
	return ASSERT_OK_FD(file_fd, "make a file") &&
	       ASSERT_OK(fstat(file_fd, &file_stat), "stat it");
}

static void remove_file(void)
{
	if (file_fd >= 0)
		close(file_fd);
	file_fd = -1;
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

/* What the kernel complained of, in bits. */
static long complaints(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	long bits = 0;

	if (file) {
		if (fscanf(file, "%ld", &bits) != 1)
			bits = 0;
		fclose(file);
	}
	return bits;
}

static void run_subtest(int i)
{
	long before = complaints(), lost = audit_lost(audit);

	subtests[i].run();
	detach();
	ASSERT_EQ(complaints(), before, "/proc/sys/kernel/tainted");
	if (!subtests[i].loses)
		ASSERT_EQ(audit_lost(audit), lost, "records that audit lost");
}

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs(void)
{
	struct btf *btf;
	char why[128];
	int i;

	btf = btf__load_vmlinux_btf();
	if (!ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return;
	if (!has_kfuncs(btf)) {
		skip("the kernel has no audit kfuncs", " (CONFIG_BPF_LSM_AUDIT)");
		goto free_btf;
	}

	if (!is_lsm_enabled()) {
		skip("the kernel was booted without the LSM ", "bpf");
		goto free_btf;
	}

	RUN_TESTS(lsm_audit_kfuncs_fail);

	audit = audit_open(why);
	if (!audit) {
		skip("", why);
		goto free_btf;
	}

	if (load_programs(btf) && make_file()) {
		for (i = 0; i < ARRAY_SIZE(subtests); i++) {
			if (test__start_subtest(subtests[i].name))
				run_subtest(i);
		}
	}

	remove_file();
	test_lsm_audit_kfuncs__destroy(skel);
	skel = NULL;
	audit_close(audit);
free_btf:
	btf__free(btf);
}
