#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run a command in the tool root, in the same folder and with the repository,
# the cache and LINUX= at their own paths. Its mounts and processes are its own
# and end with it, however it ends. TOOLROOT=host runs it on this machine.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

[ $# -gt 0 ] || die "say which command to run in the tool root: lab/machine/run.sh COMMAND [ARGUMENT...]"

# A known environment: what make and the caller's shell export stays outside.
vars=(LAB_INSIDE=yes "PATH=/usr/sbin:/usr/bin:/sbin:/bin" "HOME=/root" "LC_ALL=$LC_ALL" "CACHE=$cache")
for name in TERM LINUX SOURCE_VERSION JOBS KERNEL_DIR BOOT_TIMEOUT TOOLROOT MIRROR \
	SUBMITTER VERSION PREFIX BASE SINCE ALSO http_proxy https_proxy no_proxy; do
	[ -z "${!name:-}" ] || vars+=("$name=${!name}")
done

if [ -n "$host" ]; then
	exec env -i "${vars[@]}" "PATH=$PATH" "HOME=${HOME:-/root}" "$@"
fi
[ -z "${LAB_INSIDE:-}" ] || exec "$@"
# bindgen 0.71 makes empty structures of what libclang 22 tells it.
vars+=("LIBCLANG_PATH=/usr/lib/llvm-19/lib")

root=$build/toolroot
[ -e "$root/.key" ] || die "there is no tool root yet: run 'make toolroot'."
become_root "$@"

make_dirs "$cache/apt/partial"
binds=("$repo" "$cache")
for dir in "${LINUX:-}" "${KERNEL_DIR:-}"; do
	[ ! -d "$dir" ] || binds+=("$(realpath "$dir")")
done
[ ! -L "$build" ] || binds+=("$(realpath "$build")")
# A git worktree keeps its history elsewhere.
for dir in "${binds[@]}"; do
	[ -f "$dir/.git" ] || continue
	dir=$(sed -n 's|^gitdir: \(/.*\)/worktrees/.*|\1|p' "$dir/.git")
	[ ! -d "$dir" ] || binds+=("$dir")
done

# The inner shell is process 1 of its namespace: it stays, so that signals are
# handled, and everything below it ends when it does.
# shellcheck disable=SC2016
exec setpriv --pdeathsig KILL \
	unshare --mount --propagation private --pid --fork --kill-child \
	bash -euc '
		root=$1 cwd=$2 cache=$3 count=$4; shift 4
		trap "exit 130" INT TERM
		mount -t tmpfs -o mode=1777 tmp "$root/tmp"
		for dir in "${@:1:count}"; do
			mkdir -p "$root$dir"
			mount --rbind "$dir" "$root$dir"
		done
		shift "$count"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --rbind /sys "$root/sys"
		mount --bind "$cache/apt" "$root/var/cache/apt/archives"
		touch "$root/etc/resolv.conf"
		# The way out and whom to trust there are those of this machine.
		for file in /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do
			[ -e "$file" ] || continue
			mount --bind "$file" "$root$file"
			# In a user namespace it may be locked otherwise; it is not ours to write to, either.
			mount -o remount,bind,ro "$root$file" 2>/dev/null || [ ! -w "$file" ]
		done
		chroot "$root" bash -c "cd \"\$1\" && shift && exec \"\$@\"" - "$cwd" "$@"
	' lab "$root" "$([[ $PWD/ == "$repo"/* ]] && echo "$PWD" || echo "$repo")" "$cache" \
	"${#binds[@]}" "${binds[@]}" env -i "${vars[@]}" "$@"
