// SPDX-License-Identifier: GPL-2.0-only
/* Where a program must not sleep, a dynptr reads what is in the page cache alone. */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <test_progs.h>
#include "lsm_hook_file_dynptr_asleep.skel.h"

/* The program reads a page that is not cached, as nothing was ever written to it. */
static void read_hole(const char *name, int read_err)
{
	struct lsm_hook_file_dynptr_asleep *skel;
	struct bpf_program *prog;
	int fd;

	if (!test__start_subtest(name))
		return;
	skel = lsm_hook_file_dynptr_asleep__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (!ASSERT_OK_PTR(prog, "program"))
		goto destroy;
	bpf_program__set_autoload(prog, true);
	if (!ASSERT_OK(lsm_hook_file_dynptr_asleep__load(skel), "load") ||
	    !ASSERT_OK(lsm_hook_file_dynptr_asleep__attach(skel), "attach"))
		goto destroy;
	fd = memfd_create("lsm_hook_file_dynptr_asleep", 0);
	if (!ASSERT_OK_FD(fd, "memfd_create"))
		goto destroy;
	if (ASSERT_OK(ftruncate(fd, getpagesize()), "ftruncate")) {
		skel->bss->tgid = getpid();
		ASSERT_OK(ioctl(fd, FIOCLEX), "ioctl");
		skel->bss->tgid = 0;
		ASSERT_EQ(skel->bss->runs, 1, "runs");
		/* kmalloc_nolock() has none on riscv64 without Zacas. */
		if (skel->bss->err == -ENOMEM) {
			printf("%s:SKIP: the kernel has no memory for dynptrs\n", __func__);
			test__skip();
		} else {
			ASSERT_OK(skel->bss->err, "error of bpf_dynptr_from_file()");
			ASSERT_EQ(skel->bss->read_err, read_err, "error of bpf_dynptr_read()");
		}
	}
	close(fd);
destroy:
	lsm_hook_file_dynptr_asleep__destroy(skel);
}

void test_lsm_hook_file_dynptr_asleep(void)
{
	read_hole("awake", 0);
	read_hole("rcu", -EFAULT);
	read_hole("preempt", -EFAULT);
	read_hole("irq", -EFAULT);
	read_hole("global", -EFAULT);
	read_hole("global_clone", -EFAULT);
}
