#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot a kernel, run one command in it as root and return its exit code:
# lab/machine/boot.sh [-n NAME] [-t SECONDS] [-c CPUS] [-m MEMORY] [-a KERNEL-ARGUMENTS]
# [-d DISK] [-b] [-k KERNEL] [-r INITRD] [-i] [-g SOCKET] [-p PROCESSOR] [COMMAND...]
#
# The guest's files are the tool root's and this repository's, read-only or
# copied on write; only build/guest is shared for writing. The console goes to
# build/log/NAME.console and is searched for splats. KERNEL_DIR= names another
# kernel than build/kernel. Without a command: an interactive shell.
#
# With -d the guest has the image DISK as /dev/vda. With -b it is a machine of its
# own, which boots from there; what it writes to its second serial line is shown. -k
# starts that with the file KERNEL instead of what the disk's loader would start, with
# the KERNEL-ARGUMENTS, and with INITRD if it takes one.
#
# With -i the guest's clock counts instructions, one per ns, on one processor.
# With -g gdb can attach to the unix socket SOCKET. With -p another PROCESSOR is
# emulated than QEMU's, or virtme-ng's, choice.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"

name=boot limit=${BOOT_TIMEOUT:-600} cpus=2 memory=2G append='' qemu='' disk='' alone='' start='' initrd=''
while getopts n:t:c:m:a:d:bk:r:ig:p: opt; do
	case $opt in
	n) name=$OPTARG ;;
	t) limit=$OPTARG ;;
	c) cpus=$OPTARG ;;
	m) memory=$OPTARG ;;
	a) append+=" $OPTARG" ;;
	d) disk=$OPTARG ;;
	b) alone=yes ;;
	k) start=$OPTARG ;;
	r) initrd=$OPTARG ;;
	i) cpus=1 qemu+=" -accel tcg -icount shift=0,sleep=off" ;;
	g) qemu+=" -gdb unix:$OPTARG,server=on,wait=off" ;;
	p) qemu+=" -cpu $OPTARG" ;;
	*) die "usage: lab/machine/boot.sh [-n NAME] [-t SECONDS] [-c CPUS] [-m MEMORY] [-a KERNEL-ARGUMENTS] [-d DISK] [-b] [-k KERNEL] [-r INITRD] [-i] [-g SOCKET] [-p PROCESSOR] [COMMAND...]" ;;
	esac
done
shift $((OPTIND - 1))
[ -z "$alone" ] || [ -n "$disk" ] || die "a machine of its own (-b) boots from a disk: name its image with -d."

kernel=${KERNEL_DIR:-$build/kernel}
image=$(image_of "$kernel")
kind=$(kind_of "$kernel")
foreign=()
if [ -n "$kind" ]; then
	root=$build/$kind-root
	foreign=(--arch "$kind" --root "$root")
	[ -z "$host" ] || die "a kernel for $kind needs the tool root: run it without TOOLROOT=host."
	[ -e "$root/.key" ] || die "there are no files for $kind in $root: run 'lab/machine/foreignroot.sh $kind'."
	# This root, too, has the repository; lab/machine/run.sh has made the mounts private.
	mkdir -p "$root$repo"
	mount --bind "$repo" "$root$repo"
fi
[ -f "$image" ] || die "there is no kernel in $image: run 'make kernel'."
make_dirs "$log" "$build/guest"
lock "$build" "guest-$name"
console=$log/$name.console
drive=${disk:+file=$disk,format=raw,if=virtio}
# Of a busy machine without KVM, a kernel may find that its timer doesn't tick.
arguments="console=ttyS0 no_timer_check oops=panic panic=-1 $append"
# The guest's root is this machine's, which stays as it is for the run: let the
# guest keep what it has read. Of two rootflags= the last one counts.
append="rootflags=version=9p2000.L,trans=virtio,access=any,cache=loose audit=1 oops=panic panic=-1 $append"

# An x86 kernel takes 2,047 characters and says nothing of what it cuts off. vng's own
# arguments are about 600, and name this folder six times.
((${#append} + 6 * ${#repo} + 750 < 2048)) ||
	die "the kernel's command line would be too long: say less with -a (${#append} characters), or work in a folder with a shorter name."

guest() { # SECONDS CONSOLE COMMAND [VNG-OPTION...]
	local seconds=$1 output=$2 command=$3
	shift 3
	# QEMU opens its output files anew and so would cut them short: give it
	# pipes. A session of its own keeps it from stopping in the background.
	setsid -w timeout -k 5 "$seconds" vng --run "$image" --verbose --user root --force-9p --cpus "$cpus" --memory "$memory" \
		"${foreign[@]}" --rwdir="$build/guest=$build/guest" "$@" --append "$append" \
		-- "exec 2>&1; $command" </dev/null 2> >(sed -u 's/\r//g' >"$output") | cat
}

machine() { # SECONDS CONSOLE
	local cpu=max direct=()
	[ -z "$start" ] || direct=(-kernel "$start" ${initrd:+-initrd "$initrd"} -append "$arguments")
	[ "$accel" != kvm ] || cpu=host
	setsid -w timeout -k 5 "$1" qemu-system-x86_64 -machine q35 -accel "$accel" -cpu "$cpu" -smp "$cpus" -m "$memory" \
		-display none -no-reboot -nic none -drive "$drive" "${direct[@]}" -serial "file:$2" -serial stdio </dev/null | sed -u 's/\r//g'
}

# /dev/kvm may open and yet not run a guest: only a boot can tell. The verdict
# holds until this machine boots, and "no" is kept once TCG has booted the kernel.
verdict=$build/guest/.kvm
boot_id=$(cat /proc/sys/kernel/random/boot_id)
read -r known accel 2>/dev/null <"$verdict" || known=
if [ -n "$qemu" ]; then
	accel=tcg
elif [ "$known" != "$boot_id" ]; then
	accel=tcg
	if [ -w /dev/kvm ]; then
		say "boot: trying KVM"
		! guest 20 "$log/kvm.console" true >/dev/null 2>&1 || accel=kvm
	fi
fi
options=()
if [ "$accel" != kvm ]; then
	options+=(--disable-kvm)
	# It stands still for as long as its machine has others to run.
	append="rcupdate.rcu_cpu_stall_timeout=120 workqueue.watchdog_thresh=120 $append"
fi
[ -z "$qemu$drive" ] || options+=(--qemu-opts="$qemu${drive:+ -drive $drive}")

if [ $# = 0 ] && [ -z "$alone" ]; then
	say "boot: a shell in the guest ($accel); leave it with 'exit'"
	exec vng --run "$image" --user root --force-9p --cpus "$cpus" --memory "$memory" --rwdir="$build/guest=$build/guest" \
		"${options[@]}" --append "$append"
fi

status=0
if [ -n "$alone" ]; then
	say "boot: the system on $disk ($accel, console in $console)"
	machine "$limit" "$console" || status=$?
	ended='reboot: Power down'
else
	say "boot: running $* ($accel, console in $console)"
	script=$build/guest/$name.sh
	printf '%q ' "$@" >"$script"
	guest "$limit" "$console" "cd $(printf %q "$PWD") && . $(printf %q "$script")" "${options[@]}" || status=$?
	# QEMU 10.0 itself may abort while the kernel looks for devices (seen once in some
	# hundred boots: msix_table_mmio_write). No command has run then: boot again, once.
	if grep -q '^qemu-system-.* Assertion .* failed' "$console" && ! grep -q 'virtme-init: ' "$console"; then
		say "boot: QEMU aborted ($(grep -m 1 -o 'Assertion .*' "$console")), so once more"
		status=0
		guest "$limit" "$console" "cd $(printf %q "$PWD") && . $(printf %q "$script")" "${options[@]}" || status=$?
	fi
	ended='virtme-init: script returned'
fi

if ! grep -q "$ended" "$console"; then
	[ "$status" != 124 ] || die "the guest did not end within $limit s: see the end of $console."
	echo "--- the end of $console:" >&2
	tail -n 15 "$console" >&2
	die "the guest ended without a result: see $console."
fi
[ -n "$qemu" ] || echo "$boot_id $accel" >"$verdict"
no_splat "$console"
exit "$status"
