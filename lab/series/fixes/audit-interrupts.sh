#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Records of packets that arrive while the audit daemon runs are under the backlog
# limit, in the guest, on one processor, as root. One line for each check.

set -euo pipefail
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/../../test/report.sh"

status() { auditctl -s | sed -n "s/^$1 //p"; }

ip link set dev lo up
nft -f - <<-END
	table ip filter {
		chain input {
			type filter hook input priority 0
			udp dport 9 log level audit
		}
	}
END
auditctl -b 64 >/dev/null
lost=$(status lost)
read -r sent received < <(PYTHONPATH=lab/test/fuzz "$(dirname "$0")/audit-interrupts.py")
lost=$(($(status lost) - lost))
# The queue has room for 64, and some may have left it meanwhile.
holds "of $sent packets that the daemon is interrupted by, most records are lost" "$received received" test "$received" -lt $((sent / 2))
holds "... and counted" "$lost lost, $received received" test "$lost" -ge $((sent - received))
exit $((failed > 0))
