// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load a policy with its records or, where that fails, without them: the machine may
 * lack the kfuncs, and the caller CAP_SYS_BOOT, and neither may switch it off. It says
 * what the verifier says: a wrong use of the kfuncs ends so, too. Attach its programs, and pin their links, and its maps, below a folder of bpffs. Programs
 * for a cgroup are pinned themselves, to be attached.
 *
 *	load OBJECT FOLDER
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

static const char *folder;

static void die(const char *what, const char *of)
{
	fprintf(stderr, "load: %s %s: %s\n", what, of, strerror(errno));
	exit(1);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* The end of what the verifier said of the program that didn't load with records. */
static char verifier_log[1 << 16];

static void say_why(void)
{
	char *line = verifier_log + strlen(verifier_log);
	int lines = 4;

	while (line > verifier_log && lines) {
		if (*--line == '\n')
			lines--;
	}
	fputs(lines ? line : line + 1, stderr);
}

/* What a skeleton's rodata->bpf_audit_enabled = true does. */
static void enable_records(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section;
	bool *rodata;
	size_t size;
	int i, id;

	id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	/* An older libbpf declares it const. */
	rodata = map ? (bool *)bpf_map__initial_value(map, &size) : NULL;
	section = id < 0 || !rodata ? NULL : btf__type_by_id(btf, id);
	for (i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *variable = btf_var_secinfos(section) + i;
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (!strcmp(btf__name_by_offset(btf, type->name_off), "bpf_audit_enabled")) {
			rodata[variable->offset] = true;
			return;
		}
	}
	errno = ENOENT;
	die("there is no", "bpf_audit_enabled");
}

static struct bpf_object *load(const char *path, bool records)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log));
	struct bpf_object *object = bpf_object__open_file(path, records ? &options : NULL);
	int error;

	if (!object)
		die("can't open", path);
	if (records)
		enable_records(object);
	if (!bpf_object__load(object))
		return object;
	error = errno;
	bpf_object__close(object);
	errno = error;
	return NULL;
}

static const char *below(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

int main(int argc, char *argv[])
{
	struct bpf_program *program;
	struct bpf_object *object;
	libbpf_print_fn_t print;

	if (argc != 3) {
		fprintf(stderr, "usage: load OBJECT FOLDER\n");
		return 1;
	}
	folder = argv[2];

	print = libbpf_set_print(quiet);
	object = load(argv[1], true);
	libbpf_set_print(print);
	if (!object) {
		fprintf(stderr, "load: %s without records: %s\n", argv[1], strerror(errno));
		say_why();
		object = load(argv[1], false);
	}
	if (!object)
		die("can't load", argv[1]);

	if (mkdir(folder, 0700))
		die("can't make", folder);
	if (bpf_object__pin_maps(object, below("maps")))
		die("can't pin the maps below", folder);
	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);
		struct bpf_link *link;

		if (bpf_program__expected_attach_type(program) == BPF_LSM_CGROUP) {
			if (bpf_program__pin(program, below(name)))
				die("can't pin", name);
			continue;
		}
		link = bpf_program__attach(program);
		if (!link || bpf_link__pin(link, below(name)))
			die("can't attach", name);
	}
	return 0;
}
