// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs for BPF LSM programs: what each of them writes, to the byte,
 * and what each refuses.
 */
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lsm_audit_helpers.h"

static void check_file_text(int call, int arg, const char *key, const char *string,
			    const char *more, act_fn act, const void *act_arg)
{
	const struct step steps[] = { { call, .arg = arg }, {} };
	char *text = text_of(key, string, strlen(string), file_stat.st_ino, more);

	check_record(steps, text, act, act_arg);
	free(text);
}

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

static bool act_mkdir(const void *path)
{
	return !mkdir(path, 0700) && !rmdir(path);
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

/* A file like ours, on a tmpfs of a namespace of one's own. */
static bool act_ioctl_twin(const void *unused)
{
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	    !write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", "0 0 1") ||
	    !write_file("/proc/self/gid_map", "0 0 1") ||
	    mount("none", dir, "tmpfs", 0, NULL))
		return false;
	fd = open(file_path, O_RDWR | O_CREAT | O_EXCL, 0600);
	return fd >= 0 && act_ioctl(&fd);
}

/* Path, device and number don't tell which of two files it is. */
static void test_twin(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	char text[PATH_MAX];

	snprintf(text, sizeof(text), " path=\"%s\" dev=\"tmpfs\" ino=%lu", file_path,
		 file_stat.st_ino);
	if (attach(skel->progs.on_file)) {
		check_record(steps, text, act_ioctl_file, NULL);
		check_record(steps, text, act_ioctl_twin, NULL);
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

static bool act_link_and_fchmod(const void *path)
{
	return !link(file_path, path) && act_fchmod(&file_fd) && !unlink(path);
}

/* The name of an inode is that of any link: of the newest, as the kernel keeps them. */
static void test_inode_with_links(void)
{
	char path[sizeof(dir) + 8];

	snprintf(path, sizeof(path), "%s/chosen", dir);
	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_INODE, 0, "name", "chosen", "", act_link_and_fchmod, path);
}

static bool act_setnice(const void *pid)
{
	return !setpriority(PRIO_PROCESS, *(const pid_t *)pid, 1);
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

	/* A socket that isn't accepted yet has no network side, hence no namespace. */
	if (!attach(skel->progs.on_accept))
		return;
	fd = connected(AF_INET, "127.0.0.2", "127.0.0.3", &peer);
	if (fd >= 0) {
		check_record(no_sock, "", act_accept, &peer);
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
	char text[32];
	int i;

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(any, any);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		/* A key that isn't written is left to the next call. */
		const bool is_written = strlen(cases[i].text);
		const int next = is_written ? -EINVAL : 0;
		const char *left = is_written ? "" : " netif=lo";
		const struct step sock[] = {
			{ CALL_NET_SOCK, .arg = cases[i].netif },
			{ CALL_CAP },
			{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16,
			  .ret = next },
			{}
		};
		const struct step sockaddr[] = {
			{ CALL_NET_SOCKADDR, .arg = cases[i].netif, .source = ADDR_MAP,
			  .addrlen = 16 },
			{ CALL_CAP },
			{ CALL_NET_SOCK, .arg = LO, .ret = next },
			{}
		};

		snprintf(text, sizeof(text), "%s capability=0 %s", cases[i].text, left);
		check_record(sock, text, act_bind, &any);
		check_record(sockaddr, text, act_bind, &any);
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
	/* Without quotes where it is plain, and else in hex, for all LSMs. */
	static const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ "lo0", " netif=lo0" },
		{ "a=b", " netif=a=b" },
		{ "a\"b", " netif=612262" },
		{ "x\"=\"y", " netif=78223D2279" },
		{ "\x01\x7f", " netif=017F" },
		{ "\xc3\xa9t\xc3\xa9", " netif=C3A974C3A9" },
		/* What could be taken for hex, or for an unknown value. */
		{ "10", " netif=3130" },
		{ "1000", " netif=31303030" },
		{ "612262", " netif=363132323632" },
		{ "AB", " netif=4142" },
		{ "?", " netif=3F" },
		/* What auparse takes off the end. */
		{ "eth0)", " netif=6574683029" },
		{ "eth0,", " netif=657468302C" },
		{ "eth0'", " netif=6574683027" },
		{ ")", " netif=29" },
		{ "(none)", " netif=286E6F6E6529" },
		{ "(a)b", " netif=(a)b" },
		{ "ab", " netif=ab" },
		{ "100", " netif=100" },
		{ "1G", " netif=1G" },
		{ "??", " netif=??" },
	};
	struct endpoint any = ipv4("0.0.0.0", 0);
	int i, lo = LO;

	if (!attach(skel->progs.on_bind))
		return;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct step steps[] = { { CALL_NET_SOCK, .arg = lo }, {} };

		if (!ASSERT_TRUE(rename_netif("lo", cases[i].name), "rename lo"))
			return;
		check_record(steps, cases[i].text, act_bind, &any);
		ASSERT_TRUE(rename_netif(cases[i].name, "lo"), "rename it back");
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

static const struct subtest subtests[] = {
	{ "start", test_start },
	{ "cause", test_cause },
	{ "cap", test_cap },
	{ "path", test_path },
	{ "file", test_file },
	{ "twin", test_twin },
	{ "ioctl_op", test_ioctl_op },
	{ "dentry", test_dentry },
	{ "inode", test_inode },
	{ "inode_with_links", test_inode_with_links },
	{ "task", test_task },
	{ "net_sock", test_net_sock },
	{ "net_sockaddr", test_net_sockaddr },
	{ "net_sockaddr6", test_net_sockaddr6 },
	{ "netif", test_netif },
	{ "netif_name", test_netif_name },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
