/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the records of the audit kfuncs' tests are about: addresses, sockets and files,
 * and what a subject can do with them.
 */
#ifndef __LSM_AUDIT_OBJECTS_H
#define __LSM_AUDIT_OBJECTS_H

#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/un.h>

#include "lsm_audit_helpers.h"
#include "network_helpers.h"

/* Addresses */

struct endpoint {
	struct sockaddr_storage address;
	socklen_t len;
};

static inline struct endpoint ipv4(const char *address, __u16 port)
{
	struct endpoint endpoint = {};

	make_sockaddr(AF_INET, address, port, &endpoint.address, &endpoint.len);
	return endpoint;
}

static inline struct endpoint ipv6(const char *address, __u16 port)
{
	struct endpoint endpoint = {};

	make_sockaddr(AF_INET6, address, port, &endpoint.address, &endpoint.len);
	return endpoint;
}

static inline struct endpoint of_family(sa_family_t family)
{
	return (struct endpoint){ .address.ss_family = family };
}

/* Whether the kernel knows its addresses. */
static inline bool has_ipv6(void)
{
	return kernel_has_function("inet6_bind");
}

/* Whether a socket can have one: not with ipv6.disable=1, nor with disable_ipv6. */
static inline bool can_bind_ipv6(void)
{
	struct endpoint lo = ipv6("::1", 0);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool can = fd >= 0 && !bind(fd, (struct sockaddr *)&lo.address, lo.len);

	if (fd >= 0)
		close(fd);
	return can;
}

static inline bool needs_ipv6(void)
{
	bool has = has_ipv6();

	if (!has)
		skip("the kernel has no ", "IPv6");
	return has;
}

static inline void set_addresses(struct endpoint source, struct endpoint dest)
{
	memcpy(skel->bss->source_addr, &source.address, sizeof(source.address));
	memcpy(skel->bss->dest_addr, &dest.address, sizeof(dest.address));
}

static inline int port_of(int fd)
{
	return ntohs(get_socket_local_port(fd));
}

/* A socket that is connected to another, both with addresses of their own. */
static inline int connected(int family, const char *from, const char *to, int *peer)
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

static inline int unix_socket(const char *name, size_t len)
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

/* Text of the file in our tmpfs, for the calls that print its path or its name. */

static inline char *text_of(const char *key, const char *string, size_t len,
			    unsigned long ino, const char *more)
{
	char untrusted[AUDIT_UNTRUSTED_LEN(PATH_MAX)], *text;

	audit_untrusted(untrusted, string, len);
	if (asprintf(&text, " %s=%s dev={str} ino=%lu%s", key, untrusted, ino, more) < 0)
		return NULL;
	return text;
}

static inline int last_cap(void)
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

/*
 * Make a file whose path, of @len bytes, is all hex in a record: longer than
 * what open() takes, and as long as d_path() gives.
 */
static inline int open_deep(size_t len)
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

/* A queue of messages, or -1 where the subtest is skipped or fails. */
static inline int make_queue(void)
{
	int queue;

	if (access("/proc/sysvipc/msg", F_OK)) {
		skip("the kernel has no ", "SYSVIPC");
		return -1;
	}
	queue = msgget(IPC_PRIVATE, 0600);
	ASSERT_GE(queue, 0, "msgget");
	return queue;
}

/* A process to be an object: often in user mode, it waits in a system call. Else it is -1. */
static inline pid_t start_object(const char *comm)
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
		for (;;)
			usleep(1000);
	}
	close(ready[1]);
	if (pid > 0 && !ASSERT_EQ(read(ready[0], &byte, 1), 1, "the object is ready")) {
		stop_process(pid);
		pid = -1;
	}
	close(ready[0]);
	ASSERT_GT(pid, 0, "an object");
	return pid;
}

/* What a subject can do. Whether it succeeds is not the point, but for set-up. */

static inline bool act_message(const void *queue)
{
	const struct msgbuf message = { .mtype = 1 };

	return !msgsnd(*(const int *)queue, &message, 0, IPC_NOWAIT);
}

static inline bool act_ioctl(const void *fd)
{
	ioctl(*(const int *)fd, 0x5401, NULL);
	return true;
}

static inline bool act_ioctl_file(const void *unused)
{
	return act_ioctl(&file_fd);
}

static inline bool act_getsockname(const void *fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return !getsockname(*(const int *)fd, (struct sockaddr *)&address, &len);
}

static inline bool act_fchmod(const void *fd)
{
	return !fchmod(*(const int *)fd, 0600);
}

/* Returns its length, or 0. */
static inline size_t path_of_fd(const void *fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", *(const int *)fd);
	len = readlink(link, path, PATH_MAX - 1);
	path[len > 0 ? len : 0] = '\0';
	return len > 0 ? len : 0;
}

/* To remove the file, and to make a directory beside it, which is denied. */
static inline bool act_unlink_denied(const void *fd)
{
	char path[PATH_MAX];

	return path_of_fd(fd, path) && unlink(path) && errno == EPERM;
}

static inline bool act_mkdir_denied(const void *fd)
{
	char path[PATH_MAX];
	size_t len = path_of_fd(fd, path);

	if (!len)
		return false;
	path[len - 1] = '+';
	return mkdir(path, 0700) && errno == EPERM;
}

static inline bool act_bind(const void *arg)
{
	const struct endpoint *endpoint = arg;
	int fd;

	fd = socket(endpoint->address.ss_family, SOCK_DGRAM, 0);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&endpoint->address, endpoint->len);
}

static inline bool act_accept(const void *fd)
{
	return accept(*(const int *)fd, NULL, NULL) >= 0;
}

/*
 * Not without AUDITSYSCALL, nor after "auditctl -a task,never". This asks for the record of
 * a change of audit's settings, even to what they are, not for one that is tested.
 */
static inline bool calls_are_recorded(void)
{
	const struct audit_record *change;

	if (!ASSERT_OK(audit_drain(audit), "drain audit") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_ENABLED, 1), "set audit") || !settled())
		return false;
	/* There is none if a rule excludes it. */
	change = audit_record(audit, AUDIT_CONFIG_CHANGE, 0);
	return change && audit_count(audit, AUDIT_SYSCALL, change->serial);
}

static inline bool records_calls(void)
{
	bool records = calls_are_recorded();

	if (!records)
		skip("audit records no system call of this process", "");
	return records;
}

/* A network device of the tests' own. Return: its index, or 0. */
static inline int make_device(const char *name)
{
	/* It is left if the tests were killed. */
	SYS_NOFAIL("ip link del %s", name);
	if (SYS_NOFAIL("ip link add %s type dummy", name)) {
		skip("no dummy network device can be made: ", "see CONFIG_DUMMY, and ip(8)");
		return 0;
	}
	return if_nametoindex(name);
}

static inline void remove_device(const char *name)
{
	SYS_NOFAIL("ip link del %s", name);
}

#endif /* __LSM_AUDIT_OBJECTS_H */
