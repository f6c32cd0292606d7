// SPDX-License-Identifier: GPL-2.0-only

#include <linux/audit.h>

__rust_helper struct audit_context *rust_helper_audit_context(void)
{
	return audit_context();
}
