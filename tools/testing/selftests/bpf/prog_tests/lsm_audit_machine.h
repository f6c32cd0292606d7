/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the audit kfuncs ask of the machine that they run on. */
#ifndef __LSM_AUDIT_MACHINE_H
#define __LSM_AUDIT_MACHINE_H

#include <bpf/btf.h>
#include <glob.h>
#include <sched.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <test_progs.h>

#include "trace_helpers.h"

/* Without its reason, a test that is skipped looks as good as one that passes. */
static inline void skip(const char *why, const char *what)
{
	printf("SKIP: %s%s\n", why, what);
	test__force_log();
	test__skip();
}

/* Not with kptr_restrict, or without KALLSYMS_ALL. */
static inline bool knows_address(const char *variable)
{
	unsigned long long address;

	if (!kallsyms_find(variable, &address) && address)
		return true;
	skip("the kernel doesn't tell the address of ", variable);
	return false;
}

/* The first of the processors that we may run on, alone. */
static inline bool first_processor(cpu_set_t *one)
{
	cpu_set_t all;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		return false;
	while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(one);
	CPU_SET(cpu, one);
	return cpu < CPU_SETSIZE;
}

static inline int allowed_processors(void)
{
	cpu_set_t all;

	return sched_getaffinity(0, sizeof(all), &all) ? 0 : CPU_COUNT(&all);
}

static inline bool be_urgent(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return !sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* Not in a control group without time for such processes (RT_GROUP_SCHED). */
static inline bool can_be_urgent(void)
{
	bool can = be_urgent(1);

	if (can)
		be_urgent(0);
	else
		skip("no process may have a real-time priority", "");
	return can;
}

/* Not where an administrator or the kernel's configuration doesn't allow any. */
static inline bool can_make_user_namespace(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(unshare(CLONE_NEWUSER) ? 1 : 0);
	waitpid(pid, &status, 0);
	if (status)
		skip("no user namespace can be made", "");
	return !status;
}

static inline bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static inline bool read_word(const char *file, char value[16])
{
	FILE *from = fopen(file, "r");
	bool ok = from && fscanf(from, "%15s", value) == 1;

	if (from)
		fclose(from);
	return ok;
}

/* Not sysctl_set(): debugfs can't seek, and what isn't written then isn't told. */
static inline bool set_file(const char *file, char before[16], const char *value)
{
	char now[16] = "";

	return ASSERT_TRUE(read_word(file, before), file) &&
	       ASSERT_TRUE(write_file(file, value), file) &&
	       ASSERT_TRUE(read_word(file, now), file) && ASSERT_STREQ(now, value, file);
}

static inline bool has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static inline bool kernel_has_function(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has;

	if (!ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return false;
	has = has_function(btf, name);
	btf__free(btf);
	return has;
}

/* If there is no securityfs to look at, @unknown. */
static inline bool is_lsm_listed(const char *name, bool unknown)
{
	FILE *file = fopen("/sys/kernel/security/lsm", "r");
	char lsms[256] = "", *lsm;

	if (!file)
		return unknown;
	if (!fgets(lsms, sizeof(lsms), file))
		lsms[0] = '\0';
	fclose(file);
	for (lsm = strtok(lsms, ",\n"); lsm; lsm = strtok(NULL, ",\n")) {
		if (!strcmp(lsm, name))
			return true;
	}
	return false;
}

/* Whether spinlocks sleep. */
static inline bool is_realtime(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, " PREEMPT_RT ");
}

/*
 * A section of RCU takes no lock. Without preemptible RCU it can't be told from
 * one that does, nor with PREEMPT_RT, where a lock enters one.
 */
static inline bool rcu_is_told(void)
{
	const struct btf_type *task;
	bool found = false;
	struct btf *btf;
	int id, i;

	if (is_realtime())
		return false;
	btf = btf__load_vmlinux_btf();
	if (!ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return false;
	id = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	task = btf__type_by_id(btf, id);
	for (i = 0; task && i < btf_vlen(task) && !found; i++)
		found = !strcmp(btf__name_by_offset(btf, btf_members(task)[i].name_off),
				"rcu_read_lock_nesting");
	btf__free(btf);
	return found;
}

/* What the kernel complained of, in bits. */
static inline long complaints(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	long bits = 0;

	if (file) {
		if (fscanf(file, "%ld", &bits) != 1)
			bits = 0;
		fclose(file);
	}
	return bits;
}

/* The kernel thread that delivers records, or -1. */
static inline pid_t find_kauditd(void)
{
	char path[64], comm[17];
	pid_t pid = -1;
	glob_t found;
	FILE *file;
	size_t i;

	if (glob("/proc/[0-9]*", GLOB_ONLYDIR, NULL, &found))
		return -1;
	for (i = 0; i < found.gl_pathc && pid < 0; i++) {
		/* A user's process may be called so, but has a command line. */
		snprintf(path, sizeof(path), "%s/exe", found.gl_pathv[i]);
		if (readlink(path, comm, sizeof(comm)) >= 0)
			continue;
		snprintf(path, sizeof(path), "%s/comm", found.gl_pathv[i]);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strcmp(comm, "kauditd\n"))
			pid = atoi(found.gl_pathv[i] + strlen("/proc/"));
		fclose(file);
	}
	globfree(&found);
	return pid;
}

/*
 * How many contexts the kernel holds, or -1 if it doesn't tell. SLUB's debugging
 * (slab_debug=U) has it: a line with a count, the function that allocated and
 * more, and the lines of its stack. Nothing else uses kmalloc_nolock() in Rust.
 */
static inline long contexts_held(void)
{
	/*
	 * The size of a context, and what kmalloc_nolock() takes if that is contended; with
	 * KMALLOC_PARTITION_CACHES there are several of each.
	 */
	static const char * const caches[] = {
		"/sys/kernel/slab/kmalloc-16", "/sys/kernel/slab/kmalloc-32",
		"/sys/kernel/slab/kmalloc-part-*-16", "/sys/kernel/slab/kmalloc-part-*-32",
	};
	char path[128], line[512];
	long held = 0, count;
	glob_t found;
	FILE *file;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caches); i++)
		glob(caches[i], i ? GLOB_APPEND : 0, NULL, &found);
	if (!found.gl_pathc)
		held = -1;
	for (i = 0; i < found.gl_pathc; i++) {
		/* KASAN keeps what is freed for a while. */
		snprintf(path, sizeof(path), "%s/shrink", found.gl_pathv[i]);
		write_file(path, "1");
		snprintf(path, sizeof(path), "/sys/kernel/debug/slab/%s/alloc_traces",
			 strrchr(found.gl_pathv[i], '/') + 1);
		file = fopen(path, "r");
		if (!file) {
			held = -1;
			break;
		}
		for (count = 0; fgets(line, sizeof(line), file); ) {
			/* Of the lines, those of a stack have no number. */
			if (strtol(line, NULL, 10) > 0)
				count = strtol(line, NULL, 10);
			if (strstr(line, " rust_bpf_audit_log_start+") ||
			    strstr(line, " rust_helper_kmalloc_nolock+")) {
				held += count;
				count = 0;
			}
		}
		fclose(file);
	}
	globfree(&found);
	return held;
}

#endif /* __LSM_AUDIT_MACHINE_H */
