// SPDX-License-Identifier: GPL-2.0-only
/* Programs on inode_free_security must not sleep. */

#include <test_progs.h>
#include "lsm_hook_inode_free.skel.h"

void test_lsm_hook_inode_free(void)
{
	RUN_TESTS(lsm_hook_inode_free);
}
