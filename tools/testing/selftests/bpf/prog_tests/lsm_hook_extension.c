// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that replaces a global function must not expect more of an argument than
 * the callers of that function were checked for.
 */

#include <test_progs.h>
#include "lsm_hook_extended.skel.h"
#include "lsm_hook_extended_regs.skel.h"
#include "lsm_hook_extension.skel.h"
#include "lsm_hook_extension_regs.skel.h"

struct extension {
	const char *name;
	bool fits;
};

static const struct extension extensions[] = {
	{ "same_size", true },
	{ "same_nonnull", true },
	{ "same_nullable", true },
	{ "same_trusted", true },
	{ "same_untrusted", true },
	{ "less_nonnull", true },
	{ "more_nullable", true },
	{ "larger", false },
	{ "nonnull", false },
	{ "not_nullable", false },
	{ "trusted", false },
	{ "memory", false },
};

static const struct extension of_kprobe[] = {
	{ "regs_by_name", true },
	{ "memory_for_regs", false },
	{ "regs_for_memory", false },
};

static const struct extension of_xdp = { "xdp_by_tag", true };

/* Loads one program of an object for a function of @target. */
static void load(struct bpf_object *obj, const struct extension *extension,
		 const struct bpf_program *target)
{
	struct bpf_program *prog;
	int err;

	prog = bpf_object__find_program_by_name(obj, extension->name);
	if (ASSERT_OK_PTR(prog, "program") &&
	    ASSERT_OK(bpf_program__set_attach_target(prog, bpf_program__fd(target), NULL),
		      "target")) {
		bpf_program__set_autoload(prog, true);
		err = bpf_object__load(obj);
		ASSERT_EQ(!err, extension->fits, "load");
	}
}

/* Each extension is loaded from an object of its own. */
static void try(const struct extension *extension, const struct bpf_program *target)
{
	struct lsm_hook_extension *skel = lsm_hook_extension__open();

	if (ASSERT_OK_PTR(skel, "open"))
		load(skel->obj, extension, target);
	lsm_hook_extension__destroy(skel);
}

static void try_regs(const struct extension *extension, const struct bpf_program *target)
{
	struct lsm_hook_extension_regs *skel = lsm_hook_extension_regs__open();

	if (ASSERT_OK_PTR(skel, "open"))
		load(skel->obj, extension, target);
	lsm_hook_extension_regs__destroy(skel);
}

void test_lsm_hook_extension(void)
{
	struct lsm_hook_extended *extended = lsm_hook_extended__open_and_load();
	struct lsm_hook_extended_regs *regs = lsm_hook_extended_regs__open_and_load();
	int i;

	if (!ASSERT_OK_PTR(extended, "open_and_load") || !ASSERT_OK_PTR(regs, "open_and_load"))
		goto destroy;

	for (i = 0; i < ARRAY_SIZE(extensions); i++) {
		if (test__start_subtest(extensions[i].name))
			try(&extensions[i], extended->progs.extended);
	}
	for (i = 0; i < ARRAY_SIZE(of_kprobe); i++) {
		if (test__start_subtest(of_kprobe[i].name))
			try_regs(&of_kprobe[i], regs->progs.extended_kprobe);
	}
	if (test__start_subtest(of_xdp.name))
		try_regs(&of_xdp, regs->progs.extended_xdp);
destroy:
	lsm_hook_extended__destroy(extended);
	lsm_hook_extended_regs__destroy(regs);
}
