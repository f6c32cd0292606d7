// SPDX-License-Identifier: GPL-2.0-only
/* Only regular files that are open for reading are read by a dynptr. */

#include <sys/stat.h>
#include <test_progs.h>
#include "lsm_hook_file_dynptr.skel.h"

static const char name[] = "/tmp/lsm_hook_file_dynptr";
static const char pipe_name[] = "/tmp/lsm_hook_file_dynptr.pipe";

static void open_as(struct lsm_hook_file_dynptr *skel, const char *path, int flags, int err)
{
	int fd;

	skel->bss->tgid = getpid();
	skel->bss->runs = 0;
	fd = open(path, flags);
	skel->bss->tgid = 0;
	if (!ASSERT_OK_FD(fd, "open"))
		return;
	close(fd);
	/* On overlayfs it also runs for the file of a layer, and takes the first. */
	ASSERT_GT(skel->bss->runs, 0, "runs");
	ASSERT_EQ(skel->bss->err, err, "error of bpf_dynptr_from_file()");
	/* What is not made cannot be read. */
	if (err)
		ASSERT_EQ(skel->bss->read_err, -EINVAL, "error of bpf_dynptr_read()");
}

void test_lsm_hook_file_dynptr(void)
{
	struct lsm_hook_file_dynptr *skel;
	int fd;

	fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (!ASSERT_OK_FD(fd, "create"))
		return;
	ASSERT_EQ(write(fd, "text", 4), 4, "write");
	close(fd);

	skel = lsm_hook_file_dynptr__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		goto unlink;
	if (!ASSERT_OK(lsm_hook_file_dynptr__attach(skel), "attach"))
		goto destroy;

	if (test__start_subtest("write_only"))
		open_as(skel, name, O_WRONLY, -EBADF);
	if (test__start_subtest("read_only"))
		open_as(skel, name, O_RDONLY, 0);
	if (test__start_subtest("read_write"))
		open_as(skel, name, O_RDWR, 0);
	if (test__start_subtest("pipe") &&
	    ASSERT_OK(mkfifo(pipe_name, 0600), "mkfifo"))
		open_as(skel, pipe_name, O_RDONLY | O_NONBLOCK, -EINVAL);
destroy:
	lsm_hook_file_dynptr__destroy(skel);
unlink:
	unlink(pipe_name);
	unlink(name);
}
