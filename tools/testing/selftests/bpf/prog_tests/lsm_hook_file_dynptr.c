// SPDX-License-Identifier: GPL-2.0-only
/* By dynptrs, only what is open for reading is read, and no pipes and sockets. */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <test_progs.h>
#include "lsm_hook_file_dynptr.skel.h"

static const char text[4] = "text";

/* The program tries to read from fd. */
static void look_into(struct lsm_hook_file_dynptr *skel, int fd, int err)
{
	skel->bss->runs = 0;
	memset(skel->bss->first, 0, sizeof(skel->bss->first));
	skel->bss->tgid = getpid();
	ASSERT_OK(ioctl(fd, FIOCLEX), "ioctl");
	skel->bss->tgid = 0;
	ASSERT_GT(skel->bss->runs, 0, "runs");
	/* kmalloc_nolock() has none on riscv64 without Zacas. */
	if (skel->bss->err == -ENOMEM) {
		printf("%s:SKIP: the kernel has no memory for dynptrs\n", __func__);
		test__skip();
		return;
	}
	ASSERT_EQ(skel->bss->err, err, "error of bpf_dynptr_from_file()");
	/* What was not made cannot be read. */
	ASSERT_EQ(skel->bss->read_err, err ? -EINVAL : 0, "error of bpf_dynptr_read()");
	if (!err)
		ASSERT_MEMEQ(skel->bss->first, text, sizeof(text), "what was read");
}

/* A memfd with the text, open with these flags. */
static void file(struct lsm_hook_file_dynptr *skel, int flags, int err)
{
	char name[64];
	int memfd, fd;

	memfd = memfd_create("lsm_hook_file_dynptr", 0);
	if (!ASSERT_OK_FD(memfd, "memfd_create"))
		return;
	ASSERT_EQ(write(memfd, text, sizeof(text)), sizeof(text), "write");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", memfd);
	fd = open(name, flags);
	if (ASSERT_OK_FD(fd, "open")) {
		look_into(skel, fd, err);
		close(fd);
	}
	close(memfd);
}

/* What is there must stay there for those whom it was sent to. */
static void ends(struct lsm_hook_file_dynptr *skel, int receiver, int sender)
{
	char byte[sizeof(text)];

	ASSERT_EQ(write(sender, text, sizeof(text)), sizeof(text), "write");
	look_into(skel, receiver, -EINVAL);
	ASSERT_EQ(read(receiver, byte, sizeof(byte)), sizeof(byte), "read");
	close(receiver);
	close(sender);
}

void test_lsm_hook_file_dynptr(void)
{
	struct lsm_hook_file_dynptr *skel;
	int fd[2];

	skel = lsm_hook_file_dynptr__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		return;
	if (!ASSERT_OK(lsm_hook_file_dynptr__attach(skel), "attach"))
		goto destroy;

	if (test__start_subtest("write_only"))
		file(skel, O_WRONLY, -EBADF);
	if (test__start_subtest("read_only"))
		file(skel, O_RDONLY, 0);
	if (test__start_subtest("read_write"))
		file(skel, O_RDWR, 0);
	if (test__start_subtest("pipe") && ASSERT_OK(pipe2(fd, O_NONBLOCK), "pipe2"))
		ends(skel, fd[0], fd[1]);
	if (test__start_subtest("socket") &&
	    ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd), "socketpair"))
		ends(skel, fd[0], fd[1]);
destroy:
	lsm_hook_file_dynptr__destroy(skel);
}
