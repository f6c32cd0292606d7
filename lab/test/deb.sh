#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build kernel packages, install them in the Debian of a disk, boot that as a machine
# of its own, and run the demonstration there. One line for each check, the last line
# counts them; what the demonstration shows is in build/log/test-deb.machine.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
results=$log/test-deb.results
machine=$log/test-deb.machine
disk=$build/deb-test/disk.img
export KERNEL_DIR=$build/deb-test/objects/linux

"$lab/kernel/kernel.sh" -c deb-test
CONFIG=$build/deb-test/.config "$lab/kernel/deb.sh" deb-test
"$lab/machine/run.sh" lab/programs.sh
"$lab/machine/debian.sh" "$disk"

status=0
: >"$machine"
"$lab/machine/boot.sh" -n test-deb-install -d "$disk" lab/test/install.sh | tee "$results" || status=$?
if [ "$status" = 0 ]; then
	"$lab/machine/boot.sh" -n test-deb -d "$disk" -b | tee "$machine" | grep --line-buffered -E '^(== |ok |not ok )' |
		tee -a "$results" || status=$?
	grep -qx 'end of the checks' "$machine" || status="no end of the checks"
fi

passed=$(grep -c '^ok ' "$results" || :)
failed=$(grep -c '^not ok ' "$results" || :)
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
	echo "not ok the run - it ended with $status: see above and ${machine#"$repo/"}"
	failed=1
fi
echo "$passed passed, $failed failed"
exit $((failed > 0))
