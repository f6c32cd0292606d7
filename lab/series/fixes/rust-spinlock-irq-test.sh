#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suite rust_spinlock_irq_condvar, which ran at boot: in the guest, as root. A
# warning in the log fails lab/machine/boot.sh. One line for the check.

set -euo pipefail
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/../../test/report.sh"

found=$(dmesg | grep -oE '(not )?ok [0-9]+ rust_spinlock_irq_condvar' || :)
holds "KUnit's rust_spinlock_irq_condvar" "$found" grep -qE '^ok ' <<<"$found"
exit $((failed > 0))
