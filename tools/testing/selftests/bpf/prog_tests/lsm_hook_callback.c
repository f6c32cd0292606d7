// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks that a helper calls under a lock must not sleep. */

#include <test_progs.h>
#include "lsm_hook_callback.skel.h"

void test_lsm_hook_callback(void)
{
	RUN_TESTS(lsm_hook_callback);
}
