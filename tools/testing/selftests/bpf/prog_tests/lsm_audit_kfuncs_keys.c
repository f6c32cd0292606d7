// SPDX-License-Identifier: GPL-2.0-only
/*
 * No record of the audit kfuncs has a key twice: a call whose keys are taken is
 * refused. A key that a call doesn't write is left to others.
 */
#include <sched.h>

#include "lsm_audit_objects.h"

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
	[CALL_NET_SOCK] = { KEY_LADDR_ETC, "" },
	[CALL_NET_SOCKADDR] = { KEY_SADDR_ETC, " saddr=192.0.2.1 src=1" },
};

/* What a socket adds to them. */
struct socket_field {
	int netif;
	int keys;
	const char *text;
};

static int netif_of(int call, const struct socket_field *sock)
{
	return call == CALL_NET_SOCK || call == CALL_NET_SOCKADDR ? sock->netif : 0;
}

static int keys_and_text(int call, const struct socket_field *sock, char text[128])
{
	bool is_sock = call == CALL_NET_SOCK;
	int netif = netif_of(call, sock);

	snprintf(text, 128, "%s%s%s", fields[call].text, is_sock ? sock->text : "",
		 netif ? " netif=lo" : "");
	return fields[call].keys | (is_sock ? sock->keys : 0) | (netif ? KEY_NETIF : 0);
}

/*
 * Every pair of calls that one program can make: the second is refused if, and
 * only if, the first has one of its keys. No hook has a directory entry and a
 * socket, so that these two are the one pair that can't be.
 */
static void check_pairs(act_fn act, const void *arg, int without,
			const struct socket_field *sock)
{
	int first, second;
	char text[256];

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	for (first = CALL_CAUSE; first < NR_CALLS; first++) {
		for (second = CALL_CAUSE; second < NR_CALLS; second++) {
			char one_text[128], other_text[128];
			int one, other;
			bool clash;

			if (first == without || second == without)
				continue;
			one = keys_and_text(first, sock, one_text);
			other = keys_and_text(second, sock, other_text);
			clash = one & other;

			const struct step steps[] = {
				{ first, netif_of(first, sock), .source = ADDR_MAP, .addrlen = 16 },
				{ second, netif_of(second, sock), .source = ADDR_MAP,
				  .addrlen = 16, .ret = clash ? -EINVAL : 0 },
				/* A clash isn't forgotten. */
				{ first, .source = ADDR_MAP, .addrlen = 16, .ret = -EINVAL },
				{}
			};

			snprintf(text, sizeof(text), "%s%s", one_text, clash ? "" : other_text);
			if (!check_record(steps, text, act, arg))
				printf("that was call %d, then call %d\n", first, second);
		}
	}
}

static void test_no_key_twice(void)
{
	const struct socket_field unknown = { 0, 0, "" };
	struct endpoint any = ipv4("0.0.0.0", 0);

	if (attach(skel->progs.on_bind))
		check_pairs(act_bind, &any, CALL_DENTRY, &unknown);
}

static void test_no_key_twice_netif(void)
{
	const struct socket_field lo = { LO, 0, "" };
	struct endpoint any = ipv4("0.0.0.0", 0);

	if (attach(skel->progs.on_bind))
		check_pairs(act_bind, &any, CALL_DENTRY, &lo);
}

static bool act_bind_again(const void *fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "other" };

	return bind(*(const int *)fd, (struct sockaddr *)&address, sizeof(address));
}

/* A unix socket's address is a path, if it has one. */
static void test_no_key_twice_unix(void)
{
	const struct socket_field without = { 0, 0, "" };
	struct endpoint unnamed = of_family(AF_UNIX);

	unnamed.len = sizeof(sa_family_t);
	if (attach(skel->progs.on_bind))
		check_pairs(act_bind, &unnamed, CALL_DENTRY, &without);
}

static void test_no_key_twice_unix_path(void)
{
	const struct socket_field named = { 0, KEY_PATH, " path=006E616D65" };
	int fd = unix_socket("\0name", 5);

	if (ASSERT_OK_FD(fd, "unix socket") && attach(skel->progs.on_bind))
		check_pairs(act_bind_again, &fd, CALL_DENTRY, &named);
	close(fd);
}

static void test_no_key_twice_dentry(void)
{
	const struct socket_field none = { 0, 0, "" };

	if (attach(skel->progs.on_dentry))
		check_pairs(act_fchmod, &file_fd, CALL_NET_SOCK, &none);
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
		{ CALL_NET_SOCK, .arg = LO },
		{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16, .ret = -EINVAL },
		{ CALL_PATH },
		/* Of its keys "netif" alone was taken. */
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	int fd;

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(ipv4("192.0.2.1", 1), of_family(AF_UNIX));
	check_record(steps, " cause=\"x\" capability=1  saddr=192.0.2.1 src=1", act_bind, &any);
	check_record(net, " netif=lo path={str} dev={str} ino={num} saddr=192.0.2.1 src=1",
		     act_bind, &any);

	/* "path" is a key of a unix socket. It is still free. */
	fd = unix_socket("\0name", 5);
	if (ASSERT_OK_FD(fd, "unix socket")) {
		check_record(clash, " name={str} dev={str} ino={num} path=006E616D65",
			     act_bind_again, &fd);
		close(fd);
	}
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

static bool act_make(const void *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	return fd >= 0 && !close(fd) && !unlink(path);
}

static bool act_mkdir(const void *path)
{
	return !mkdir(path, 0700) && !rmdir(path);
}

/* An entry that isn't made yet has a name alone: the rest can be the directory's. */
static void test_negative_dentry(void)
{
	const struct step path_first[] = {
		{ CALL_PATH },
		{ CALL_DENTRY },
		{ CALL_DENTRY, .ret = -EINVAL },
		{ CALL_PATH, .ret = -EINVAL },
		{}
	};
	const struct step dentry_first[] = {
		{ CALL_DENTRY },
		{ CALL_PATH },
		{ CALL_DENTRY, .ret = -EINVAL },
		{}
	};
	/* An inode has a name, too. */
	const struct step with_inode[] = {
		{ CALL_DENTRY },
		{ CALL_INODE, .ret = -EINVAL },
		{}
	};
	const struct step inode_first[] = {
		{ CALL_INODE },
		{ CALL_DENTRY, .ret = -EINVAL },
		{}
	};
	char path[sizeof(dir) + 4], text[128];
	struct stat directory;

	snprintf(path, sizeof(path), "%s/new", dir);
	if (!ASSERT_OK(stat(dir, &directory), "stat") || !attach(skel->progs.on_mkdir))
		return;
	snprintf(text, sizeof(text), " path=\"%s\" dev={str} ino=%lu name=\"new\"", dir,
		 directory.st_ino);
	check_record(path_first, text, act_mkdir, path);
	snprintf(text, sizeof(text), " name=\"new\" path=\"%s\" dev={str} ino=%lu", dir,
		 directory.st_ino);
	check_record(dentry_first, text, act_mkdir, path);

	if (!attach(skel->progs.on_create))
		return;
	check_record(with_inode, " name=\"new\"", act_make, path);
	snprintf(text, sizeof(text), " name={str} dev={str} ino=%lu", directory.st_ino);
	check_record(inode_first, text, act_make, path);
}

static bool act_connect(const void *arg)
{
	const struct endpoint *endpoint = arg;
	int fd;

	fd = socket(endpoint->address.ss_family, SOCK_STREAM, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&endpoint->address, endpoint->len);
}

/* The socket of a connection that is denied writes nothing; the address follows. */
static void test_unconnected(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCK },
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
		{}
	};
	struct endpoint nobody = ipv4("127.0.0.7", 1);

	if (attach(skel->progs.on_connect))
		check_record(steps, " daddr=127.0.0.7 dest=1 netif=lo", act_connect, &nobody);
}

/* Network namespaces: whose the socket is, and whose the task. */
struct namespaces {
	bool new_socket;
	bool new_task;
};

static bool act_bind_elsewhere(const void *arg)
{
	const struct namespaces *namespaces = arg;
	struct endpoint any = ipv4("0.0.0.0", 0);
	int before, fd;

	before = open("/proc/self/ns/net", O_RDONLY);
	if (namespaces->new_socket && unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (namespaces->new_socket != namespaces->new_task &&
	    (namespaces->new_task ? unshare(CLONE_NEWNET) : setns(before, CLONE_NEWNET)))
		return false;
	return !bind(fd, (struct sockaddr *)&any.address, any.len);
}

/*
 * The number of an interface is one of the initial namespace. What it means in
 * another one isn't known, so that there the key is left out, and left to others.
 */
static void test_netif_namespace(void)
{
	static const struct {
		struct namespaces namespaces;
		const char *sock_first;
		const char *address_first;
		int ret;
	} cases[] = {
		{ { false, false }, " netif=lo capability=0 ", " netif=lo capability=0 ", -EINVAL },
		{ { true, true }, " capability=0 ", " capability=0 ", 0 },
		{ { true, false }, " capability=0  netif=lo", " netif=lo capability=0 ", 0 },
		{ { false, true }, " netif=lo capability=0 ", " capability=0  netif=lo", 0 },
	};
	int i;

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(ipv4("0.0.0.0", 0), ipv4("0.0.0.0", 0));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct step sock_first[] = {
			{ CALL_NET_SOCK, .arg = LO },
			{ CALL_CAP },
			{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16,
			  .ret = cases[i].ret },
			{}
		};
		const struct step address_first[] = {
			{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16 },
			{ CALL_CAP },
			{ CALL_NET_SOCK, .arg = LO, .ret = cases[i].ret },
			{}
		};

		if (!check_record(sock_first, cases[i].sock_first, act_bind_elsewhere,
				  &cases[i].namespaces) ||
		    !check_record(address_first, cases[i].address_first, act_bind_elsewhere,
				  &cases[i].namespaces))
			printf("that was case %d\n", i);
	}
}

/* A device in a namespace of its own, with the index that it is given. */
static bool act_bind_with_device(const void *index)
{
	struct endpoint any = ipv4("0.0.0.0", 0);

	return !unshare(CLONE_NEWNET) &&
	       !SYS_NOFAIL("ip link add lsm_audit1 index %d type dummy", *(const int *)index) &&
	       act_bind(&any);
}

/* An index is that of another device there, of which nothing must be said. */
static void test_netif_other_device(void)
{
	struct endpoint any = ipv4("0.0.0.0", 0);
	int index = make_device("lsm_audit0");

	set_addresses(any, any);
	if (index && attach(skel->progs.on_bind)) {
		const struct step sock[] = { { CALL_NET_SOCK, .arg = index }, {} };
		const struct step address[] = {
			{ CALL_NET_SOCKADDR, .arg = index, .source = ADDR_MAP, .addrlen = 16 },
			{}
		};

		check_record(sock, " netif=lsm_audit0", act_bind, &any);
		check_record(address, " netif=lsm_audit0", act_bind, &any);
		check_record(sock, "", act_bind_with_device, &index);
		check_record(address, "", act_bind_with_device, &index);
	}
	remove_device("lsm_audit0");
}

static const struct subtest subtests[] = {
	{ "no_key_twice", test_no_key_twice },
	{ "no_key_twice_netif", test_no_key_twice_netif },
	{ "no_key_twice_unix", test_no_key_twice_unix },
	{ "no_key_twice_unix_path", test_no_key_twice_unix_path },
	{ "no_key_twice_dentry", test_no_key_twice_dentry },
	{ "refused_claims_nothing", test_refused_claims_nothing },
	{ "order_of_calls", test_order_of_calls },
	{ "negative_dentry", test_negative_dentry },
	{ "unconnected", test_unconnected },
	{ "netif_namespace", test_netif_namespace },
	{ "netif_other_device", test_netif_other_device },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_keys(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
