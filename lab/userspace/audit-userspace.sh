#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Try the patches in contrib/audit-userspace on Debian's audit package: build it
# with and without them, run its own tests, and see what ausearch makes of
# tests/records.log: lab/userspace/audit-userspace.sh [SUITE]. Without a suite it takes the
# first of trixie and sid whose source the mirror has. Nothing is installed; all
# of it is in build/audit-userspace.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -z "$host" ] || die "this takes Debian's source package and its tools: run it without TOOLROOT=host."
inside "$@"
cd "$repo"

contrib=$repo/contrib/audit-userspace
work=$build/audit-userspace
sources=/var/cache/apt/archives/audit	# in the cache of downloads
patches=("$contrib"/patches/*.patch)
MAKEFLAGS=-j$(parallel)
export MAKEFLAGS
make_dirs "$work" "$log"
lock "$work" audit-userspace

# --- Debian's source

# fetch SUITE: sets dsc, the file that names the others. apt checks sizes and hashes;
# the name is kept when all is there. A mirror's list may be older than it says it may be.
fetch() {
	local suite=$1 state=$work/apt options
	dsc=$(cat "$sources/$suite" 2>/dev/null) && [ -e "$sources/$dsc" ] && return
	make_dirs "$state/lists/partial" "$sources"
	sed -n "s|^deb \(.*\) trixie main.*|deb-src \1 $suite main|p" /etc/apt/sources.list | head -n 1 >"$state/sources.list"
	options=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$state/lists"
		-o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o Acquire::Check-Valid-Until=false
		-o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::http::Timeout=30)
	say "audit-userspace: asking Debian for the source of audit in $suite (1 MB, and a list of 12 MB)"
	cd "$sources"
	apt-get "${options[@]}" --error-on=any update >"$log/audit-userspace.log" 2>&1 &&
		apt-get "${options[@]}" source --only-source --download-only audit >>"$log/audit-userspace.log" 2>&1 || return
	dsc=$(apt-cache "${options[@]}" showsrc --only-source audit | grep -o 'audit_[^ ]*\.dsc$' | sort -V | tail -n 1)
	[ -e "$dsc" ] && echo "$dsc" >"$suite.part" && mv "$suite.part" "$suite"
}

find_source() {
	local suite
	[ $# -gt 0 ] || set -- trixie sid
	for suite; do
		if fetch "$suite"; then return; fi
		say "audit-userspace: the mirror does not give the source of audit in $suite"
	done
	blame "$log/audit-userspace.log" "the source of audit could not be fetched from Debian (see $log/audit-userspace.log): check the network, or name a suite that the mirror has (make audit-userspace SUITE=sid), and run again."
}

# --- The two builds

# Of the options that Debian builds with, those that need no further packages.
configure=(--prefix=/usr --sysconfdir=/etc --with-apparmor --with-io_uring --without-libcap-ng --without-python3
	--without-golang --disable-zos-remote)

# tree NAME WHAT PATCH...: build/audit-userspace/NAME, whole or not at all. WHAT is
# what to build of it. Libtool writes the folder into what it makes.
tree() {
	local name=$1 what=$2 tree=$work/$1 messages=$log/audit-userspace-$1.log key patch
	shift 2
	key=$(cat "$sources/$dsc" "$@" - <<<"$work ${configure[*]} $what" | sha256sum)
	[ "$(cat "$tree/.key" 2>/dev/null)" != "$key" ] || return 0
	say "audit-userspace: building ${dsc%.dsc}, $name, some minutes (log in $messages)"
	rm -rf --one-file-system "$tree"
	dpkg-source --no-check -x "$sources/$dsc" "$tree" >"$messages" 2>&1 ||
		blame "$messages" "Debian's source could not be unpacked (see $messages): remove $cache/apt/audit and run again."
	cd "$tree"
	for patch; do
		if patch -p1 --dry-run <"$patch" >>"$messages" 2>&1; then
			patch -p1 --no-backup-if-mismatch <"$patch" >>"$messages"
		elif [[ $patch == */0009-tests.patch ]]; then
			say "audit-userspace: this version builds its tests in another way; ${patch##*/} is left out"
		else
			die "${patch##*/} does not apply to ${dsc%.dsc}: see the end of $messages and mend the patch."
		fi
	done
	{ autoreconf -fi && ./configure "${configure[@]}" && eval "$what"; } >>"$messages" 2>&1 ||
		blame "$messages" "audit does not build, $name: see the end of $messages."
	echo "$key" >.key
}

# --- Its own tests, and ours

own_tests() {
	local passed
	say "audit-userspace: running the package's own tests"
	make -j 1 -C "$work/patched" check >"$log/audit-userspace-check.log" 2>&1 ||
		die "the package's own tests fail: $(grep '^FAIL' "$log/audit-userspace-check.log" | paste -sd ';'), see $log/audit-userspace-check.log."
	passed=$(awk '/^# PASS:/ { n += $3 } END { print n + 0 }' "$log/audit-userspace-check.log")
	((passed > 0)) || die "the package has run no test: see $log/audit-userspace-check.log."
	say "audit-userspace: the package's own tests: $passed passed"
}

# search NAME: what the ausearch of that build answers to each line of tests/searches,
# without what it shows of other records than those that are reported.
search() {
	local mark line
	while read -r mark line; do
		[[ $mark == [+=] ]] || continue
		echo "$mark ausearch $line"
		eval "TZ=UTC '$work/$1/src/ausearch' --input '$contrib/tests/records.log' $line" 2>&1 |
			grep -avE '^(----|NODE,|type=(SYSCALL|URINGOP|CWD|PATH) )' || :
	done <"$contrib/tests/searches"
}

# The answers of the patched ausearch are those of tests/answers. Without the
# patches they are others, but for those to a line with a "=".
our_tests() {
	local line stock patched failed=0 count=0
	search stock >"$work/answers.stock"
	search patched >"$work/answers"
	diff -u "$contrib/tests/answers" "$work/answers" || failed=1
	while read -r line; do
		count=$((count + 1))
		stock=$(answer "$line" "$work/answers.stock")
		patched=$(answer "$line" "$work/answers")
		if [[ $line == +* && $stock == "$patched" || $line == =* && $stock != "$patched" ]]; then
			failed=1
			echo "$line: the patches $([[ $line == +* ]] && echo "don't change" || echo change) the answer"
		fi
	done < <(grep '^[+=] ausearch ' "$contrib/tests/answers")
	((failed == 0)) || die "ausearch answers otherwise than expected, see above; $work/answers and $work/answers.stock are what it says with and without the patches."
	say "audit-userspace: $count searches of tests/records.log answered as expected"
}
answer() { awk -v line="$1" '/^[+=] ausearch / { on = $0 == line; next } on' "$2"; }

find_source "$@"
# Of the stock tree, what ausearch needs.
tree stock "make -C common && make -C lib && make -C auparse && make -C src ausearch"
tree patched make "${patches[@]}"
own_tests
our_tests
