#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Check that no Rust panic can be reached from the audit kfuncs.

usage: panics.py BUILD_FOLDER

Starts at every function of security/lsm_audit_kfuncs and follows relocations
through that crate and the Rust crates below it (kernel, core, ...). Reaching
anything in core::panicking is an error, shown with the chain of calls. C
functions are not followed.

The kernel must be built with RUST_OVERFLOW_CHECKS=y, without which most
panics aren't compiled in, and without KUNIT, whose tests panic on purpose.
"""

import bisect
import collections
import pathlib
import sys

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

OURS = "security/lsm_audit_kfuncs"
ROOTS = ("entry.o", "audit_kfuncs.o")
RUST = ("core.o", "kernel.o", "pin_init.o", "ffi.o", "bindings.o")
PANIC = "9panicking"  # the module's name, as Rust mangles it
SHF_ALLOC = 2
R_X86_64_PC32 = 2
R_X86_64_PLT32 = 4


class Object:
    """Who refers to whom in one object file.

    A node is a (file, section, start) triple: a function or an object. An
    object without a symbol (a jump table, a vtable) is known by the places
    that refer to it; it reaches up to the next one.
    """

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            elf = ELFFile(file)
            self.symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
            self.named = collections.defaultdict(dict)
            for symbol in self.symbols:
                if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT"):
                    self.named[symbol["st_shndx"]][symbol["st_value"]] = symbol
            references = list(self.references(elf))

        starts = collections.defaultdict(set)
        for section, named in self.named.items():
            starts[section].update(named)
            starts[section].update(v + s["st_size"] for v, s in named.items())
        for _, _, target in references:
            if isinstance(target, tuple) and not self.covering(*target):
                starts[target[0]].add(target[1])
        self.starts = {section: sorted(places) for section, places in starts.items()}

        self.edges = collections.defaultdict(set)
        for section, place, target in references:
            target = target if isinstance(target, str) else self.node(*target)
            self.edges[self.node(section, place)].add(target)

    def references(self, elf):
        """Yields (section, place, target): a symbol's name or (section, place)."""
        for relocations in elf.iter_sections():
            if not isinstance(relocations, RelocationSection):
                continue
            section = relocations["sh_info"]
            flags = elf.get_section(section)["sh_flags"]
            if not flags & SHF_ALLOC:
                continue
            for reloc in relocations.iter_relocations():
                symbol = self.symbols[reloc["r_info_sym"]]
                home = symbol["st_shndx"]
                place = symbol["st_value"]
                if home == "SHN_UNDEF":
                    yield section, reloc["r_offset"], symbol.name
                elif isinstance(home, int):
                    if symbol["st_info"]["type"] == "STT_SECTION":
                        place += reloc["r_addend"]
                        # A relative reference counts from its own end.
                        if reloc["r_info_type"] in (R_X86_64_PC32, R_X86_64_PLT32):
                            place += 4
                    yield section, reloc["r_offset"], (home, place)

    def covering(self, section, place):
        """Whether a symbol covers the place, which then isn't a start of its own."""
        named = self.named.get(section, {})
        return any(v <= place < v + s["st_size"] for v, s in named.items())

    def node(self, section, place):
        starts = self.starts.get(section, [0])
        return (self.path, section, starts[max(bisect.bisect_right(starts, place) - 1, 0)])

    def name(self, node):
        _, section, start = node
        symbol = self.named[section].get(start)
        return symbol.name if symbol else f"data at {start:#x} in section {section}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    config = (build / ".config").read_text().splitlines()
    if "CONFIG_RUST_OVERFLOW_CHECKS=y" not in config or "CONFIG_KUNIT=y" in config:
        sys.exit(f"panics.py: {build} needs RUST_OVERFLOW_CHECKS=y and KUNIT=n to be checked.")

    paths = [build / OURS / name for name in ROOTS]
    missing = [path for path in paths if not path.exists()]
    if missing:
        sys.exit(f"panics.py: no {missing[0]}: build the kernel first (make kernel).")
    roots = [Object(path) for path in paths]
    objects = roots + [Object(build / "rust" / n) for n in RUST if (build / "rust" / n).exists()]
    by_path = {o.path: o for o in objects}
    exported = {
        symbol.name: (o.path, section, start)
        for o in objects
        for section, named in o.named.items()
        for start, symbol in named.items()
        if symbol["st_info"]["bind"] != "STB_LOCAL"
    }

    seen = {}
    todo = collections.deque()
    for o in roots:
        for section, named in o.named.items():
            for start, symbol in named.items():
                if symbol["st_info"]["type"] == "STT_FUNC":
                    seen[(o.path, section, start)] = None
                    todo.append((o.path, section, start))
    functions = len(seen)

    while todo:
        node = todo.popleft()
        for target in by_path[node[0]].edges[node]:
            name = target if isinstance(target, str) else by_path[target[0]].name(target)
            if PANIC in name:
                print(f"panics.py: a panic can be reached: {name}", file=sys.stderr)
                while node:
                    print(f"  from {by_path[node[0]].name(node)}", file=sys.stderr)
                    node = seen[node]
                sys.exit(1)
            target = exported.get(target) if isinstance(target, str) else target
            if target and target not in seen:
                seen[target] = node
                todo.append(target)

    print(f"panics.py: no panic within reach of {functions} functions ({len(seen)} places followed)")


if __name__ == "__main__":
    main()
