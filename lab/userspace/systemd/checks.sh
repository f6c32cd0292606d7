#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks, on a Debian that systemd has booted. lab= on the kernel's command line
# says which systemd it is, "stock" or "patched". What is expected follows from that,
# and from whether the kernel has the kfuncs and audit is on: nothing else but a record
# may come of them. Prints one line for each check, what the log shows, and what the
# journal complains about.

# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"
set -euo pipefail
export LC_ALL=C.UTF-8

systemd=$(sed -n 's/.*\<lab=\([a-z]*\).*/\1/p' /proc/cmdline)
kfuncs=$(grep -c ' bpf_audit_log_start$' /proc/kallsyms || :)
audit=yes
! grep -q '\<audit=0\>' /proc/cmdline || audit=
expected=
if [ "$systemd" = patched ] && [ "$kfuncs" != 0 ] && [ -n "$audit" ]; then expected=yes; fi
audit_log=/var/log/audit/audit.log
pins=/sys/fs/bpf/systemd/userns-restrict
denied='cat: /run/lab/secret: Operation not permitted'
operations='mkdir create symlink link chown'
wanted() { if [ -n "$expected" ]; then echo "$1"; else echo 0; fi; } # RECORDS

show() { printf '   %s\n' "${1//$'\n'/$'\n   '}"; }
has() { grep -qF -- "$2" <<<"$1"; } # TEXT PART
both() { has "$1" "$2" && has "$1" "$3"; }

# Audit has nothing more to write of what was before.
settle() {
	local mark=settled-$RANDOM$RANDOM i
	[ -n "$audit" ] || return 0
	auditctl -m "$mark" >/dev/null
	for ((i = 0; i < 300; i++)); do
		! grep -q "$mark" "$audit_log" || return 0
		sleep 0.1
	done
	echo "audit's log lacks what auditctl -m wrote" >&2
	exit 1
}
records() { # CAUSE
	settle
	grep "^type=UNKNOWN\[1427\].* cause=\"$1\"" "$audit_log" 2>/dev/null || :
}
count() { records "$1" | grep -c . || :; }
lost() { auditctl -s | sed -n 's/^lost //p'; }

# restricted COMMAND...: in a unit that may not open files of tmpfs
restricted() { systemd-run --quiet --wait --pipe --collect -p "RestrictFileSystems=~tmpfs" "$@" 2>&1 || :; }
# How many of 30 attempts are denied
# shellcheck disable=SC2016
denials() { restricted sh -c 'for i in $(seq 30); do cat /run/lab/secret; done' | grep -cx "$denied" || :; }
# What the operations in a registered user namespace come to: "EPERM" if all are denied
userns() { # [registered]
	python3 systemd/userns.py "$@" 2>&1
}
results() { # TEXT
	local operation
	for operation in $operations; do sed -n "s/^$operation: //p" <<<"$1"; done | sort | uniq -c | sed 's/^ *//' | paste -sd ,
}

# --- Booted

version=$(dpkg-query -Wf '${Version}' systemd)
running=$(systemctl --version | head -n 1)
holds "boot: by systemd, $version" "$(</proc/1/comm), $running" \
	[ "$(</proc/1/comm)/$running" = "systemd/systemd 257 ($version)" ]
case $version in *+lsmaudit*) package=patched ;; *) package=stock ;; esac
holds "boot: the packages are $systemd" "$version" [ "$package" = "$systemd" ]
failed_units=$(systemctl --failed --plain --no-legend | cut -d ' ' -f 1 | paste -sd ,)
echo "failed: $failed_units"
modules=$(</sys/kernel/security/lsm)
holds "boot: $(uname -r), with bpf as a security module, kfuncs: $kfuncs" "$modules" grep -qw bpf <<<"$modules"
attached=$(journalctl -b -o cat | grep -F 'bpf-restrict-fs: LSM BPF program attached' || :)
holds "boot: systemd attached restrict-fs" "$attached" [ -n "$attached" ]

# --- RestrictFileSystems=

mkdir -p /run/lab
echo text >/run/lab/secret
before=$(count RestrictFileSystems)
systemctl start restricted.service 2>/dev/null || :
said=$(journalctl -b -u restricted.service -o cat | grep '^cat:' || :)
holds "restrict-fs: a service with RestrictFileSystems=~tmpfs is denied" "$said" [ "$said" = "$denied" ]
said=$(systemd-run --quiet --wait --pipe cat /run/lab/secret 2>&1 || :)
holds "restrict-fs: one without is not" "$said" [ "$said" = text ]
said=$(restricted cat /etc/hostname)
holds "restrict-fs: nor are other file systems" "$said" [ "$said" = "$(</etc/hostname)" ]
after=$(count RestrictFileSystems)
holds "restrict-fs: records written: $(wanted 1)" "$before before, $after after" \
	[ "$((after - before))" = "$(wanted 1)" ]

# --- nsresourced

said=$(userns)
holds "userns-restrict: a user namespace that is not nsresourced's may make files" "$said" [ "$(results "$said")" = "5 ok" ]
systemctl start systemd-nsresourced.service
before=$(count userns-restrict)
said=$(userns registered)
process=$(sed -n 's/^process: //p' <<<"$said")
holds "userns-restrict: one of nsresourced's is denied, five operations" "$said" [ "$(results "$said")" = "5 EPERM" ]
holds "userns-restrict: but for its own mounts" "$said" grep -qx 'mkdir in its own mount: ok' <<<"$said"
after=$(count userns-restrict)
holds "userns-restrict: records written: $(wanted 5)" "$before before, $after after" \
	[ "$((after - before))" = "$(wanted 5)" ]
pinned=$(cd "$pins" && find . -type f | sort | paste -sd ' ')
holds "userns-restrict: it pins what it pins, six programs and two maps" "$pinned" [ "$(wc -w <<<"$pinned")" = 8 ]

# --- What the journal complains about, before audit is made to fail; of the kernel,
# whose clocks complain at times, only what is of BPF

{ journalctl -b -p warning -o cat _TRANSPORT=journal + _TRANSPORT=syslog + _TRANSPORT=stdout
	journalctl -b -p warning -o cat -k | grep -i bpf || :; } | sed -E 's/[0-9a-f]{8,}/N/g; s/[0-9]+/N/g; s/^/journal: /'
journalctl -b -u systemd-nsresourced.service -o cat | sed 's/^/nsresourced: /'

if [ -n "$expected" ]; then
	# --- The records, and whence they are
	fs=$(records RestrictFileSystems | head -n 1)
	show "$fs"
	holds "record: the file that was denied" "$fs" \
		grep -qE ' comm="cat" cause="RestrictFileSystems" path="/run/lab/secret" dev="tmpfs" ino=[0-9]+ ?$' <<<"$fs"
	ns=$(records userns-restrict)
	show "$ns"
	paths=$(sed -nE "s/.* pid=$process .* path=\"([^\"]*)\".*/\1/p" <<<"$ns" | paste -sd ,)
	folder=/var/tmp/lab-userns
	holds "record: the paths" "$paths" \
		[ "$paths" = "$folder/folder,$folder/file,$folder/symlink,$folder/link,$folder/own" ]

	text=$(ausearch -m 1427 -i -if "$audit_log" 2>&1)
	show "$(head -n 12 <<<"$text")"
	holds "ausearch -m 1427 -i: both, interpreted" "$(tail -n 4 <<<"$text")" \
		both "$text" 'comm=cat cause="RestrictFileSystems" path=/run/lab/secret' 'comm=python3 cause="userns-restrict" path=/var/tmp/lab-userns'
	text=$(./lsm-audit-log "$audit_log" 2>&1 || :)
	show "$text"
	holds "lsm-audit-log: restrict-fs by the program's name" "see above" grep -qE 'RestrictFileSystems.* by restrict_files.* on file_open' <<<"$text"
	holds "lsm-audit-log: userns-restrict by name and pin" "see above" grep -qE "userns-restrict.* by userns_restrict.* on path_mkdir.*pinned at $pins/programs/" <<<"$text"

	# A process that is gone: by what it said to the journal.
	pid=$(sed -n 's/.* pid=\([0-9]*\) .*/\1/p' <<<"$fs")
	unit=$(journalctl -b "_PID=$pid" -o json --output-fields=_SYSTEMD_UNIT | sed -n 's/.*"_SYSTEMD_UNIT":"\([^"]*\)".*/\1/p' | sort -u)
	holds "unit: of a process that has ended, journalctl _PID=$pid" "$unit" [ "$unit" = restricted.service ]
	# One that runs: by its cgroup. The shell itself is denied, and stays.
	systemd-run --quiet --unit lab-stays -p "RestrictFileSystems=~tmpfs" sh -c 'read line </run/lab/secret; while :; do sleep 1; done'
	for ((i = 0; i < 100; i++)); do
		pid=$(records RestrictFileSystems | sed -n 's/.* pid=\([0-9]*\) comm="sh".*/\1/p' | tail -n 1)
		[ -z "$pid" ] || break
		sleep 0.1
	done
	unit=$(systemctl whoami "${pid:-0}" 2>&1 || :)
	holds "unit: of a process that runs, systemctl whoami $pid" "$unit" [ "$unit" = lab-stays.service ]
	unit=$(ps -o unit= -p "${pid:-0}")
	holds "unit: ps -o unit= -p $pid" "$unit" [ "$unit" = lab-stays.service ]
	systemctl stop lab-stays.service

	# --- Audit that writes nothing: the denials stay
	auditctl -a never,exclude -F msgtype=1427 >/dev/null
	before=$(count RestrictFileSystems)
	found="$(denials), $(results "$(userns registered)")"
	after=$(count RestrictFileSystems)
	auditctl -d never,exclude -F msgtype=1427 >/dev/null
	holds "audit excludes the records: denied as before, none written" "$found, $((after - before)) records" \
		[ "$found/$after" = "30, 5 EPERM/$before" ]
	auditctl -e 0 >/dev/null
	found="$(denials), $(results "$(userns registered)")"
	auditctl -e 1 >/dev/null
	holds "audit is switched off (auditctl -e 0): denied as before" "$found" [ "$found" = "30, 5 EPERM" ]
	# The daemon reads nothing, and there is room for one record.
	before=$(lost)
	daemon=$(pidof auditd)
	auditctl -b 1 --backlog_wait_time 0 >/dev/null
	kill -STOP "$daemon"
	found="$(denials), $(results "$(userns registered)")"
	after=$(lost)
	kill -CONT "$daemon"
	auditctl -b 8192 >/dev/null
	holds "audit's backlog is full: denied as before, $((after - before)) records lost" "$found, lost $before before, $after after" \
		[ "$found" = "30, 5 EPERM" -a "$after" -gt "$before" ]
	before=$(lost)
	auditctl -r 1 >/dev/null
	found="$(denials), $(results "$(userns registered)")"
	auditctl -r 0 >/dev/null
	after=$(lost)
	holds "audit's rate is limited: denied as before, $((after - before)) records lost" "$found, lost $before before, $after after" \
		[ "$found" = "30, 5 EPERM" -a "$after" -gt "$before" ]

	# --- nsresourced without the capability
	settle
	mkdir -p /run/systemd/system/systemd-nsresourced.service.d
	printf '[Service]\nCapabilityBoundingSet=~CAP_SYS_BOOT\n' >/run/systemd/system/systemd-nsresourced.service.d/lab.conf
	systemctl daemon-reload
	systemctl stop systemd-nsresourced.service systemd-nsresourced.socket
	rm -r "$pins"	# else the programs that are attached stay
	mark=$(journalctl -b -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
	systemctl start systemd-nsresourced.socket systemd-nsresourced.service
	bound=$(systemctl show -P CapabilityBoundingSet systemd-nsresourced.service)
	holds "no CAP_SYS_BOOT: nsresourced has it not" "$bound" [ -z "$(grep -o cap_sys_boot <<<"$bound")" ]
	before=$(count userns-restrict)
	said=$(userns registered)
	after=$(count userns-restrict)
	holds "no CAP_SYS_BOOT: denied as before" "$said" [ "$(results "$said")" = "5 EPERM" ]
	holds "no CAP_SYS_BOOT: no record" "$before before, $after after" [ "$before" = "$after" ]
	complaints=$(journalctl -b -u systemd-nsresourced.service --after-cursor "$mark" -p notice -o cat | grep -v '^-- ' || :)
	holds "no CAP_SYS_BOOT: no complaint" "$complaints" [ -z "$complaints" ]

	# --- A kernel that refuses what calls the kfuncs, whoever loads it
	rm /run/systemd/system/systemd-nsresourced.service.d/lab.conf
	systemctl daemon-reload
	systemctl stop systemd-nsresourced.service systemd-nsresourced.socket
	rm -r "$pins"
	bpftool prog loadall refuse.bpf.o /sys/fs/bpf/lab autoattach
	systemctl start systemd-nsresourced.socket systemd-nsresourced.service
	systemctl daemon-reexec
	refused=$(bpftool -j map dump name refuse.bss | sed -n 's/.*"refused": *\([0-9]*\).*/\1/p')
	holds "refused at first: both were" "$refused refusals" [ "${refused:-0}" -ge 2 ]
	rm -r /sys/fs/bpf/lab
	before="$(count RestrictFileSystems) $(count userns-restrict)"
	found="$(denials), $(results "$(userns registered)")"
	after="$(count RestrictFileSystems) $(count userns-restrict)"
	holds "refused at first: denied as before" "$found" [ "$found" = "30, 5 EPERM" ]
	holds "refused at first: no record" "$before before, $after after" [ "$before" = "$after" ]

	# --- And with all that it takes, again
	systemctl stop systemd-nsresourced.service systemd-nsresourced.socket
	rm -r "$pins"
	systemctl start systemd-nsresourced.socket systemd-nsresourced.service
	systemctl daemon-reexec
	before="$(count RestrictFileSystems) $(count userns-restrict)"
	found="$(denials), $(results "$(userns registered)")"
	after="$(count RestrictFileSystems) $(count userns-restrict)"
	holds "loaded again: 30 and 5 denials have as many records" "$found, $before before, $after after" \
		[ "$found/$((${after% *} - ${before% *})) $((${after#* } - ${before#* }))" = "30, 5 EPERM/30 5" ]
fi
echo "end of the checks"
