#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, as root: what lab/userspace/older.sh has built denies and reports like the
# examples that know this kernel. One line for each check; ends with an error if one of
# them fails.

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=lab/test/examples.sh
. "$(dirname "$0")/examples.sh"

examples=build/older
set_scene build/demo/policy.bpf.o
rm -r "$pins"
other_structures "$examples" <<-END
	own own-structures
	without vmlinux-without-kfuncs
	none
END
examples
exit $((failed > 0))
