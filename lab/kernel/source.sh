#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Put the kernel's source in build/linux: Debian's linux-source package from
# backports, or a copy of the user's own tree (LINUX=), which is only read.
# Files that belong to the overlay (build/linux.manifest) are left to tree.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

# shellcheck source=lab/queue.sh
. "$lab/queue.sh"
tree=$build/linux
orig=$build/linux.orig
manifest=$build/linux.manifest

[ -n "${LINUX:-}" ] || [ -z "$host" ] ||
	die "with TOOLROOT=host say where a Linux ${releases[0]} source tree is: LINUX=/path/to/linux."
for tool in ${host:+git rsync make}; do
	command -v "$tool" >/dev/null || die "with TOOLROOT=host this machine needs $tool: install it."
done
inside "$@"

version_of() { # of the tree in folder $1
	sed -n 's/^\(VERSION\|PATCHLEVEL\) = \([0-9]*\)$/\2/p' "$1/Makefile" 2>/dev/null | paste -sd .
}

# With -f, what was edited in build/linux is given up.
force=${1:-}
unedited() {
	local edits
	mapfile -t edits < <(laid_edits; other_edits)
	[ -n "$force" ] || no_edits "${edits[@]}"
}

# A tree of another origin goes, with all that was known about it.
start_over() {
	unedited
	rm -f "$build/linux.id" "$build/linux.version"
	rm -rf --one-file-system "$tree" "$tree.part" "$orig" "$manifest" "$build/overlay"
}

# --- the user's tree

# The files that make up the source: no history, nothing that a build left.
list() {
	local dir=$1
	if git -c safe.directory='*' -C "$dir" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -c safe.directory='*' -c core.quotePath=false -C "$dir" ls-files -co --exclude-standard |
			(cd "$dir" && while IFS= read -r file; do [ ! -f "$file" ] && [ ! -L "$file" ] || echo "$file"; done)
	else
		find "$dir" \( -name .git -o -path "$dir/include/generated" -o -path "$dir/include/config" \
			-o -path "$dir/arch/*/include/generated" \) -prune -o \( -type f -o -type l \) \
			! -name '*.o' ! -name '*.a' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '*.order' \
			! -name '.*.cmd' ! -name '.*.d' ! -name '.tmp_*' ! -name 'vmlinux*' ! -name 'modules.*' \
			! -name Module.symvers ! -name System.map ! -name .config ! -name '.config.old' ! -name '*.rmeta' \
			-printf '%P\n'
	fi | sort
}

# Copy what differs in content, without its time: what a copy changes, make sees.
# The time that it takes is mostly that of reading both trees.
from_folder() {
	[ -f "$LINUX/rust/kernel/lib.rs" ] ||
		die "LINUX=$LINUX is not a Linux source tree: name the top folder of a Linux ${releases[0]} one."
	local version wanted=$build/linux.files
	version=$(version_of "$LINUX")
	fits "$version" ||
		die "LINUX=$LINUX is Linux ${version:-of an unknown version}, and this overlay fits ${releases[*]} only (before 7.0 there is no KF_IMPLICIT_ARGS, which it needs): check out one of these there."
	if [ "$(cat "$build/linux.id" 2>/dev/null)" != "folder $LINUX" ]; then
		start_over
		need_space "$build" 2200 "a copy of the kernel's source"
		echo "folder $LINUX" >"$build/linux.id"
	fi
	unedited
	say "source: bringing build/linux up to $LINUX"
	mkdir -p "$tree"
	touch "$manifest"
	list "$LINUX" | comm -23 - "$manifest" >"$wanted"
	rsync -lpc --files-from="$wanted" --out-format=%n "$LINUX/" "$tree/" >"$log/source.log" 2>&1 ||
		blame "$log/source.log" "copying $LINUX failed: see the end of $log/source.log, mend that and run again."
	(cd "$tree" && find . \( -type f -o -type l \) -printf '%P\n' | sort |
		comm -23 - <(sort -u "$wanted" "$manifest") | tee -a "$log/source.log" | tr '\n' '\0' | xargs -0r rm -f)
	say "source: $(wc -l <"$log/source.log") files copied or removed"

	# The originals of overlaid files follow the user's tree as well.
	local file
	while IFS= read -r file; do
		if [ -f "$LINUX/$file" ]; then
			mkdir -p "$(dirname "$orig/$file")"
			cp "$LINUX/$file" "$orig/$file.part" && mv "$orig/$file.part" "$orig/$file"
		else
			rm -f "$orig/$file"
		fi
	done <"$manifest"
	echo "$(make -s -C "$tree" kernelversion) from $LINUX" >"$build/linux.version"
}

# --- Debian's package

archives=/var/cache/apt/archives
# SOURCE_VERSION= names a version, a release of which any version will do, or "newest".
version=${SOURCE_VERSION:-}
release=$(release_of "${version#newest}")
release=${release:-${releases[0]}}
[ "$version" != "$release" ] || version=''
package=linux-source-$release

# The newest package in the cache (or that of version $1) with its hash from apt.
cached() {
	find "$archives" -maxdepth 1 -name "${package}_${1:-*}_all.deb.sha256" | sort -V | tail -n 1 | sed 's/\.sha256$//'
}

offline() {
	blame "$log/source.log" "$1 could not be fetched from Debian's backports (see $log/source.log): check the network or set LINUX= to a $release source tree, and run again; what was fetched is kept."
}

posting() { du -cm "$archives/partial" | tail -n 1 | sed 's/\t.*/ MB/'; }

# Sets deb. apt resumes a partial file, and checks size and hash.
fetch() {
	local version=$1 known hash list=/etc/apt/sources.list.d/backports.list
	local opts=(-o "Dir::Etc::SourceList=$list" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0
		-o Acquire::Retries=3 -o Acquire::http::Timeout=30)
	say "source: asking Debian for ${version:-the newest} $package"
	apt-get "${opts[@]}" --error-on=any update >"$log/source.log" 2>&1 || offline "the list of packages"
	known=$(apt-cache "${opts[@]}" madison "$package" | awk '{ print $3 }' | sort -Vu | paste -sd ' ')
	[ -n "$known" ] || die "Debian has no $package any more: set LINUX= to a $release source tree."
	version=${version:-${known##* }}
	[[ " $known " = *" $version "* ]] || die "Debian has no $package $version: choose SOURCE_VERSION from $known."
	need_space "$archives" 400 "the kernel's source package"
	say "source: fetching $package $version (160 MB)"
	apt-get "${opts[@]}" -y --download-only --no-install-recommends install "$package=$version" >>"$log/source.log" 2>&1 &
	keep_posted $! "source"
	wait $! || offline "$package $version"
	hash=$(apt-cache "${opts[@]}" show "$package=$version" | sed -n 's/^SHA256: //p' | head -n 1)
	deb=$archives/${package}_${version}_all.deb
	echo "$hash  ${deb##*/}" >"$deb.sha256.part"
	mv "$deb.sha256.part" "$deb.sha256"
}

from_debian() {
	local id
	fits "$release" ||
		die "SOURCE_VERSION=$SOURCE_VERSION is not of a Linux that this overlay fits: choose one of ${releases[*]}."
	id=$(cat "$build/linux.id" 2>/dev/null || true)
	if [ -d "$tree" ] && [[ $id = "debian "${version:-$release.*} ]]; then
		return
	fi
	lock "$cache" cache
	deb=$(cached "$version")
	[ -n "$deb" ] || fetch "${version#newest}"
	version=${deb##*/"${package}"_}
	version=${version%_all.deb}
	[ ! -d "$tree" ] || [ "$id" != "debian $version" ] || return 0
	(cd "$archives" && sha256sum --quiet --check "${deb##*/}.sha256") >"$log/source.log" 2>&1 || {
		rm -f "$deb" "$deb.sha256"
		die "the package of the kernel's source in $cache was damaged and has been removed: run again to fetch it anew."
	}
	start_over
	need_space "$build" 2200 "unpacking the kernel's source"
	say "source: unpacking $package $version, about half a minute"
	mkdir "$tree.part"
	# Times are those of the unpacking, so that objects of another tree are older.
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" | xz -dT0 |
		tar -xm -C "$tree.part" --strip-components=1 2>>"$log/source.log" ||
		blame "$log/source.log" "unpacking the kernel's source failed: see $log/source.log, mend that and run again."
	[ "$(version_of "$tree.part")" = "$release" ] ||
		die "$package $version holds another kernel than $release: choose another SOURCE_VERSION."
	mv "$tree.part" "$tree"
	echo "$version" >"$build/linux.version"
	echo "debian $version" >"$build/linux.id"
}

make_dirs "$log"
lock "$build" tree
if [ -n "${LINUX:-}" ]; then from_folder; else from_debian; fi
say "source: Linux $(cat "$build/linux.version")"
