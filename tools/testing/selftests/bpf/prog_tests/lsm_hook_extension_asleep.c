// SPDX-License-Identifier: GPL-2.0-only
/* A program that replaces a function of a sleepable program runs without RCU. */

#include <test_progs.h>
#include "lsm_hook_extended_asleep.skel.h"
#include "lsm_hook_extension_asleep.skel.h"

static struct lsm_hook_extension_asleep *load(const char *name, const struct bpf_program *target,
					      bool fits)
{
	struct lsm_hook_extension_asleep *skel = lsm_hook_extension_asleep__open();
	struct bpf_program *prog;
	int err;

	if (!ASSERT_OK_PTR(skel, "open"))
		return NULL;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (ASSERT_OK_PTR(prog, "program") &&
	    ASSERT_OK(bpf_program__set_attach_target(prog, bpf_program__fd(target), NULL),
		      "target")) {
		bpf_program__set_autoload(prog, true);
		err = lsm_hook_extension_asleep__load(skel);
		if (ASSERT_EQ(!err, fits, "load") && !err)
			return skel;
	}
	lsm_hook_extension_asleep__destroy(skel);
	return NULL;
}

/* Loads it for a function of @target, and tries to attach it to that of @other, too. */
static void load_and_attach(const struct bpf_program *target, const struct bpf_program *other)
{
	struct lsm_hook_extension_asleep *skel = load("counts", target, true);
	struct bpf_link *link;
	int fd;

	if (!skel)
		return;
	link = bpf_program__attach_freplace(skel->progs.counts, bpf_program__fd(other),
					    "extended");
	ASSERT_ERR_PTR(link, "attach to the other program");
	bpf_link__destroy(IS_ERR(link) ? NULL : link);

	link = bpf_program__attach_trace(skel->progs.counts);
	if (ASSERT_OK_PTR(link, "attach")) {
		skel->bss->tgid = getpid();
		fd = open("/dev/null", O_RDONLY);
		skel->bss->tgid = 0;
		ASSERT_EQ(skel->bss->runs, 1, "runs");
		close(fd);
		bpf_link__destroy(link);
	}
	lsm_hook_extension_asleep__destroy(skel);
}

void test_lsm_hook_extension_asleep(void)
{
	struct lsm_hook_extended_asleep *skel = lsm_hook_extended_asleep__open_and_load();

	if (ASSERT_OK_PTR(skel, "open_and_load") &&
	    ASSERT_OK(lsm_hook_extended_asleep__attach(skel), "attach")) {
		if (test__start_subtest("asleep"))
			load_and_attach(skel->progs.asleep, skel->progs.awake);
		if (test__start_subtest("awake"))
			load_and_attach(skel->progs.awake, skel->progs.asleep);
		if (test__start_subtest("rcu_awake"))
			lsm_hook_extension_asleep__destroy(load("acquires_parent",
								skel->progs.awake, true));
		if (test__start_subtest("rcu_asleep"))
			load("acquires_parent", skel->progs.asleep, false);
		if (test__start_subtest("section_awake"))
			lsm_hook_extension_asleep__destroy(load("in_rcu", skel->progs.awake, true));
		if (test__start_subtest("section_asleep"))
			load("in_rcu", skel->progs.asleep, false);
	}
	lsm_hook_extended_asleep__destroy(skel);
}
