#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How a record has the names of network devices, in the guest, as root: those that could
# be taken for something else in hex, others as they are. One line for each check.

set -euo pipefail
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/../../test/report.sh"

# The record of a device that is made promiscuous, from the kernel's log: no daemon runs.
recorded() { # NAME
	ip link add name "$1" type dummy
	dmesg -C
	ip link set dev "$1" promisc on
	dmesg | sed -nE 's/.* type=1700 .*\bdev=(.*) prom=.*/\1/p'
	ip link delete dev "$1"
}

# Records that no daemon reads are printed at a limited rate.
echo 0 >/proc/sys/kernel/printk_ratelimit
while read -r name want; do
	found=$(recorded "$name")
	holds "a device called $name is dev=$want" "$found" test "$found" = "$want"
done <<'END'
plain0 plain0
10 3130
123 123
AB 4142
ab ab
612262 363132323632
a"b 612262
? 3F
eth0) 6574683029
eth0, 657468302C
eth0' 6574683027
(a)b (a)b
a?b a?b
END
exit $((failed > 0))
