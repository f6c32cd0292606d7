#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Let other consumers of audit logs than audit's own read our records, and see
# what they make of them: lab/userspace/consumers.sh [LOG...]. Without a log it takes
# contrib/consumers/records.log, and the answers shall be contrib/consumers/answers.
# Debian's packages of the consumers are installed for the run only; what they
# said, and each difference from the text, stays in build/consumers.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "this installs packages for a moment: run it without TOOLROOT=host."
inside "$@"
cd "$repo"

contrib=$repo/contrib/consumers
work=$build/consumers
messages=$log/consumers.log
make_dirs "$work" "$log"
lock "$work" consumers

# The tool root stays as it is: what is written to it goes to this run's /tmp.
throw_away() {
	local dir upper
	for dir in /etc /usr /var; do
		upper=/tmp/consumers$dir
		mkdir -p "$upper" "$upper.work"
		mount -t overlay -o "lowerdir=$dir,upperdir=$upper,workdir=$upper.work" overlay "$dir"
	done
	mount --bind "$cache/apt" /var/cache/apt/archives
}

# rsyslog and syslog-ng exclude each other, so rsyslog is just unpacked.
get_packages() {
	apt-get install -y --no-install-recommends laurel syslog-ng-core libestr0 libfastjson4 liblognorm5 &&
		(cd /tmp && apt-get download rsyslog && dpkg -x rsyslog_*.deb /)
}
install_consumers() {
	say "consumers: installing laurel, rsyslog and syslog-ng for this run (log in $messages)"
	export DEBIAN_FRONTEND=noninteractive
	get_packages >"$messages" 2>&1 || { apt-get update && get_packages; } >>"$messages" 2>&1 ||
		blame "$messages" "Debian's packages could not be installed (see $messages): check the network and run again."
}

# Each reads $work/log and writes to a folder of its own: output.

run_laurel() { laurel -c "$contrib/laurel.toml" <"$work/log"; }
run_syslog_ng() { # its stdin must be no file
	# shellcheck disable=SC2002
	cat "$work/log" | syslog-ng -F --no-caps -f "$contrib/syslog-ng.conf" -R state -c control --pidfile pid
}
run_rsyslog() { # it would wait for more records for ever
	local lines deadline=$((SECONDS + 60)) daemon
	cp "$work/log" input
	lines=$(wc -l <input)
	sed "s|DIR|$PWD|" "$contrib/rsyslog.conf" >conf
	rsyslogd -n -f "$PWD/conf" -i "$PWD/pid" & daemon=$!
	until [ "$(wc -l <output 2>/dev/null)" = "$lines" ] || ((SECONDS > deadline)); do sleep 0.1; done
	kill "$daemon"
	wait "$daemon"
}

# answers: the figures of each consumer, and the differences
answers() {
	local consumer
	for consumer in laurel rsyslog syslog_ng; do
		rm -rf "${work:?}/$consumer"
		mkdir "$work/$consumer"
		cd "$work/$consumer"
		"run_$consumer" >messages 2>&1 || die "$consumer does not run: see $work/$consumer/messages."
		"$contrib/compare.py" "$consumer" output "$work/log" || die "what $consumer said can't be compared: see $work/$consumer."
	done
}

throw_away
install_consumers
cat -- "${@:-$contrib/records.log}" >"$work/log"
answers >"$work/answers"
grep ' records read' "$work/answers"
if [ $# = 0 ]; then
	diff -u "$contrib/answers" "$work/answers" ||
		die "the consumers answer otherwise than contrib/consumers/answers says, see above: if that is right, take $work/answers."
fi
say "consumers: each difference from the records' text is in $work/answers"
