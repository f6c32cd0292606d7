# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the scripts in lab/ share: where things are, messages, locks, and the
# checks that end a run before it has done any harm.

set -euo pipefail
export LC_ALL=C.UTF-8
# Where Debian has chroot(8) and losetup(8), and where an ordinary user's PATH doesn't lead.
export PATH=$PATH:/usr/sbin:/sbin
umask 022
unset CDPATH	# or cd would say where it went

lab=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=${lab%/lab}
build=$repo/build
log=$build/log
[ -n "${HOME:-}" ] || unset HOME	# then ~ is what the list of users has
home=~
cache=$(realpath -m "${CACHE:-${XDG_CACHE_HOME:-$home/.cache}/lsm-audit-kfuncs}")
host=$([ "${TOOLROOT:-}" != host ] || echo yes)
[ -z "${LINUX:-}" ] || LINUX=$(realpath -m "$LINUX")
# The kernels that this overlay applies to and is tested on, the first of them by
# default. Older ones than 7.0 can't do: they have no KF_IMPLICIT_ARGS, by which a kfunc
# knows who calls it.
releases=(7.3 7.2)
release_of() { sed -nE 's/^([0-9]+\.[0-9]+)([^0-9].*)?$/\1/p' <<<"$1"; } # VERSION
fits() { [[ " ${releases[*]} " == *" $1 "* ]]; } # RELEASE

# The other kinds of processor whose kernels can be booted here, by Debian's names for them.
declare -A kbuild_of=([arm64]=arm64 [loongarch64]=loongarch [riscv64]=riscv [s390x]=s390)
uname_of() { echo "${1/arm64/aarch64}"; } # KIND

# kind_of KERNEL: which of them its processor is, or nothing if it's x86-64.
kind_of() {
	local kind
	for kind in "${!kbuild_of[@]}"; do
		! grep -qsx "CONFIG_${kbuild_of[$kind]^^}=y" "$1/.config" || echo "$kind"
	done
}

# image_of KERNEL: its file that boots.
image_of() {
	local kind
	kind=$(kind_of "$1")
	case $kind in
	'') echo "$1/arch/x86/boot/bzImage" ;;
	loongarch64) echo "$1/arch/loongarch/boot/vmlinux.elf" ;;
	s390x) echo "$1/arch/s390/boot/bzImage" ;;
	*) echo "$1/arch/${kbuild_of[$kind]}/boot/Image" ;;
	esac
}

# Messages name files of the repository as the reader would.
say() { echo "== ${*//"$repo/"/}"; }
die() { echo "error: ${*//"$repo/"/}" >&2; exit 1; }

[[ $repo != *[[:space:]:]* ]] ||
	die "the kernel's build can't stand a space or a colon in a folder's name: move '$repo' elsewhere."
[[ $cache != *[[:space:]:]* ]] ||
	die "the builds can't stand a space or a colon in the cache's name, '$cache': name another with CACHE=."

# Re-run the calling script in the tool root, unless it runs there already.
inside() {
	[ -n "${LAB_INSIDE:-}" ] || exec "$lab/machine/run.sh" "$(realpath "$0")" "$@"
}

# how_to_install APT DNF PACMAN ZYPPER: with this machine's package manager, or with each.
how_to_install() {
	local commands=("apt install $1" "dnf install $2" "pacman -S $3" "zypper install $4") command
	for command in "${commands[@]}"; do
		! command -v "${command%% *}" >/dev/null || { echo "$command"; return; }
	done
	printf '%s\n' "${commands[@]}" | paste -sd ';' | sed 's/;/; /g'
}

# memory: of this machine, or of a control group that all of this runs in, in MB.
memory() {
	local total limit group
	total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
	group=$(sed -n 's/^0:://p' /proc/self/cgroup 2>/dev/null)
	while :; do
		limit=$(cat "/sys/fs/cgroup$group/memory.max" 2>/dev/null || echo max)
		[ "$limit" = max ] || ((limit / 1048576 >= total)) || total=$((limit / 1048576))
		[ -n "${group%/}" ] || break
		group=${group%/*}
	done
	echo "$total"
}

# parallel: how many compilers at a time, of which one may take 700 MB.
parallel() {
	local most
	most=$(($(memory) / 700))
	echo "${JOBS:-$((most < 1 ? 1 : most < $(nproc) ? most : $(nproc)))}"
}

# The tool root needs a chroot, mounts and files of many owners: an ordinary user has them
# in a user namespace.
may_become_root() {
	local said as_root=(unshare --user --map-root-user --map-auto) apart=(--mount --pid --fork --mount-proc true)
	[ ! -d "$build" ] || [ -O "$build" ] ||
		die "$build belongs to $(stat -c %U "$build"), and its files to whom they have for root: run this as that user, or in a clone of your own."
	[ ! -d "$cache/apt" ] || [ -O "$cache/apt" ] ||
		die "the cache in $cache belongs to $(stat -c %U "$cache/apt"), and its files to whom they have for root: run this as that user, or name another with CACHE=."
	if [ "$(id -u)" = 0 ]; then
		said=$(unshare "${apart[@]}" 2>&1) ||
			die "the tool root needs mounts and processes of its own, which root may not have here ($said): run this where root is not confined (docker run --privileged), or as an ordinary user."
		return 0
	fi
	command -v newuidmap >/dev/null ||
		die "without root, the tool root needs newuidmap: have root install it ($(how_to_install uidmap shadow-utils shadow shadow)), or run this as root."
	# Where there are no user namespaces, unshare --map-auto would wait for ever.
	! { said=$(unshare --user --map-root-user true 2>&1) && said=$("${as_root[@]}" "${apart[@]}" 2>&1); } || return 0
	case $said in
	*"unrecognized option"*) die "without root, the tool root needs util-linux 2.38 or newer, of which unshare knows --map-auto: run this as root." ;;
	*subuid* | *subgid* | *subordinate*) die "without root, the tool root needs user ids of its own, which $(id -un) has none of: have root run 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)', and run again." ;;
	*) die "without root, the tool root needs user namespaces, which this machine refuses ($said): have root run 'sysctl user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0' (those that it has), or run this as root." ;;
	esac
}

# become_root ARGUMENT...: re-run the calling script as root.
become_root() {
	may_become_root
	[ "$(id -u)" = 0 ] || exec unshare --user --map-root-user --map-auto "$0" "$@"
}

# Said before the first long step.
[[ ${JOBS:-1} =~ ^[1-9][0-9]*$ ]] || die "JOBS=$JOBS is not a number of compilers at a time: JOBS=4, say."
[ -z "${LINUX:-}" ] || [ -d "$LINUX" ] ||
	die "LINUX=$LINUX is not a folder: name the top folder of a Linux ${releases[0]} source tree."

make_dirs() {
	local dir
	for dir; do
		mkdir -p "$dir" 2>/dev/null || die "can't make the folder $dir: is its disk full or read-only, or the folder above it not yours?"
	done
}

# need_space FOLDER MEGABYTES WHAT
need_space() {
	local free
	free=$(df --output=avail -m "$1" | tail -n 1)
	((free >= $2)) ||
		die "$3 needs $2 MB in $1, where $((free)) MB are free: make room there and run again (CACHE= names another place for downloads)."
}

# left FOLDER MEGABYTES: how much of that a build there hasn't taken yet.
left() {
	local taken=0
	[ ! -d "$1" ] || taken=$(du -sm "$1" | cut -f 1)
	echo $((taken < $2 ? $2 - taken : 0))
}

# blame LOG TEXT: end with TEXT, or with what is the matter if that's the disk.
blame() {
	! grep -q 'No space left on device' "$1" ||
		die "the disk filled up (see $1): make room in $build and $cache and run again."
	die "$2"
}

# no_splat CONSOLE
no_splat() {
	local splat
	! splat=$(grep -Em 1 -f <(grep -v '^#' "$lab/machine/splats") "$1") || die "the kernel complained: '$splat': see $1."
}

# lock FOLDER NAME: one run at a time; it ends with the last process of the run.
lock() {
	local fd
	make_dirs "$1"
	exec {fd}>"$1/.$2.lock" || die "can't write in $1: is its disk full, or read-only?"
	flock -n "$fd" || { say "waiting for another run to leave the $2 step"; flock "$fd"; }
}

# share FOLDER NAME: as the others that only read what that step makes.
share() {
	local fd
	make_dirs "$1"
	exec {fd}>"$1/.$2.lock" || die "can't write in $1: is its disk full, or read-only?"
	flock -ns "$fd" || { say "waiting for another run to leave the $2 step"; flock -s "$fd"; }
}

# bootstrap OPTION... SUITE TARGET SOURCES: mmdebstrap, with the packages in the cache,
# which the hooks of OPTION see as well. Another's apt would not wait for these.
# shellcheck disable=SC2016
bootstrap() (
	lock "$cache" cache
	mmdebstrap --mode=root --skip=download/empty --skip=essential/unlink --skip=cleanup/apt/cache \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::http::Timeout "30"' \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" && mount --bind /var/cache/apt/archives "$1/var/cache/apt/archives"' \
		"$@" --customize-hook='umount "$1/var/cache/apt/archives"'
)

# keep_posted PID TEXT: until PID ends, say every 15 s what `posting` prints.
keep_posted() {
	local start=$SECONDS next=15
	while kill -0 "$1" 2>/dev/null; do
		sleep 1
		((SECONDS - start >= next)) || continue
		next=$((next + 15))
		say "$2, $((SECONDS - start)) s: $(posting)"
	done
}

# conclude RESULTS STATUS [TEXT]: counts the checks that a run wrote to RESULTS, as its last
# line, and ends as they did. A run that failed without a failed check has one.
conclude() {
	local passed failed skipped
	passed=$(grep -c '^ok ' "$1" || :)
	failed=$(grep -c '^not ok ' "$1" || :)
	skipped=$(grep -c '^skip ' "$1" || :)
	if [ "$2" != 0 ] && [ "$failed" = 0 ]; then
		echo "not ok the run - it ended with $2: see above"
		failed=1
	fi
	[ "$skipped" = 0 ] || set -- "$1" "$2" ", $skipped skipped${3:-}"
	echo "$passed passed, $failed failed${3:-}"
	exit $((failed > 0))
}
