# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Run policy.bpf.c in the guest: set the scene, provoke each of its denials and
# judge what the audit log has of it. The demonstration shows what is found
# here, the tests report it. All state is in memory file systems of the guest, but
# for the log of an auditd that is a service.

set -Eeuo pipefail
trap 'echo "error: ${BASH_SOURCE[0]}, line $LINENO: $BASH_COMMAND" >&2' ERR
export LC_ALL=C.UTF-8

state=/run/audit-demo		# auditd's configuration and its log
audit_log=$state/audit.log
pins=/sys/fs/bpf/demo		# the policy's links, by the names of its programs
confined=/sys/fs/cgroup/confined
protected=/sys/fs/cgroup/protected
memory=/tmp/demo		# a tmpfs; not all of /tmp, where this repository may be
stage=$memory/stage		# what the commands work on
helpers=()			# processes that are ours to end

die() { echo "error: $*" >&2; exit 1; }

# wait_for WHAT COMMAND...: until the command succeeds, but not for ever.
wait_for() {
	local what=$1 deadline=$((SECONDS + 120))
	shift
	until "$@"; do
		((SECONDS < deadline)) || die "waited 120 s in vain for $what."
		sleep 0.05
	done
}

### The scene

mount_once() { # TYPE FOLDER
	mountpoint -q "$2" || mount -t "$1" "$1" "$2"
}

# An auditd that is a service stays as it is, and so do its rules.
is_service() { systemctl is-active --quiet auditd 2>/dev/null; }
no_auditd() { ! pgrep -x auditd >/dev/null; }
no_program() { ! bpftool prog show id "$1" >/dev/null 2>&1; } # ID
start_auditd() {
	rm -rf "$state"
	mkdir -p "$state/plugins"
	if is_service; then
		audit_log=/var/log/audit/audit.log
		return
	fi
	cat >"$state/auditd.conf" <<-END
		log_file = $audit_log
		plugin_dir = $state/plugins
		log_format = RAW
		flush = NONE
		max_log_file_action = IGNORE
		space_left = 2
		admin_space_left = 1
		space_left_action = IGNORE
		admin_space_left_action = IGNORE
		disk_full_action = IGNORE
		disk_error_action = IGNORE
	END
	chmod 640 "$state/auditd.conf"
	wait_for "another audit daemon to end" no_auditd
	auditd -c "$state" || die "auditd does not start: $(timeout 5 auditd -f -c "$state" 2>&1 | tail -n 2)"
	# No rule may keep a SYSCALL record away; no record may be lost.
	auditctl -D >/dev/null
	auditctl -b 8192 >/dev/null
	auditctl --reset-lost >/dev/null 2>&1
}

# The unconfined find a metadata service: on addresses of the loopback device.
start_metadata_service() {
	ip link set lo up
	ip address add 169.254.169.254/32 dev lo
	ip address add fd00:ec2::254/128 dev lo nodad
	nc -lk 169.254.169.254 80 </dev/null >/dev/null 2>&1 & helpers+=($!)
	nc -lk fd00:ec2::254 80 </dev/null >/dev/null 2>&1 & helpers+=($!)
	wait_for "the metadata service" metadata_service_listens
}
metadata_service_listens() { [ "$(ss -Hltn 'sport = 80' | wc -l)" = 2 ]; }

start_victim() {
	(echo "$BASHPID" >"$protected/cgroup.procs" && exec sleep infinity) & victim=$!
	helpers+=("$victim")
	wait_for "the protected process" grep -qx sleep "/proc/$victim/comm"
}

make_stage() {
	mkdir -p "$memory"
	[[ $PWD/ != "$memory"/* ]] || die "the guest needs $memory, where this repository is: move it."
	mount -t tmpfs tmpfs "$memory"
	mkdir "$stage"
	cp /bin/true "$stage/tool"
	touch "$stage/sealed"
	chmod a-w "$stage/sealed"
}

load_policy() { # OBJECT
	[ ! -d "$pins" ] || rm -r "$pins"
	bpftool prog loadall "$1" "$pins" autoattach >"$state/bpftool.out" 2>&1 || {
		tail -n 20 "$state/bpftool.out" >&2
		die "the policy $1 does not load."
	}
	read_ids
}

# read_ids: to `ids`, those of the loaded programs by the 15 bytes that the kernel
# keeps of a name. Where a name comes twice, the last is the one that stays loaded.
declare -A ids
read_ids() {
	local id name
	while read -r id name; do
		ids[${name:0:15}]=$id
	done < <(bpftool prog show | sed -n 's/^\([0-9]*\): lsm  name \([^ ]*\) .*/\1 \2/p')
}
program_id() { echo "${ids[${1:0:15}]:-unknown}"; }

# set_scene OBJECT
set_scene() {
	[ "$(id -u)" = 0 ] || die "loading a policy needs root."
	trap clear_scene EXIT
	mount_once bpf /sys/fs/bpf
	mount_once cgroup2 /sys/fs/cgroup
	mkdir -p "$confined" "$protected"
	start_auditd
	make_stage
	start_metadata_service
	start_victim
	load_policy "$1"
	seen=0
	new_records
}

clear_scene() {
	[ ! -d "$pins" ] || rm -r "$pins"
	# One that is stopped ends when it goes on.
	[ ${#helpers[@]} = 0 ] || kill "${helpers[@]}" 2>/dev/null || :
	[ ${#helpers[@]} = 0 ] || kill -CONT "${helpers[@]}" 2>/dev/null || :
	wait
	ip address del 169.254.169.254/32 dev lo 2>/dev/null || :
	ip address del fd00:ec2::254/128 dev lo 2>/dev/null || :
	is_service || auditctl --signal stop >/dev/null 2>&1 || :
	! mountpoint -q "$memory" || umount -l "$memory"
	rmdir "$confined" "$protected" 2>/dev/null || :
}

### The records

search() { ausearch -if "$audit_log" -m 1427 "$@" 2>/dev/null || :; }

# Records keep their order on the way: when this message has come to the log,
# so has every record that was written before it.
settle() {
	marks=$((marks + 1))
	auditctl -m "mark-$$-$marks"
	wait_for "auditd to write a mark" grep -q "text=mark-$$-$marks " "$audit_log"
}
marks=0

# new_records: to the array `records`, those that came since the last call, without
# what an auditd with log_format = ENRICHED adds behind a group separator.
new_records() {
	settle
	mapfile -t records < <(search --raw | sed -n 's/\x1d.*//; s/^type=UNKNOWN\[1427\] //p' | tail -n "+$((seen + 1))")
	seen=$((seen + ${#records[@]}))
}

### The denials

# run_confined COMMAND...: the command's own process is the one that enters the
# cgroup, so that its id is known: to `pid`; and `output`, `status`.
run_confined() {
	status=0
	# shellcheck disable=SC2016
	output=$(timeout 120 bash -c 'echo $$ >"$0/cgroup.procs" && echo $$ >"$1" && shift && exec "$@"' \
		"$confined" "$state/pid" "$@" 2>&1 </dev/null) || status=$?
	pid=$(<"$state/pid")
}

# run_unconfined COMMAND...: the same, here: `unconfined_output`, `unconfined_status`.
run_unconfined() {
	unconfined_status=0
	"$companion" &
	unconfined_output=$(timeout 120 "$@" 2>&1 </dev/null) || unconfined_status=$?
	{ kill $! && wait $!; } 2>/dev/null || :
}

# examine PROGRAM COMM STATUS FIELDS COMMAND...
#
# Run the command in the confined group, where PROGRAM is to deny it, so that it
# ends with STATUS and one record: `record`, of which `event` and `reading` are
# all of its event, raw and interpreted. Outside the group it is to succeed,
# without a record. What is otherwise comes to the array `problems`; `denied`
# says whether the command failed as it should.
examine() {
	local program=$1 comm=$2 expected_status=$3 head
	fields=$4
	shift 4
	problems=() record='' denied=yes

	run_confined "$@"
	[ "$status" = "$expected_status" ] || problems+=("exit code $status, expected $expected_status")
	[[ $output == *"Operation not permitted"* ]] || problems+=("the command does not say 'Operation not permitted'")
	[ ${#problems[@]} = 0 ] || denied=
	new_records
	[ ${#records[@]} = 1 ] || problems+=("${#records[@]} records, expected 1")
	if [ ${#records[@]} -gt 0 ]; then
		head="prog-id=$(program_id "$program") pid=$pid comm=\"$comm\""
		examine_record "${records[0]}" "$head $fields"
	fi

	run_unconfined "$@"
	[ "$unconfined_status" = 0 ] || problems+=("unconfined: exit code $unconfined_status, expected 0: $unconfined_output")
	new_records
	[ ${#records[@]} = 0 ] || problems+=("unconfined: ${#records[@]} records, expected none")
}

# examine_record RECORD TEXT: whole text, and the system call of the same serial.
examine_record() {
	local serial syscall
	record=$1
	[ "${record#*): }" = "$2" ] || problems+=("the record reads '${record#*): }', expected '$2'")

	serial=${record%%): *}
	serial=${serial##*:}
	event=$(search --raw -a "$serial")
	reading=$(search -i -a "$serial")
	syscall=$(grep "^type=SYSCALL .*:$serial): " <<<"$event") || problems+=("no SYSCALL record of serial $serial")
	[[ $syscall == *" success=no exit=-1 "* ]] || problems+=("the SYSCALL record does not say 'success=no exit=-1'")
	[[ $syscall == *" pid=$pid "* ]] || problems+=("the SYSCALL record is not of process $pid")
}

inode() { stat -Lc %i "$1"; }

# A server ends when its first client has come and gone.
companion=:
first_client() { until (: </dev/tcp/127.0.0.1/8080) 2>/dev/null; do sleep 0.05; done; }

# Call `denial TITLE` with the arguments of examine for each denial of the policy.
each_denial() {
	denial "Executing a file from /tmp" exec_from_tmp sh 126 \
		"cause=\"no-exec-from-tmp\" path=\"$stage/tool\" dev=\"tmpfs\" ino=$(inode $stage/tool)" \
		sh -c "exec $stage/tool"

	denial "Connecting to the cloud's metadata service, IPv4" connect_metadata bash 1 \
		'cause="no-cloud-metadata" daddr=169.254.169.254 dest=80' \
		bash -c ': </dev/tcp/169.254.169.254/80'
	denial "Connecting to the cloud's metadata service, IPv6" connect_metadata bash 1 \
		'cause="no-cloud-metadata" daddr=fd00:ec2::254 dest=80' \
		bash -c ': </dev/tcp/fd00:ec2::254/80'
	denial "Connecting to the cloud's metadata service, IPv4 in IPv6" connect_metadata bash 1 \
		'cause="no-cloud-metadata" daddr=::ffff:169.254.169.254 dest=80' \
		bash -c ': </dev/tcp/::ffff:169.254.169.254/80'

	companion=first_client
	denial "Waiting for connections" listen nc 1 \
		'cause="no-server" laddr=127.0.0.1 lport=8080' \
		nc -lN 127.0.0.1 8080
	companion=:

	denial "Killing a protected process" kill_protected kill 1 \
		"cause=\"protected-process\" opid=$victim ocomm=\"sleep\"" \
		kill "$victim"

	# The kernel ends this record with a space, which auditd takes away.
	denial "Setting the clock" use_capability date 1 \
		'cause="machine-wide-capability" capability=25' \
		date -s now

	# shellcheck disable=SC2016
	denial "Typing into a terminal" type_into_tty perl 1 \
		"cause=\"no-tty-injection\" path=\"/dev/ptmx\" dev=\"devtmpfs\" ino=$(inode /dev/ptmx) ioctlcmd=0x5412" \
		perl -e 'open $tty, "/dev/ptmx"; $key = "x"; ioctl $tty, 0x5412, $key or die "TIOCSTI: $!\n"'

	denial "Making a sealed file writable" unseal chmod 1 \
		"cause=\"no-unsealing\" path=\"$stage/sealed\" dev=\"tmpfs\" ino=$(inode $stage/sealed)" \
		chmod u+w "$stage/sealed"
	chmod u-w "$stage/sealed"
	denial "Deleting a sealed file" unlink_sealed rm 1 \
		"cause=\"sealed-file\" name=\"sealed\" dev=\"tmpfs\" ino=$(inode $stage/sealed)" \
		rm -f "$stage/sealed"

	denial "Making a device node" make_device mknod 1 \
		"cause=\"no-device-nodes\" name=\"stage\" dev=\"tmpfs\" ino=$(inode $stage)" \
		mknod "$stage/kmsg" c 1 11
}
