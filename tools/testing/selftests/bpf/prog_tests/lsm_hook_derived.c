// SPDX-License-Identifier: GPL-2.0-only
/* No pointer is trusted for longer than what it has been obtained from. */

#include <test_progs.h>
#include "lsm_hook_derived.skel.h"

void test_lsm_hook_derived(void)
{
	RUN_TESTS(lsm_hook_derived);
}
