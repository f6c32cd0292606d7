#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Say where the instructions of an audit record go, function by function:
# lab/bench/profile.sh [-c] [-r RULE] [CASE [KERNEL]], where CASE is one of the benchmark's
# ("file", by default "start-end") and KERNEL a folder in build/ ("baseline", by
# default "kernel"). The guest is stepped through one record by QEMU's gdb stub, with
# -c through the whole system call of one. RULE is auditctl's: with a rule for the
# call, the kernel writes PATH and CWD, too, of a case that has a path to look up:
# lab/bench/profile.sh -c -r '-a always,exit -F arch=b64 -S fchmod' dentry

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"

span=() rule=()
while getopts cr: opt; do
	case $opt in
	c) span=(call) ;;
	r) rule=(bash -c "auditctl $OPTARG >/dev/null && exec \"\$@\"" "$0") ;;
	*) die "usage: lab/bench/profile.sh [-c] [-r RULE] [CASE [KERNEL]]" ;;
	esac
done
shift $((OPTIND - 1))
case=${1:-start-end} kernel=$build/${2:-kernel}
bench=$build/selftests/bench
[ -x "$bench" ] || die "there is no $bench: run 'make bench'."
[ -f "$kernel/vmlinux" ] || die "there is no kernel in $kernel: run 'make bench'."

make_dirs "$build/bench"
: >"$log/profile.log"
# As long a benchmark as it takes; it ends with this script.
socket=$(mktemp -u /tmp/profile.XXXXXX)
KERNEL_DIR=$kernel setsid "$lab/machine/boot.sh" -i -g "$socket" -a nokaslr -t 1200 -n profile \
	"${rule[@]}" stdbuf -oL "$bench" lsm-audit-cost --lsm-audit-case "$case" --lsm-audit-samples 1000000 >"$log/profile.log" 2>&1 &
guest=$!
trap 'kill -- -"$guest" 2>/dev/null || true' EXIT
# A breakpoint slows the guest down: let it boot first.
until grep -q "^Benchmark .* started" "$log/profile.log"; do
	sleep 1
	kill -0 "$guest" 2>/dev/null || die "the guest ended early: see $log/profile.log."
done
"$lab/bench/profile.py" "$kernel/vmlinux" "$socket" "${span[@]}" |
	tee "$build/bench/profile.$case.${kernel##*/}${span:+.call}${rule:+.rule}"
