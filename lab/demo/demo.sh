#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Load the policy, provoke each of its denials by an ordinary program, and show
# what the audit log says of it. Runs in the guest, as root. Ends with an error
# if a denial or a record is not as it should be.

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/policy.sh"

if [ -t 1 ]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; else bold='' red='' plain=''; fi
number=0
denials=0
all_records=0
wrong=()	# the numbers of those

show() { # LABEL TEXT: the label stands before the first line only
	local label=$1 line
	while IFS= read -r line; do
		printf '  %-12s %s\n' "$label" "$line"
		label=
	done <<<"$2"
}

# as_typed WORD...: quoted where a shell needs it.
as_typed() {
	local word line=
	for word; do
		[[ $word =~ ^[A-Za-z0-9_./:+-]+$ ]] || word="'$word'"
		line+=" $word"
	done
	echo "${line# }"
}

# of_interest EVENT: our record and the system call, in this order.
of_interest() {
	grep '^type=UNKNOWN' <<<"$1" || :
	grep '^type=SYSCALL' <<<"$1" || :
}

denial() { # TITLE, then as examine
	local title=$1 problem
	shift
	examine "$@"
	number=$((number + 1))
	[ -z "$denied" ] || denials=$((denials + 1))
	[ -z "$record" ] || all_records=$((all_records + 1))

	printf '\n%s\n' "$bold$number. $title$plain"
	show command "$(as_typed "${@:5}")"
	show says "$output"
	show "exit code" "$status; outside the cgroup: $unconfined_status"
	[ -z "$record" ] || show ausearch "$(of_interest "$event")"
	[ -z "$record" ] || show "ausearch -i" "$(of_interest "$reading")"
	[ ${#problems[@]} = 0 ] || wrong+=("$number")
	for problem in "${problems[@]}"; do
		show WRONG "$red$problem$plain"
	done
}

object=${1:-build/demo/policy.bpf.o}
set_scene "$object"
echo "Loaded by: bpftool prog loadall $object $pins autoattach"
echo "Each command runs in the cgroup $confined, and then outside of it."
each_denial
printf '\n%s denials, %s records' "$denials" "$all_records"
[ ${#wrong[@]} = 0 ] || printf '; not as they should be: %s' "${wrong[*]}"
echo
exit $((${#wrong[@]} > 0))
