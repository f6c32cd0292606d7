#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build Debian packages of a kernel from build/linux, by kbuild's bindeb-pkg:
# lab/kernel/deb.sh [NAME] leaves them in build/NAME (by default "deb"). CONFIG= names the
# configuration; without it, it's the running kernel's, less the modules that are
# not loaded. On top comes lab/kernel/deb.config.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"

name=${1:-deb}

# The running kernel's configuration may lie where the tool root can't see it.
if [ -z "${LAB_INSIDE:-}" ]; then
	reduce=
	if [ -z "${CONFIG:-}" ]; then
		reduce=yes
		for CONFIG in /proc/config.gz "/boot/config-$(uname -r)"; do [ ! -f "$CONFIG" ] || break; done
		[ -f "$CONFIG" ] ||
			die "the configuration of the running kernel is in neither /proc/config.gz nor $CONFIG: name one, as in 'make deb CONFIG=/path/to/config'."
	fi
	[ -r "$CONFIG" ] ||
		die "CONFIG=$CONFIG can't be read: name the configuration of a kernel, such as /boot/config-$(uname -r)."
	zcat -f "$CONFIG" | "$lab/machine/run.sh" "$lab/kernel/deb.sh" "$name" "$CONFIG" "$reduce"
	exit
fi

from=$2 reduce=$3
tree=$build/linux
result=$build/$name
objects=$result/objects/linux	# its parent folder is where bindeb-pkg leaves packages
config=$result/config
out_log=$log/$name.log
expected=

[ -f "$tree/Makefile" ] || die "there is no kernel source in $tree: run 'make tree'."
make_dirs "$log" "$objects" "$config"
lock "$build" "$name"
cat >"$config/given"
grep -q '^CONFIG_X86_64=y' "$config/given" ||
	die "$from is not the configuration of an x86-64 kernel: name one, as in 'make deb CONFIG=/path/to/config'."
[ -e "$objects/vmlinux" ] || need_space "$result" 5000 "building kernel packages"

# --- The configuration, in a folder of its own

value() { sed -n "s/^CONFIG_$1=//p" "$config/.config" | tail -n 1 | tr -d '"'; } # SYMBOL

# What else is to be set, by what is there.
adapt() {
	local symbol file
	[ "$(value DEBUG_INFO)" = y ] || echo "CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y"
	# genksyms knows no Rust.
	[ "$(value MODVERSIONS)" != y ] || echo "CONFIG_GENDWARFKSYMS=y"
	# Files that only a distribution's own source package has.
	for symbol in EFI_SBAT_FILE MODULE_SIG_KEY SYSTEM_REVOCATION_KEYS SYSTEM_TRUSTED_KEYS; do
		file=$(value "$symbol")
		case $file in '' | pkcs11:* | certs/signing_key.pem) continue ;; esac
		(cd "$tree" && [ -f "$file" ]) || echo "CONFIG_$symbol=\"$(default "$symbol")\""
	done
}
default() { # SYMBOL
	[ "$1" != MODULE_SIG_KEY ] || echo certs/signing_key.pem	# which the build makes
}

# depends SYMBOL: what Kconfig says of it
depends() {
	find "$tree" -name 'Kconfig*' -exec sed -nE "/^(menu)?config $1\$/,/^\thelp/s/^\t(depends on .*)/CONFIG_$1 \1/p" {} +
}

refused() { # LINE...
	local line
	for line; do
		line=${line#CONFIG_}
		depends "${line%%=*}" >&2
	done
	die "the kernel's Kconfig did not take $*: $from has something that excludes it, or lacks what it depends on (see above and $config/.config); mend that and run again."
}

configure() {
	local lsm
	out=$config
	cp "$config/given" "$config/.config"
	if [ -n "$reduce" ] && [ -e /proc/modules ]; then
		kmake localmodconfig < <(yes '')
	fi
	{ cat "$lab/kernel/deb.config" && adapt; } >"$config/wanted"
	"$tree/scripts/kconfig/merge_config.sh" -m -Q -O "$config" "$config/.config" "$config/wanted"
	kmake olddefconfig
	lsm=$(value LSM)
	if [[ ,$lsm, != *,bpf,* ]]; then
		echo "CONFIG_LSM=\"${lsm:+$lsm,}bpf\"" >>"$config/wanted"
		"$tree/scripts/config" --file "$config/.config" --set-str LSM "${lsm:+$lsm,}bpf"
	fi
}

configure >"$out_log" 2>&1 &
wait $! || explain "configuring $name"
mapfile -t lines < <(not_taken "$config/wanted" "$config/.config")
[ ${#lines[@]} = 0 ] || refused "${lines[@]}"
say "$name: configuration of $from${reduce:+, without the modules that are not loaded}; set in it:"
not_taken "$config/wanted" "$config/given" | sed 's/^CONFIG_[A-Za-z0-9_]*$/& is off/; s/^/   /'
out=$objects
cp "$config/.config" "$config/.config.new"
adopt "$config/.config.new"

# --- The packages

say "$name: building $(grep -c '=y$' "$out/.config") options and $(grep -c '=m$' "$out/.config" || :) modules (log in $out_log)"
start=$SECONDS
rm -f "${objects%/*}"/*.deb
# Not the package of debug information, of 1 GB and more; the tools are those of
# lab/machine/packages, with no need for dpkg to check that.
DEB_BUILD_PROFILES=pkg.linux-upstream.nokerneldbg kmake LOCALVERSION=-lsm-audit DPKG_FLAGS=-d bindeb-pkg >>"$out_log" 2>&1 &
keep_posted $! "$name"
wait $! || explain "building $name"

# Not linux-libc-dev: it would take the place of Debian's.
rm -f "$result"/*.deb
mv "${objects%/*}"/linux-[hi]*.deb "$result"
say "$name: ready after $((SECONDS - start)) s; to install: dpkg -i ${result#"$repo/"}/*.deb"
cd "$result"
for deb in *.deb; do printf '   %s  %s\n' "$(du -h "$deb" | cut -f 1)" "${result#"$repo/"}/$deb"; done
