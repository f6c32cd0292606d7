// SPDX-License-Identifier: GPL-2.0-only

#include <linux/btf.h>

__rust_helper void *
rust_helper_btf_id_set8_contains(const struct btf_id_set8 *set, u32 id)
{
	return btf_id_set8_contains(set, id);
}
