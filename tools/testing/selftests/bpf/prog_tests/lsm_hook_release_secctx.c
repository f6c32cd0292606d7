// SPDX-License-Identifier: GPL-2.0-only
/* Programs on release_secctx must not sleep. */

#include <test_progs.h>
#include "lsm_hook_release_secctx.skel.h"

void test_lsm_hook_release_secctx(void)
{
	RUN_TESTS(lsm_hook_release_secctx);
}
