// SPDX-License-Identifier: GPL-2.0-only
/*
 * What provoke.py can't do: system calls of the 32-bit kind, and binder's protocol.
 *
 *	provoke ioctl32 FD COMMAND
 *	provoke binder DEVICE
 */
#include <err.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_IOCTL32 54
#define SIZE (128 << 10)

static long call32(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

/* What a process tells the driver, and what it is told. */
struct binder {
	int fd;
	uint8_t out[512];
	size_t len;
};

static void put(struct binder *b, uint32_t command, const void *data, size_t len)
{
	memcpy(b->out + b->len, &command, 4);
	memcpy(b->out + b->len + 4, data, len);
	b->len += 4 + len;
}

static size_t talk(struct binder *b, uint8_t *in, size_t room)
{
	struct binder_write_read bwr = {
		.write_buffer = (uintptr_t)b->out,
		.write_size = b->len,
		.read_buffer = (uintptr_t)in,
		.read_size = room,
	};

	if (ioctl(b->fd, BINDER_WRITE_READ, &bwr))
		err(1, "BINDER_WRITE_READ");
	b->len = 0;
	return bwr.read_consumed;
}

static struct binder binder_open(const char *device)
{
	struct binder b = { .fd = open(device, O_RDWR | O_CLOEXEC) };

	if (b.fd < 0)
		err(1, "%s", device);
	if (mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, b.fd, 0) == MAP_FAILED)
		err(1, "mmap");
	return b;
}

/* Answers each transaction; the driver hands over what was in it. */
static void serve(const char *device, int ready)
{
	struct flat_binder_object manager = {
		.flags = FLAT_BINDER_FLAG_TXN_SECURITY_CTX | FLAT_BINDER_FLAG_ACCEPTS_FDS,
	};
	struct binder b = binder_open(device);
	uint8_t in[1024];

	if (ioctl(b.fd, BINDER_SET_CONTEXT_MGR_EXT, &manager))
		err(1, "BINDER_SET_CONTEXT_MGR_EXT");
	put(&b, BC_ENTER_LOOPER, NULL, 0);
	talk(&b, NULL, 0);
	if (write(ready, "x", 1) != 1)
		err(1, "write");
	for (;;) {
		size_t len = talk(&b, in, sizeof(in));

		for (size_t at = 0; at + 4 <= len;) {
			struct binder_transaction_data reply = { .flags = TF_STATUS_CODE };
			struct binder_transaction_data tr;
			static const int32_t status;
			uint32_t command;

			memcpy(&command, in + at, 4);
			at += 4;
			if (command == BR_TRANSACTION_SEC_CTX || command == BR_TRANSACTION) {
				memcpy(&tr, in + at, sizeof(tr));
				reply.data_size = sizeof(status);
				reply.data.ptr.buffer = (uintptr_t)&status;
				put(&b, BC_FREE_BUFFER, &tr.data.ptr.buffer, sizeof(tr.data.ptr.buffer));
				put(&b, BC_REPLY, &reply, sizeof(reply));
			}
			at += _IOC_SIZE(command);
		}
	}
}

/* A transaction with an object and a file in it. */
static void transact(struct binder *b)
{
	struct {
		struct flat_binder_object object;
		struct binder_fd_object file;
	} data = {
		.object = { .hdr.type = BINDER_TYPE_BINDER, .binder = 0x1000, .cookie = 0x1000 },
		.file = { .hdr.type = BINDER_TYPE_FD, .fd = 0 },
	};
	binder_size_t offsets[] = { 0, offsetof(typeof(data), file) };
	struct binder_transaction_data tr = {
		.flags = TF_ACCEPT_FDS,
		.data_size = sizeof(data),
		.offsets_size = sizeof(offsets),
		.data.ptr = { (uintptr_t)&data, (uintptr_t)offsets },
	};
	struct pollfd pollfd = { .fd = b->fd, .events = POLLIN };
	uint8_t in[1024];

	put(b, BC_ENTER_LOOPER, NULL, 0);
	put(b, BC_TRANSACTION, &tr, sizeof(tr));
	talk(b, NULL, 0);
	for (int i = 0; i < 5 && poll(&pollfd, 1, 1000) > 0; i++) {
		size_t len = talk(b, in, sizeof(in));

		for (size_t at = 0; at + 4 <= len;) {
			uint32_t command;

			memcpy(&command, in + at, 4);
			if (command == BR_REPLY || command == BR_FAILED_REPLY)
				return;
			at += 4 + _IOC_SIZE(command);
		}
	}
}

static void binder(const char *device)
{
	struct binder b;
	int ready[2];
	pid_t server;
	char byte;

	if (pipe(ready))
		err(1, "pipe");
	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		serve(device, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "there is no context manager");
	b = binder_open(device);
	for (int i = 0; i < 3; i++)
		transact(&b);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "ioctl32")) {
		call32(NR_IOCTL32, atoi(argv[2]), strtol(argv[3], NULL, 0), 0);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "binder")) {
		binder(argv[2]);
		return 0;
	}
	errx(2, "usage: provoke ioctl32 FD COMMAND | binder DEVICE");
}
