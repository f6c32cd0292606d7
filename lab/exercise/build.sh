#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile what makes hooks run: build/exercise/provoke, and those of the kernel's
# selftests that need little, in build/exercise/selftests/. What doesn't compile is
# left out and named.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
out=$build/exercise
tests=(acct capabilities clone3 core coredump exec fchmodat2 filelock filesystems filesystems/binderfs
	filesystems/epoll filesystems/eventfd filesystems/fat filesystems/fuse filesystems/mount-notify
	filesystems/nsfs filesystems/overlayfs filesystems/statmount filesystems/xattr ipc kcmp landlock lsm memfd
	mount mount_setattr move_mount_set_group mqueue namespaces net/af_unix pid_namespace pidfd prctl proc
	ptrace rlimits seccomp signal splice timens timers tmpfs tty user_events)

make_dirs "$out/selftests" "$log"
lock "$build" exercise
: >"$log/exercise-build.log"
gcc -O2 -Wall -Werror -o "$out/provoke" lab/exercise/provoke.c
# The state of the source that the tests are of.
source=$(cat "$build/linux.id" "$build/linux.version" 2>/dev/null | sha1sum)
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
for name in "${tests[@]}"; do
	[ -d "$out/source/tools/testing/selftests/$name" ] || continue
	make_dirs "$out/selftests/$name"
	make -k -j "${JOBS:-$(nproc)}" -C "$out/source/tools/testing/selftests/$name" OUTPUT="$out/selftests/$name" \
		KHDR_INCLUDES="-isystem $out/usr/include" top_srcdir="$out/source" >>"$log/exercise-build.log" 2>&1 || failed+=("$name")
done
[ ${#failed[@]} = 0 ] || say "exercise: not all of these compile, which is fine: ${failed[*]}"
echo "$source" >"$out/.source"
