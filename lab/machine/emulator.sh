#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Install QEMU for another kind of processor (arm64, loongarch64, riscv64, s390x) in the
# tool root, which has it only for what everybody tests: lab/machine/emulator.sh KIND

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
declare -A package_of=([arm64]=arm [loongarch64]=misc [riscv64]=riscv [s390x]=s390x)
kind=${1:?name the kind of processor}
[ -n "${package_of[$kind]:-}" ] || die "there is no kind of processor called '$kind' here: choose one of ${!package_of[*]}."
inside "$@"

emulator=qemu-system-$(uname_of "$kind")
! command -v "$emulator" >/dev/null || exit 0
[ -z "$host" ] || die "this machine has no $emulator: install it, or run this without TOOLROOT=host."

out_log=$log/$emulator.log
make_dirs "$log"
lock "$cache" cache	# another's apt would not wait for the packages in it
say "installing $emulator in the tool root (log in $out_log)"
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o APT::Keep-Downloaded-Packages=1 \
	-t "$suite" install -y --no-install-recommends "qemu-system-${package_of[$kind]}"; } >"$out_log" 2>&1 ||
	blame "$out_log" "$emulator could not be had: see the end of $out_log, mend that and run again."
