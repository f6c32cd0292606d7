#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile what makes hooks run: build/exercise/provoke, and those of the kernel's
# selftests that need little, in build/exercise/selftests/. What doesn't compile is
# left out and named.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lib.sh"
cd "$repo"
out=$build/exercise
tests=(acct capabilities clone3 core coredump exec fchmodat2 filelock filesystems filesystems/binderfs
	filesystems/epoll filesystems/eventfd filesystems/fat filesystems/fuse filesystems/mount-notify
	filesystems/nsfs filesystems/overlayfs filesystems/statmount filesystems/xattr ipc kcmp landlock lsm memfd
	mount mount_setattr move_mount_set_group mqueue namespaces net/af_unix pid_namespace pidfd prctl proc
	ptrace rlimits seccomp signal splice timens timers tmpfs tty user_events)
# Those of net/ that set up what they need by themselves: most others are for scripts with
# interfaces and namespaces. There are no selftests of keys or of quota: provoke.py has some.
net=(bind_timewait bind_wildcard getsockopt_iter icmp_rfc4884 ipv6_flowlabel_mgr ipv6_fragmentation
	reuseaddr_conflict reuseport_bpf reuseport_bpf_cpu reuseport_dualstack sk_bind_sendto_listen
	sk_connect_zero_addr sk_so_peek_off so_incoming_cpu so_netns_cookie socket tap tcp_fastopen_backup_key
	tcp_port_share tls udp_splice_checksum)

make_dirs "$out/selftests" "$log"
lock "$build" exercise
: >"$log/exercise-build.log"
gcc -O2 -Wall -Werror -o "$out/provoke" lab/test/exercise/provoke.c
# The state of the source that the tests are of, and which they are.
source=$(cat "$build/linux.id" "$build/linux.version" "$lab/test/exercise/build.sh" 2>/dev/null | sha1sum)
[ "$(cat "$out/.source" 2>/dev/null)" != "$source" ] || exit 0

say "exercise: building the kernel's selftests (log in $log/exercise-build.log)"
# Their Makefiles write into the source.
rsync -a --delete --exclude /tools/testing/selftests/bpf --exclude '*.o' "$build/linux/tools" "$out/source/"
for entry in "$build/linux"/*; do
	[ "${entry##*/}" = tools ] || ln -sfn "$entry" "$out/source/${entry##*/}"
done
make -s -C "$build/linux" O="$out/headers" headers_install INSTALL_HDR_PATH="$out/usr" >>"$log/exercise-build.log" 2>&1 ||
	die "the kernel's headers can't be installed: see $log/exercise-build.log."
failed=()
compile() { # FOLDER [PROGRAM...]
	local name=$1
	shift
	[ -d "$out/source/tools/testing/selftests/$name" ] || return 0
	make_dirs "$out/selftests/$name"
	make -k -j "$(parallel)" -C "$out/source/tools/testing/selftests/$name" OUTPUT="$out/selftests/$name" \
		KHDR_INCLUDES="-isystem $out/usr/include" top_srcdir="$out/source" "${@/#/$out/selftests/$name/}" \
		>>"$log/exercise-build.log" 2>&1 || failed+=("$name")
}
for name in "${tests[@]}"; do
	compile "$name"
done
compile net "${net[@]}"
[ ${#failed[@]} = 0 ] || say "exercise: not all of these compile, which is fine: ${failed[*]}"
echo "$source" >"$out/.source"
