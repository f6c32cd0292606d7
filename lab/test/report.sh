# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# One line for each check, and how many of them failed: `failed`.

failed=0

# check NAME [PROBLEM...]
check() {
	local name=$1
	shift
	if [ $# = 0 ]; then
		echo "ok $name"
	else
		failed=$((failed + 1))
		printf -v problems '; %s' "$@"
		echo "not ok $name - ${problems#; }"
	fi
}

# holds NAME FOUND COMMAND...: a check, whose problem is what was FOUND.
holds() {
	if "${@:3}"; then check "$1"; else check "$1" "found '$2'"; fi
}

# report GROUP: the results that a command prints, one on each line.
report() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) check "$1: ${line#ok }" ;;
		"not ok "*) line=${line#not ok }; check "$1: ${line%% - *}" "${line#* - }" ;;
		*) check "$1: $line" "it is not a result" ;;
		esac
	done
}
