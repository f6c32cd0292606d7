// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that replaces a global function must not expect more of an argument than
 * the callers of that function were checked for.
 */

#include <test_progs.h>
#include "lsm_hook_extended.skel.h"
#include "lsm_hook_extension.skel.h"

static const struct {
	const char *name;
	bool fits;
} extensions[] = {
	{ "same_size", true },
	{ "same_nonnull", true },
	{ "same_nullable", true },
	{ "same_trusted", true },
	{ "same_untrusted", true },
	{ "larger", false },
	{ "nonnull", false },
	{ "not_nullable", false },
	{ "trusted", false },
	{ "memory", false },
};

static void load(const char *name, bool fits, int target)
{
	struct lsm_hook_extension *skel = lsm_hook_extension__open();
	struct bpf_program *prog;
	int err;

	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	prog = bpf_object__find_program_by_name(skel->obj, name);
	if (ASSERT_OK_PTR(prog, "program") &&
	    ASSERT_OK(bpf_program__set_attach_target(prog, target, NULL), "target")) {
		bpf_program__set_autoload(prog, true);
		err = lsm_hook_extension__load(skel);
		ASSERT_EQ(!err, fits, "load");
	}
	lsm_hook_extension__destroy(skel);
}

void test_lsm_hook_extension(void)
{
	struct lsm_hook_extended *skel = lsm_hook_extended__open_and_load();
	int i;

	if (ASSERT_OK_PTR(skel, "open_and_load")) {
		for (i = 0; i < ARRAY_SIZE(extensions); i++) {
			if (test__start_subtest(extensions[i].name))
				load(extensions[i].name, extensions[i].fits,
				     bpf_program__fd(skel->progs.extended));
		}
	}
	lsm_hook_extended__destroy(skel);
}
