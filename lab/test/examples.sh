# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
#
# Provoke the policies of lab/examples in the scene of the demonstration, each
# loaded by the commands at its top, with CAP_SYS_BOOT and without. What is denied, and
# what isn't, is to be as it says; the records since it was loaded are to be those of the
# denials, in this order, by their whole text, and none without the capability.
#
# Each function is also the list of the ways around its policy that were tried: those
# that are left are allowed here, or can't be tried, and are at the example's top.

examples=build/examples	# their objects and the loader
without=()	# how the loader is run that may not make records
name_loader() { [ ${#without[@]} = 0 ] || echo " without CAP_SYS_BOOT"; }

# commands NAME: at the top of an example, run in the folder of its object.
commands() {
	sed -n '/^ \*\//q; s/^ \*\t//p' "lab/examples/$1.bpf.c" >"$state/commands"
	(cd "$examples" && "${without[@]}" bash -euo pipefail "$state/commands") >"$state/bpftool.out" 2>&1
}

# load_example NAME
load_example() {
	pins=/sys/fs/bpf/$1 problems=() expected=()
	commands "$1" || {
		tail -n 20 "$state/bpftool.out" >&2
		die "the commands at the top of lab/examples/$1.bpf.c fail."
	}
	read_ids
}

# expect PROGRAM COMM FIELDS: a record of the command that was just run.
expect() { [ ${#without[@]} != 0 ] || expected+=("prog-id=$(program_id "$1") pid=$pid comm=\"$2\" $3"); }

# deny PROGRAM COMM FIELDS COMMAND...
deny() {
	run_confined "${@:4}"
	[[ $status != 0 && $output == *"Operation not permitted"* ]] ||
		problems+=("$4 ends with $status, and should not be permitted: ${*:4}: ${output//$'\n'/ }")
	expect "${@:1:3}"
}

# allow COMMAND...
allow() {
	run_confined "$@"
	[ "$status" = 0 ] || problems+=("$1 ends with $status: $*: ${output//$'\n'/ }")
}

allow_unconfined() {
	run_unconfined "$@"
	[ "$unconfined_status" = 0 ] || problems+=("unconfined, $1 ends with $unconfined_status: ${unconfined_output//$'\n'/ }")
}

# judge OUTCOME [OF]: the records, and that the system call of each ended so. Overlayfs
# numbers its files anew each time.
judge() {
	local difference
	new_records
	difference=$(diff <(printf '%s\n' "${expected[@]}") \
		<(printf '%s\n' "${records[@]#*): }" | sed 's/\(dev="overlay" ino=\)[0-9]*$/\1N/')) ||
		problems+=("the records are not as expected: $(tr '\n' '|' <<<"$difference")")
	for record in "${records[@]}"; do
		[[ $record =~ :([0-9]+)"): ".*( pid=[0-9]+ ) ]]
		grep -q "^type=SYSCALL .*:${BASH_REMATCH[1]}): .* $1 .*${BASH_REMATCH[2]}" "$audit_log" ||
			problems+=("no SYSCALL record says '$1' of: $record")
	done
	check "example: ${pins##*/}${2:-}$(name_loader), ${#records[@]} records" "${problems[@]}"
}

# other_structures FOLDER: programs in it that don't take theirs from the kernel's
# vmlinux.h, by the lines "NAME [CAUSE]" of standard input, deny, and report with CAUSE.
other_structures() {
	local name cause
	pins=/sys/fs/bpf/header
	while read -r name cause; do
		problems=() expected=()
		"$examples/load" "$1/$name.bpf.o" "$pins" >"$state/bpftool.out" 2>&1 ||
			problems+=("$(tail -n 5 "$state/bpftool.out" | tr '\n' '|')")
		read_ids
		run_confined perl -e 'open F, "/bin/sh"; ioctl F, 0x0b5f, 0 or die "$!\n"'
		[ "$output" = "Operation not permitted" ] || problems+=("it isn't denied: $output")
		[ -z "$cause" ] || expected=("prog-id=$(program_id "$name") pid=$pid comm=\"perl\" cause=\"$cause\" path=\"/usr/bin/dash\"")
		new_records
		[ "$(printf '%s\n' "${records[@]#*): }" | sed 's/ dev=.*//')" = "$(printf '%s\n' "${expected[@]}")" ] ||
			problems+=("records: ${records[*]}")
		check "bpf_audit.h: $name" "${problems[@]}"
		[ ! -d "$pins" ] || rm -r "$pins"
		# A kworker unloads it, and until then it denies.
		wait_for "$name to be unloaded" no_program "$(program_id "$name")"
	done
}

# tmpfile FOLDER NUMBER: the path of a file on a tmpfs that has no name.
tmpfile() { printf %s "$1/#$2 (deleted)" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; }
# A tmpfs counts its files: next_inode LAST.
next_inode() { echo $(($(inode "$1") + 1)); }

# Files are opened by their number, with the name in no cache.
by_handle=(python3 -c 'if True:
	import ctypes, os, sys
	libc, handle, mount = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(136), ctypes.c_int()
	handle[0] = 128
	libc.name_to_handle_at(-100, sys.argv[1].encode(), handle, ctypes.byref(mount), 0)
	os.sync()
	for _ in range(3): open("/proc/sys/vm/drop_caches", "w").write("2")
	folder = os.open("/srv", os.O_RDONLY)
	if libc.open_by_handle_at(folder, handle, os.O_WRONLY) < 0: sys.exit(os.strerror(ctypes.get_errno()))
')

read_only() {
	local cause='cause="read-only-path" rule-id=1' file=/srv/data/file identity number
	mount -t tmpfs tmpfs /srv
	mkdir /srv/data
	touch "$file" /srv/outside
	identity="dev=\"tmpfs\" ino=$(inode $file)"
	number=$(next_inode /srv/outside)
	load_example read_only
	deny file_open sh "$cause path=\"$file\" $identity" sh -c "echo >$file"
	deny inode_setattr perl "$cause name=\"file\" $identity" \
		perl -MFcntl -e 'sysopen F, $ARGV[0], O_RDONLY | O_TRUNC or die "$!\n"' "$file"
	deny inode_mkdir mkdir "$cause name=\"new\"" mkdir /srv/data/new
	deny inode_create touch "$cause name=\"new\"" touch /srv/data/new
	deny inode_symlink ln "$cause name=\"new\"" ln -s file /srv/data/new
	deny inode_mknod perl "$cause name=\"new\"" \
		perl -MSocket=:all -e 'socket S, AF_UNIX, SOCK_STREAM, 0; bind S, pack_sockaddr_un($ARGV[0]) or die "$!\n"' /srv/data/new
	deny file_open perl "$cause path=$(tmpfile /srv/data "$number") dev=\"tmpfs\" ino=$number" \
		perl -MFcntl -e 'sysopen F, $ARGV[0], O_RDWR | 020200000 or die "$!\n"' /srv/data
	deny inode_setattr chmod "$cause name=\"file\" $identity" chmod a+x "$file"
	deny inode_setattr perl "$cause name=\"file\" $identity" perl -e 'utime 1, 1, $ARGV[0] or die "$!\n"' "$file"
	deny inode_setxattr setfattr "$cause name=\"file\" $identity" setfattr -n user.x -v y "$file"
	deny file_ioctl chattr "$cause path=\"$file\" $identity" chattr +d "$file"
	deny inode_file_setattr perl "$cause name=\"file\" $identity" \
		perl -e '$none = pack("x24"); syscall(469, -100, $ARGV[0], $none, 24, 0) != -1 or die "$!\n"' "$file"
	deny inode_unlink rm "$cause name=\"file\" $identity" rm "$file"
	deny inode_link ln "$cause name=\"file\" $identity" ln "$file" /srv/file
	deny inode_link ln "$cause name=\"new\"" ln /srv/outside /srv/data/new
	deny inode_rename mv "$cause name=\"file\" $identity" mv "$file" /srv/file
	deny inode_rename mv "$cause name=\"outside\"" mv /srv/outside /srv/data
	allow sh -c "cat $file && lsattr $file && echo >/srv/other && mv /srv/other /srv/renamed"
	allow_unconfined sh -c "echo >$file && mkdir /srv/data/new && chmod a+x $file && mv $file /srv/file"
	judge "success=no exit=-1"
	umount /srv
}
# Where stat() tells another device than the kernel's, and a file can be opened that has
# no name, and a folder changed by an ioctl().
read_only_on_btrfs() {
	local cause='cause="read-only-path" rule-id=1' file=/srv/data/file identity
	truncate -s 120M "$memory/image"
	mkfs.btrfs "$memory/image" >/dev/null
	mount -o loop "$memory/image" /srv
	mkdir /srv/data
	touch "$file"
	identity="dev=\"loop0\" ino=$(inode "$file")"
	# Of the same number in another subvolume, and in a snapshot.
	btrfs subvolume create /srv/other >/dev/null
	mkdir /srv/other/{same,free}
	btrfs subvolume create /srv/data/inner >/dev/null
	[ "$(inode /srv/other/same)" = "$(inode /srv/data)" ] || die "btrfs numbers its folders otherwise"
	btrfs subvolume snapshot /srv /srv/snapshot >/dev/null
	load_example read_only
	echo 3 >/proc/sys/vm/drop_caches
	deny file_open perl "$cause path=\"$file\" $identity" perl -MFcntl -e 'sysopen F, $ARGV[0], O_WRONLY or die "$!\n"' "$file"
	deny file_ioctl btrfs "$cause path=\"/srv/data\" dev=\"loop0\" ino=$(inode /srv/data)" \
		btrfs subvolume create /srv/data/new
	# By its number, and another folder.
	deny file_ioctl btrfs "${cause%1}0 path=\"/srv\" dev=\"loop0\" ino=$(inode /srv)" \
		btrfs subvolume delete --subvolid "$(btrfs inspect-internal rootid /srv/data/inner)" /srv
	deny file_open python3 "${cause%1}0 path=\"/\" $identity" "${by_handle[@]}" "$file"
	deny inode_create touch "$cause name=\"new\"" touch /srv/other/same/new
	deny file_open perl "$cause path=\"/srv/snapshot/data/file\" $identity" \
		perl -MFcntl -e 'sysopen F, $ARGV[0], O_WRONLY or die "$!\n"' /srv/snapshot/data/file
	allow sh -c "cat $file && echo >/srv/new && echo >/srv/other/free/new"
	allow_unconfined sh -c "echo >$file"
	judge "success=no exit=-1" " on btrfs"
	rm -r "$pins"
	umount /srv
	rm "$memory/image"
}

# Where a folder's number may change, it says so: read_only_refuses NAME, on /srv.
read_only_refuses() {
	mkdir /srv/data
	problems=()
	! commands read_only || problems+=("it takes it")
	[ "$(<"$state/bpftool.out")" = "read_only: the file system of /srv/data may number a folder anew." ] ||
		problems+=("it says: $(<"$state/bpftool.out")")
	check "example: read_only refuses $1" "${problems[@]}"
	umount /srv
}

read_only_elsewhere() {
	local layer
	read_only_on_btrfs

	truncate -s 10M "$memory/image"
	mkfs.vfat "$memory/image" >/dev/null
	mount -o loop "$memory/image" /srv
	read_only_refuses FAT
	rm "$memory/image"

	for layer in lower upper; do
		mkdir "$memory/$layer"
		mount -t tmpfs tmpfs "$memory/$layer"
	done
	mkdir "$memory/upper/"{files,work}
	mount -t overlay -o "lowerdir=$memory/lower,upperdir=$memory/upper/files,workdir=$memory/upper/work" overlay /srv
	read_only_refuses overlayfs
	for layer in lower upper; do
		umount "$memory/$layer"
		rmdir "$memory/$layer"
	done
}

# A datagram to port 53, of socket DOMAIN, to an ADDRESS that says it is of FAMILY.
send=(perl -MSocket=:all -e '
	($domain, $family, $address) = @ARGV;
	$to = $family == AF_INET6 ? pack_sockaddr_in6(53, inet_pton(AF_INET6, $address))
				  : pack("S n a4 x8", $family, 53, inet_aton($address));
	socket $socket, $domain, SOCK_DGRAM, 0;
	defined send $socket, "x", 0, $to or die "$!\n"')
AF_UNSPEC=0 AF_INET=2 AF_INET6=10

# A way to a first hop, 8.8.8.8 and fd00::1, whatever the destination is.
route4='pack("C3 C4 C", 0x83, 7, 4, 8, 8, 8, 8, 0)'
route6='pack("C8 n x12 n", 0, 2, 4, 0, 0, 0, 0, 0, 0xfd00, 1)'

egress() {
	local cause='cause="egress-not-allowed"' socket='cause="egress-socket"' route='cause="egress-source-route"' program kind
	load_example egress
	deny connect bash "$cause daddr=169.254.169.254 dest=80" bash -c ': </dev/tcp/169.254.169.254/80'
	deny connect bash "$cause daddr=fd00:ec2::254 dest=80" bash -c ': </dev/tcp/fd00:ec2::254/80'
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=53" "${send[@]}" $AF_INET $AF_INET 169.254.169.254
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=53" "${send[@]}" $AF_INET $AF_UNSPEC 169.254.169.254
	# An IPv6 socket ignores it, but may be one of IPv4 by then (IPV6_ADDRFORM).
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=53" "${send[@]}" $AF_INET6 $AF_UNSPEC 169.254.169.254
	deny sendmsg perl "$cause daddr=fd00:ec2::254 dest=53" "${send[@]}" $AF_INET6 $AF_INET6 fd00:ec2::254
	# TCP's data may come with the connection (MSG_FASTOPEN).
	deny sendmsg perl "$cause daddr=169.254.169.254 dest=80" perl -MSocket=:all -e '
		socket S, AF_INET, SOCK_STREAM, 0;
		defined send S, "x", 0x20000000, pack_sockaddr_in(80, inet_aton("169.254.169.254")) or die "$!\n"'
	# AF_PACKET, AF_XDP, raw IPv4 (whose header may be the program's) and IPv6, Multipath
	# TCP, SCTP, and what leads to the host of a virtual machine.
	for kind in "17 3 3" "44 3 0" "2 3 255" "10 3 58" "2 1 262" "2 1 132" "40 1 0"; do
		# shellcheck disable=SC2086
		deny create perl "$socket" perl -e 'socket S, $ARGV[0], $ARGV[1], $ARGV[2] or die "$!\n"' $kind
	done
	deny setsockopt perl "$route" perl -MSocket=:all -e "socket S, AF_INET, SOCK_DGRAM, 0; setsockopt S, 0, 4, $route4 or die \"\$!\\n\""
	deny setsockopt perl "$route" perl -MSocket=:all -e "socket S, AF_INET6, SOCK_DGRAM, 0; setsockopt S, 41, 57, $route6 or die \"\$!\\n\""
	deny sendmsg python3 "$route" python3 -c 'if True:
		import socket
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.sendmsg([b"x"], [(0, 2, bytes([9, 0, 0, 0])), (0, 7, bytes([0x83, 7, 4, 8, 8, 8, 8, 0]))], 0, ("127.0.0.1", 53))'
	allow "${send[@]}" $AF_INET $AF_INET 127.0.0.1
	allow python3 -c 'if True:
		import socket
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.sendmsg([b"x"], [(0, 2, bytes([9, 0, 0, 0]))], 0, ("127.0.0.1", 53))
		here, there = socket.socketpair()
		here.sendmsg([b"x"])
		socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)'
	allow_unconfined bash -c ': </dev/tcp/169.254.169.254/80'
	judge "success=no exit=-1"
	for program in create connect sendmsg setsockopt; do
		bpftool cgroup detach "$confined" lsm_cgroup pinned "$pins/$program"
	done
}

no_setuid() {
	local cause='cause="no-new-setuid"' tool dormant number other=$memory/other
	local create='use Fcntl; sysopen F, $ARGV[0], O_WRONLY | oct $ARGV[1], oct $ARGV[2] or die "$!\n"'
	mkdir "$other"
	mount -t tmpfs tmpfs "$other"
	mkdir "$stage/"{upper,work,merged}
	mount -t overlay -o "lowerdir=$other,upperdir=$stage/upper,workdir=$stage/work" overlay "$stage/merged"
	touch "$stage/dormant" "$stage/old" "$other/old"
	chmod 2644 "$stage/dormant"
	chmod 4755 "$stage/old" "$other/old"
	tool="name=\"tool\" dev=\"tmpfs\" ino=$(inode "$stage/tool")"
	dormant="name=\"dormant\" dev=\"tmpfs\" ino=$(inode "$stage/dormant")"
	load_example no_setuid
	deny inode_setattr chmod "$cause $tool" chmod u+s "$stage/tool"
	deny inode_setattr chmod "$cause $tool" chmod 2644 "$stage/tool"
	deny inode_setattr chmod "$cause $dormant" chmod g+x "$stage/dormant"
	deny inode_set_acl setfacl "$cause $dormant" setfacl -m g:0:x,m::x "$stage/dormant"
	deny inode_setxattr setcap "$cause $tool" setcap cap_net_raw+ep "$stage/tool"
	deny inode_create perl "$cause name=\"new\"" perl -e "$create" "$stage/new" 0100 04755
	deny inode_create perl "$cause name=\"new\"" perl -e "$create" "$stage/new" 0100 02644
	deny inode_create perl "$cause name=\"new\"" perl -e 'syscall(133, $ARGV[0], 0104755, 0) != -1 or die "$!\n"' "$stage/new"
	touch "$stage/last"
	number=$(next_inode "$stage/last")
	deny file_open perl "$cause path=$(tmpfile "$stage" "$number") dev=\"tmpfs\" ino=$number" \
		perl -e "$create" "$stage" 020200000 04755
	number=$((number + 1))
	deny inode_setattr perl "$cause name=\"#$number\" dev=\"tmpfs\" ino=$number" \
		perl -e "$create; chmod 04755, \\*F or die \"\$!\\n\"" "$stage" 020200000 0755
	# Overlayfs makes its copy with them, without a name.
	number=$((number + 1))
	deny file_open perl "$cause path=$(printf '/ (deleted)' | od -An -v -tx1 | tr -d ' ' | tr a-f A-F) dev=\"tmpfs\" ino=$number" \
		perl -e "$create" "$stage/merged/old" 0 0
	# A copy from another file system gets no bits; it has been made when they are denied.
	number=$((number + 1))
	deny inode_setattr cp "$cause name=\"copy\" dev=\"tmpfs\" ino=$number" cp --preserve=mode "$other/old" "$stage/copy"
	# Another name, or another folder, is no new file, and neither is a mount.
	allow ln "$stage/old" "$stage/linked"
	allow mv "$stage/old" "$stage/moved"
	allow mount --bind "$other" "$other"
	allow chmod 1711 "$stage/tool"
	allow chmod 2750 "$stage"
	allow setfacl -m g:0:x,m::x "$stage/tool"
	allow chmod u-s,g+x "$stage/moved"
	judge "success=no exit=-1"
	umount "$stage/merged" "$other"{,}
	rmdir "$other"
	rm -r "$stage/"{dormant,moved,linked,copy,upper,work,merged}
}

modules() {
	local cause='cause="module-not-on-root"' identity on_root
	identity="dev=\"tmpfs\" ino=$(inode "$stage/tool")"
	mkdir "$stage/"{upper,work,merged}
	on_root=$(find / -xdev -type f -size +0 -size -64k -print -quit)
	load_example modules
	deny read_module insmod "$cause path=\"$stage/tool\" $identity" insmod "$stage/tool"
	# Roots, mounts and layers that the caller makes.
	deny read_module perl "$cause path=\"/tool\" $identity" perl -e 'chroot $ARGV[0]; open F, "/tool"; $none = "";
		syscall(313, fileno F, $none, 0) != -1 or die "$!\n"' "$stage"
	deny read_module insmod "$cause path=\"/etc/hostname\" $identity" \
		unshare -m sh -c "mount --bind $stage/tool /etc/hostname && exec insmod /etc/hostname"
	deny read_module insmod "$cause path=\"$stage/merged/${on_root##*/}\" dev=\"overlay\" ino=N" \
		unshare -m sh -c 'cd "$0" && mount -t overlay -o "lowerdir=${1%/*}/,upperdir=upper,workdir=work" overlay merged &&
			exec insmod "$0/merged/${1##*/}"' "$stage" "$on_root"
	# As a compressed one: MODULE_INIT_COMPRESSED_FILE
	deny read_module perl "$cause path=\"$stage/tool\" $identity" \
		perl -e 'open F, $ARGV[0]; $none = ""; syscall(313, fileno F, $none, 4) != -1 or die "$!\n"' "$stage/tool"
	deny load_module perl 'cause="module-from-memory"' \
		perl -e '$module = "x" x 64; $none = ""; syscall 175, $module, 64, $none and die "$!\n"'
	# All that the kernel has to say of some file is that it isn't a module.
	allow sh -c 'insmod "$0" 2>&1 | grep "Invalid module format"' "$on_root"
	judge "success=no exit=-1"
	rm -r "$stage/"{upper,work,merged}
}

watch() {
	local first second open='for (@ARGV) { open $memory, "<", "/proc/$_/mem" or die "$!\n" }'
	start_victim
	first=$victim
	start_victim
	second=$victim
	load_example watch
	allow perl -e "$open" "$first" "$first" "$first" "$first" "$first"
	for _ in 1st 2nd 4th; do
		expect ptrace perl "cause=\"ptrace\" opid=$first ocomm=\"sleep\""
	done
	# The third of a task is the first of another one.
	allow perl -e "$open" "$first" "$first" "$second"
	for _ in 1st 2nd; do
		expect ptrace perl "cause=\"ptrace\" opid=$first ocomm=\"sleep\""
	done
	expect ptrace perl "cause=\"ptrace\" opid=$second ocomm=\"sleep\""
	# Nor is it of another program of the same process.
	allow perl -e "$open; exec 'perl', '-e', 'open \$memory, q(<), qq(/proc/\$ARGV[0]/mem) or die', \$ARGV[0]" \
		"$second" "$second" "$second" "$second"
	for _ in 1st 2nd 4th 1st; do
		expect ptrace perl "cause=\"ptrace\" opid=$second ocomm=\"sleep\""
	done
	# pidfd_getfd(), PTRACE_SEIZE
	allow perl -e '$fd = syscall 434, $ARGV[0] + 0, 0; syscall(438, $fd, 0, 0) != -1 or die "$!\n"' "$second"
	expect ptrace perl "cause=\"ptrace\" opid=$second ocomm=\"sleep\""
	allow perl -e 'syscall(101, 0x4206, $ARGV[0] + 0, 0, 0) != -1 or die "$!\n"' "$second"
	expect ptrace perl "cause=\"ptrace\" opid=$second ocomm=\"sleep\""
	# PTRACE_TRACEME
	allow perl -e 'print getppid; syscall(101, 0, 0, 0, 0) != -1 or die "$!\n"'
	expect traceme perl "cause=\"ptrace-traceme\" opid=$output ocomm=\"timeout\""
	allow cat "/proc/$second/maps"
	judge "success=yes"
	in_turn "$second"
}

# Two processes that take hold of the same one in turn don't flood the log.
in_turn() { # PID
	local loop='for (1..300) { open $memory, "<", "/proc/$ARGV[0]/mem" or die "$!\n" }' started=$SECONDS loops=()
	for _ in 1 2; do
		perl -e "$loop" "$1" & loops+=($!)
	done
	wait "${loops[@]}"
	new_records
	# Its seconds and ours begin at other times.
	holds "example: watch, in turn$(name_loader)" "${#records[@]} records in $((SECONDS - started)) s" \
		test "${#records[@]}" -le $((8 * (SECONDS - started + 2)))
}

examples() {
	local name
	for name in read_only egress no_setuid modules watch; do
		without=()
		"$name"
		rm -r "$pins"
		without=(setpriv --bounding-set -sys_boot)
		"$name"
		rm -r "$pins"
	done
	without=()
	read_only_elsewhere
}
