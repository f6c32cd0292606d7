# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
#
# Provoke the policies of lab/examples in the scene of the demonstration, each
# loaded by the commands at its top. What is denied, and what isn't, is to be as
# it says, and the records since it was loaded are to be those of the denials,
# in this order, by their whole text.

# load_example NAME
load_example() {
	pins=/sys/fs/bpf/$1 problems=() expected=()
	sed -n '/^ \*\//q; s/^ \*\t//p' "lab/examples/$1.bpf.c" >"$state/commands"
	(cd build/examples && bash -euo pipefail "$state/commands") >"$state/bpftool.out" 2>&1 || {
		tail -n 20 "$state/bpftool.out" >&2
		die "the commands at the top of lab/examples/$1.bpf.c fail."
	}
	read_ids
}

# expect PROGRAM COMM FIELDS: a record of the command that was just run.
expect() { expected+=("prog-id=$(program_id "$1") pid=$pid comm=\"$2\" $3"); }

# deny PROGRAM COMM FIELDS COMMAND...
deny() {
	run_confined "${@:4}"
	[[ $status != 0 && $output == *"Operation not permitted"* ]] ||
		problems+=("$4 ends with $status, and should not be permitted: ${output//$'\n'/ }")
	expect "${@:1:3}"
}

# allow COMMAND...
allow() {
	run_confined "$@"
	[ "$status" = 0 ] || problems+=("$1 ends with $status: ${output//$'\n'/ }")
}

allow_unconfined() {
	run_unconfined "$@"
	[ "$unconfined_status" = 0 ] || problems+=("unconfined, $1 ends with $unconfined_status: ${unconfined_output//$'\n'/ }")
}

# judge OUTCOME: the records, and that the system call of each ended so.
judge() {
	local difference
	new_records
	difference=$(diff <(printf '%s\n' "${expected[@]}") <(printf '%s\n' "${records[@]#*): }")) ||
		problems+=("the records are not as expected: $(tr '\n' '|' <<<"$difference")")
	for record in "${records[@]}"; do
		[[ $record =~ :([0-9]+)"): ".*( pid=[0-9]+ ) ]]
		grep -q "^type=SYSCALL .*:${BASH_REMATCH[1]}): .* $1 .*${BASH_REMATCH[2]}" "$audit_log" ||
			problems+=("no SYSCALL record says '$1' of: $record")
	done
	check "example: ${pins##*/}, ${#records[@]} records" "${problems[@]}"
}

read_only() {
	local cause='cause="read-only-path"' file=/srv/data/file identity
	mount -t tmpfs tmpfs /srv
	mkdir /srv/data
	touch "$file"
	identity="dev=\"tmpfs\" ino=$(inode $file)"
	load_example read_only
	deny file_open sh "$cause path=\"$file\" $identity" sh -c "echo >$file"
	deny inode_mkdir mkdir "$cause name=\"new\"" mkdir /srv/data/new
	deny inode_setattr chmod "$cause name=\"file\" $identity" chmod a+x "$file"
	deny inode_link ln "$cause name=\"file\" $identity" ln "$file" /srv/file
	deny inode_rename mv "$cause name=\"file\" $identity" mv "$file" /srv/file
	allow sh -c "cat $file && echo >/srv/other && mv /srv/other /srv/renamed"
	allow_unconfined sh -c "echo >$file && mkdir /srv/data/new && chmod a+x $file && mv $file /srv/file"
	judge "success=no exit=-1"
	umount /srv
}

# A datagram to port 53, of socket DOMAIN, to an ADDRESS that says it is of FAMILY.
send=(perl -MSocket=:all -e '
	($domain, $family, $address) = @ARGV;
	$to = $domain == AF_INET6 ? pack_sockaddr_in6(53, inet_pton(AF_INET6, $address))
				  : pack("S n a4 x8", $family, 53, inet_aton($address));
	socket $socket, $domain, SOCK_DGRAM, 0;
	defined send $socket, "x", 0, $to or die "$!\n"')
AF_UNSPEC=0 AF_INET=2 AF_INET6=10

egress() {
	local cause='cause="egress-not-allowed"' program
	load_example egress
	deny connect bash "$cause daddr=169.254.169.254 dest=80" bash -c ': </dev/tcp/169.254.169.254/80'
	deny connect bash "$cause daddr=fd00:ec2::254 dest=80" bash -c ': </dev/tcp/fd00:ec2::254/80'
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=53" "${send[@]}" $AF_INET $AF_INET 169.254.169.254
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=53" "${send[@]}" $AF_INET $AF_UNSPEC 169.254.169.254
	deny sendmsg perl "$cause daddr=fd00:ec2::254 dest=53" "${send[@]}" $AF_INET6 $AF_INET6 fd00:ec2::254
	allow "${send[@]}" $AF_INET $AF_INET 127.0.0.1
	allow_unconfined bash -c ': </dev/tcp/169.254.169.254/80'
	judge "success=no exit=-1"
	for program in connect sendmsg; do
		bpftool cgroup detach "$confined" lsm_cgroup pinned "$pins/$program"
	done
}

no_setuid() {
	local cause='cause="no-new-setuid"' tool number path
	local create='use Fcntl; sysopen F, $ARGV[0], O_WRONLY | oct $ARGV[1], 04755 or die "$!\n"'
	tool="name=\"tool\" dev=\"tmpfs\" ino=$(inode "$stage/tool")"
	load_example no_setuid
	deny inode_setattr chmod "$cause $tool" chmod u+s "$stage/tool"
	deny inode_setxattr setcap "$cause $tool" setcap cap_net_raw+ep "$stage/tool"
	deny inode_create perl "$cause name=\"new\"" perl -e "$create" "$stage/new" 0100
	# A tmpfs counts its files, and calls one that has no name by its number.
	touch "$stage/last"
	number=$(($(inode "$stage/last") + 1))
	path=$(printf %s "$stage/#$number (deleted)" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F)
	deny file_open perl "$cause path=$path dev=\"tmpfs\" ino=$number" perl -e "$create" "$stage" 020200000
	allow chmod 1711 "$stage/tool"
	allow chmod 2750 "$stage"
	judge "success=no exit=-1"
}

modules() {
	load_example modules
	deny read_module insmod "cause=\"module-not-on-root\" path=\"$stage/tool\" dev=\"tmpfs\" ino=$(inode "$stage/tool")" \
		insmod "$stage/tool"
	deny load_module perl 'cause="module-from-memory"' \
		perl -e '$module = "x" x 64; $none = ""; syscall 175, $module, 64, $none and die "$!\n"'
	# All that the kernel has to say of some file is that it isn't a module.
	allow sh -c 'insmod "$0" 2>&1 | grep "Invalid module format"' \
		"$(find / -xdev -type f -size +0 -size -64k -print -quit)"
	judge "success=no exit=-1"
}

watch() {
	start_victim
	load_example watch
	allow perl -e 'for (1..5) { open $memory, "<", "/proc/$ARGV[0]/mem" or die "$!\n" }' "$victim"
	for _ in 1st 2nd 4th; do
		expect ptrace perl "cause=\"ptrace\" opid=$victim ocomm=\"sleep\""
	done
	allow cat "/proc/$victim/maps"
	judge "success=yes"
}

examples() {
	local name
	for name in read_only egress no_setuid modules watch; do
		"$name"
		rm -r "$pins"
	done
}
