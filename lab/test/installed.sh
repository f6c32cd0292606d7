#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks on a Debian that was booted from its own disk, by systemd: that it runs
# the kernel of the installed package, and the demonstration, whose records its
# auditd writes. Prints one line for each check.

# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"
set -euo pipefail
export LC_ALL=C.UTF-8

release=$(uname -r)
owner=$({ dpkg-query -S "/boot/vmlinuz-$release" 2>&1 || :; } | cut -d : -f 1)
holds "boot: the kernel is the package's" "$release of $owner" [ "$owner" = "linux-image-$release" ]
command_line=$(</proc/cmdline)
holds "boot: by GRUB" "$command_line" grep -q "^BOOT_IMAGE=/boot/vmlinuz-$release root=" <<<"$command_line"
file_system=$(findmnt -no FSTYPE,SOURCE /)
holds "boot: the root file system is ext4, a module" "$file_system" grep -q '^ext4 ' /proc/modules
taint=$(</proc/sys/kernel/tainted)
holds "boot: nothing has tainted it" "$taint" [ "$taint" = 0 ]
modules=$(</sys/kernel/security/lsm)
holds "boot: bpf is a security module" "$modules" grep -qw bpf <<<"$modules"
auditd=$(systemctl is-active auditd || :)
holds "boot: auditd is a service" "$auditd" [ "$auditd" = active ]

lost() { auditctl -s | sed -n 's/^lost //p'; }
before=$(lost)
status=0
lab/demo/demo.sh >demo.out 2>&1 || status=$?
cat demo.out
summary=$(tail -n 1 demo.out)
holds "demo: $summary" "exit code $status" [ "$status" = 0 ]
records=$(ausearch -m 1427 --raw -if /var/log/audit/audit.log | grep -c '^type=UNKNOWN\[1427\] .*): prog-id=' || :)
holds "auditd: its log has the records" "$records" [ "$summary" = "$records denials, $records records" ]
after=$(lost)
holds "auditd: no record lost" "$before lost before, $after after" [ "$after" = "$before" ]
echo "end of the checks"
