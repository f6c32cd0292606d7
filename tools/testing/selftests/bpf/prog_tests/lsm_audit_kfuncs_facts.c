// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_audit_log_path_at() and bpf_audit_log_rule(): the path of what is made,
 * removed, linked or renamed, and the rule that the program applied.
 */
#include "lsm_audit_objects.h"
#include "progs/lsm_audit_kfuncs_facts.h"
#include "lsm_audit_kfuncs_facts.skel.h"

static struct lsm_audit_kfuncs_facts *facts;

/* What is done, with paths below the test's directory. */
struct change {
	long (*change)(const char *from, const char *to);
	const char *from;
	const char *to;
};

static long do_mkdir(const char *from, const char *to) { return mkdir(to, 0700); }
static long do_mknod(const char *from, const char *to) { return mknod(to, S_IFIFO | 0600, 0); }
static long do_symlink(const char *from, const char *to) { return symlink("nowhere", to); }
static long do_unlink(const char *from, const char *to) { return unlink(from); }
static long do_rmdir(const char *from, const char *to) { return rmdir(from); }
static long do_link(const char *from, const char *to) { return link(from, to); }
static long do_rename(const char *from, const char *to) { return rename(from, to); }

static long do_create(const char *from, const char *to)
{
	return close(open(to, O_CREAT | O_EXCL | O_WRONLY, 0600));
}

static bool act_change(const void *arg)
{
	const struct change *change = arg;

	return !change->change(change->from, change->to);
}

/* As another process; returns its pid. */
static pid_t act(const struct change *change)
{
	int i;

	for (i = 0; i < 2; i++)
		facts->bss->sides[i] = (struct side){ NOT_CALLED, NOT_CALLED, NOT_CALLED,
						      NOT_CALLED };
	facts->bss->runs = 0;

	return run_subject(SUBJECT, &facts->bss->tgid, act_change, change);
}

/* Attach @prog, and expect of each of its records that it reads so; NULL for none. */
static bool check(struct bpf_program *prog, const struct change *change, const char *was,
		  const char *is)
{
	__u32 id = id_of(prog);
	bool ok = false;
	pid_t pid;

	detach();
	attached = bpf_program__attach(prog);
	if (!ASSERT_OK_PTR(attached, "attach") || !ASSERT_OK(audit_drain(audit), "drain audit"))
		return false;

	pid = act(change);
	if (pid > 0 && ASSERT_EQ(facts->bss->runs, !!was + !!is, "records")) {
		if (was)
			expect_of(id, pid, SUBJECT, was);
		if (is)
			expect_of(id, pid, SUBJECT, is);
		ok = settled();
	}
	detach();
	return ok;
}

static char *below(const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* As audit writes the path of an entry that is there, or isn't yet. */
static char *text_at(const char *path, const struct stat *of, const char *more)
{
	char untrusted[AUDIT_UNTRUSTED_LEN(PATH_MAX)], *text;

	if (of)
		return text_of("path", path, strlen(path), of->st_ino, more);
	audit_untrusted(untrusted, path, strlen(path));
	return asprintf(&text, " path=%s%s", untrusted, more) < 0 ? NULL : text;
}

static bool make_old(const char *path, struct stat *stat)
{
	return ASSERT_OK(do_create(NULL, path), "make one") && ASSERT_OK(lstat(path, stat), "stat");
}

#define RULE " rule-id=18446744073709551615"

static void check_made(struct bpf_program *prog, long (*change)(const char *, const char *))
{
	char *to = below("a new one"), *text = text_at(to, NULL, RULE);

	facts->bss->rule = -1;
	facts->bss->extra = EXTRA_NONE;
	check(prog, &(struct change){ change, NULL, to }, NULL, text);
	ASSERT_EQ(facts->bss->sides[1].path_at, 0, "path_at");
	ASSERT_EQ(facts->bss->sides[1].rule, 0, "rule");
	remove(to);
	free(text);
	free(to);
}

static void test_mkdir(void) { check_made(facts->progs.on_mkdir, do_mkdir); }
static void test_mknod(void) { check_made(facts->progs.on_mknod, do_mknod); }
static void test_create(void) { check_made(facts->progs.on_mknod, do_create); }
static void test_symlink(void) { check_made(facts->progs.on_symlink, do_symlink); }

/* The root's path ends in a slash. */
static long do_mkdir_in_root(const char *from, const char *to)
{
	return chroot(dir) ?: chdir("/") ?: mkdir(to, 0700);
}

static void test_in_root(void)
{
	char *path = below("new");

	facts->bss->rule = -1;
	facts->bss->extra = EXTRA_NONE;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir_in_root, NULL, "/new" }, NULL,
	      " path=\"/new\"" RULE);
	rmdir(path);
	free(path);
}

static void check_removed(struct bpf_program *prog, long (*change)(const char *, const char *))
{
	char *from = below("old"), *text;
	struct stat stat;

	if (!ASSERT_OK(change == do_rmdir ? do_mkdir(NULL, from) : do_create(NULL, from), "make") ||
	    !ASSERT_OK(lstat(from, &stat), "stat"))
		goto out;
	text = text_at(from, &stat, RULE);
	facts->bss->rule = -1;
	facts->bss->extra = EXTRA_NONE;
	check(prog, &(struct change){ change, from, NULL }, text, NULL);
	ASSERT_EQ(facts->bss->sides[0].path_at, 0, "path_at");
	ASSERT_EQ(facts->bss->sides[0].rule, 0, "rule");
	free(text);
out:
	remove(from);
	free(from);
}

static void test_unlink(void) { check_removed(facts->progs.on_unlink, do_unlink); }
static void test_rmdir(void) { check_removed(facts->progs.on_rmdir, do_rmdir); }

/* Both sides, in one event if there is one. The old one is positive, the new one isn't. */
static void check_sides(struct bpf_program *prog, long (*change)(const char *, const char *),
			const char *new, bool old_is_there)
{
	char *from = below("old"), *to = below(new), *was, *is;
	bool one_event = calls_are_recorded();
	struct stat stat;

	if (!make_old(from, &stat))
		goto out;
	facts->bss->rule = 0;
	facts->bss->extra = EXTRA_NONE;
	was = old_is_there ? text_at(from, &stat, " rule-id=0") : strdup(" rule-id=0");
	is = text_at(to, NULL, " rule-id=0");
	if (check(prog, &(struct change){ change, from, to }, was, is)) {
		const struct audit_record *first, *second;

		first = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		second = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 1);
		if (one_event)
			ASSERT_EQ(first->serial, second->serial, "serials");
	}
	ASSERT_EQ(facts->bss->sides[0].path_at, old_is_there ? 0 : -EINVAL, "old path_at");
	ASSERT_EQ(facts->bss->sides[0].rule, 0, "rule");
	ASSERT_EQ(facts->bss->sides[1].path_at, 0, "new path_at");
	free(was);
	free(is);
out:
	unlink(from);
	unlink(to);
	free(from);
	free(to);
}

static void test_link(void) { check_sides(facts->progs.on_link, do_link, "new", true); }
static void test_rename(void) { check_sides(facts->progs.on_rename, do_rename, "new", true); }

/* The entry that a link is made of lies elsewhere. */
static void test_not_in_directory(void)
{
	char *directory = below("directory");

	if (ASSERT_OK(mkdir(directory, 0700), "mkdir"))
		check_sides(facts->progs.on_link, do_link, "directory/new", false);
	rmdir(directory);
	free(directory);
}

static void test_rename_elsewhere(void)
{
	char *directory = below("directory");

	if (ASSERT_OK(mkdir(directory, 0700), "mkdir"))
		check_sides(facts->progs.on_rename, do_rename, "directory/new", true);
	rmdir(directory);
	free(directory);
}

/* What is replaced is there. */
static void test_rename_onto(void)
{
	char *from = below("old"), *to = below("new"), *was, *is;
	struct stat old, new;

	if (!make_old(from, &old) || !make_old(to, &new))
		goto out;
	facts->bss->rule = 1;
	facts->bss->extra = EXTRA_NONE;
	was = text_at(from, &old, " rule-id=1");
	is = text_at(to, &new, " rule-id=1");
	check(facts->progs.on_rename, &(struct change){ do_rename, from, to }, was, is);
	free(was);
	free(is);
out:
	unlink(from);
	unlink(to);
	free(from);
	free(to);
}

/* Where both keys are taken nothing is written, before or behind. */
static void test_once(void)
{
	char *to = below("new"), *text = text_at(to, NULL, " rule-id=42");

	facts->bss->rule = 42;
	facts->bss->extra = EXTRA_AGAIN;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir, NULL, to }, NULL, text);
	ASSERT_EQ(facts->bss->sides[1].extra, -EINVAL, "path_at again");
	ASSERT_EQ(facts->bss->sides[1].rule_again, -EINVAL, "rule again");
	rmdir(to);

	facts->bss->extra = EXTRA_PATH;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir, NULL, to }, NULL, text);
	ASSERT_EQ(facts->bss->sides[1].extra, -EINVAL, "path behind path_at");
	rmdir(to);
	free(text);

	facts->bss->extra = EXTRA_FIRST;
	if (asprintf(&text, " path=\"%s\" dev=\"tmpfs\" ino={num} rule-id=42", dir) < 0)
		return;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir, NULL, to }, NULL, text);
	ASSERT_EQ(facts->bss->sides[1].path_at, -EINVAL, "path_at behind path");
	rmdir(to);
	free(text);
	free(to);
}

/* A device and an inode beside a path would be taken for the path's, whatever it is. */
static void test_keys_taken(void)
{
	char *from = below("old"), *to = below("new"), *was, *is;
	struct stat stat;

	if (!make_old(from, &stat))
		goto out;
	facts->bss->rule = 2;
	facts->bss->extra = EXTRA_OTHER;
	is = text_at(to, NULL, " rule-id=2");
	/* The other one's name: that of a negative entry has no inode with it. */
	was = text_at(from, &stat, " rule-id=2 name=\"new\"");
	check(facts->progs.on_rename, &(struct change){ do_rename, from, to }, was, is);
	ASSERT_EQ(facts->bss->sides[0].extra, 0, "a negative entry's name");
	ASSERT_EQ(facts->bss->sides[1].extra, -EINVAL, "a positive entry's name, dev and ino");
	free(was);
	free(is);
out:
	unlink(from);
	unlink(to);
	free(from);
	free(to);
}

/* Where a spinlock may be held no path is looked up; a number needs none. */
static void test_atomic(void)
{
	int refused = is_realtime() ? -EOPNOTSUPP : 0;
	char *to = below("new");

	facts->bss->rule = 3;
	facts->bss->extra = EXTRA_ATOMIC;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir, NULL, to }, NULL,
	      refused ? "" : " rule-id=3");
	ASSERT_EQ(facts->bss->sides[1].path_at, -EOPNOTSUPP, "path_at");
	ASSERT_EQ(facts->bss->sides[1].rule, refused, "rule");
	rmdir(to);
	free(to);
}

static int escaped = -1;

static long do_mkdir_escaped(const char *from, const char *to)
{
	return mkdirat(escaped, to, 0700);
}

static long do_create_escaped(const char *from, const char *to)
{
	return close(openat(escaped, to, O_CREAT | O_EXCL | O_WRONLY, 0600));
}

static long do_rmdir_escaped(const char *from, const char *to)
{
	return unlinkat(escaped, from, AT_REMOVEDIR);
}

/* A directory that was moved out of what its mount shows has no path. */
static void test_escaped(void)
{
	const char *text = " path=\"/\" rule-id=4";
	char *mounted = below("m/y");

	if (!ASSERT_OK(SYS_NOFAIL("cd %s && mkdir -p x/y m && mount --bind x m", dir), "mount"))
		goto out_free;
	escaped = open(mounted, O_PATH | O_DIRECTORY);
	if (!ASSERT_OK_FD(escaped, "open") ||
	    !ASSERT_OK(SYS_NOFAIL("cd %s && mv x/y y", dir), "move it out"))
		goto out;
	facts->bss->rule = 4;
	facts->bss->extra = EXTRA_NONE;
	check(facts->progs.on_mkdir, &(struct change){ do_mkdir_escaped, NULL, "new" }, NULL, text);
	/* As long as what d_path() appends to one that isn't hashed. */
	check(facts->progs.on_mknod, &(struct change){ do_create_escaped, NULL, "0123456789" },
	      NULL, text);

	/* What is mounted lies in it now: no entry, but it has a path, where it is mounted. */
	if (!ASSERT_OK(SYS_NOFAIL("cd %s && mv x y/x", dir), "move the root"))
		goto out;
	check(facts->progs.on_rmdir, &(struct change){ do_rmdir_escaped, "x", NULL }, " rule-id=4",
	      NULL);
	ASSERT_EQ(facts->bss->sides[0].path_at, -EINVAL, "path_at");
out:
	close(escaped);
	SYS_NOFAIL("cd %s && umount -l m; rm -rf m x y", dir);
out_free:
	free(mounted);
}

static int deep = -1;

static long do_mkdir_deep(const char *from, const char *to)
{
	return mkdirat(deep, to, 0700);
}

/* A directory whose path has @len bytes, all hex in a record. */
static int make_deep(size_t len)
{
	char name[NAME_MAX + 1];
	size_t left, part;
	int at, next;

	at = open(dir, O_PATH | O_DIRECTORY);
	for (left = len - strlen(dir); at >= 0 && left; left -= part + 1) {
		part = left > 202 ? 200 : left - 1;
		memset(name, ' ', part);
		name[part] = '\0';
		mkdirat(at, name, 0700);
		next = openat(at, name, O_PATH | O_DIRECTORY);
		close(at);
		at = next;
	}
	return at;
}

/* What doesn't fit any more is refused, whole; what does may fill the record. */
static void test_too_long(void)
{
	__u32 id = id_of(facts->progs.on_mkdir);
	size_t longest = 0, len;
	char name[NAME_MAX + 1];
	bool fits = true;

	deep = make_deep(3800);
	if (!ASSERT_OK_FD(deep, "make a deep directory"))
		return;
	facts->bss->rule = -1;
	facts->bss->extra = EXTRA_LONG;
	attached = bpf_program__attach(facts->progs.on_mkdir);
	if (!ASSERT_OK_PTR(attached, "attach"))
		goto out;

	/* One more byte of the name takes four more of the record, in path and name. */
	for (len = 150; fits && len < NAME_MAX; len++) {
		struct side *side = &facts->bss->sides[1];
		const struct audit_record *record;
		pid_t pid;

		memset(name, '"', len);
		name[len] = '\0';
		if (!ASSERT_OK(audit_drain(audit), "drain audit"))
			break;
		pid = act(&(struct change){ do_mkdir_deep, NULL, name });
		if (pid < 0 || !ASSERT_EQ(side->path_at, 0, "path_at") ||
		    !ASSERT_EQ(side->extra, 0, "cause and name"))
			break;
		fits = !side->rule;
		expect_of(id, pid, SUBJECT, fits ?
			  " path={str} cause={str} name={str}" RULE :
			  " path={str} cause={str} name={str}");
		if (!settled())
			break;
		record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		if (fits)
			longest = record->len;
		else
			ASSERT_EQ(side->rule, -E2BIG, "rule");
	}
	ASSERT_FALSE(fits, "there is one that doesn't fit");
	ASSERT_LE(longest, AUDIT_MAX_TEXT, "the longest that fits");
	ASSERT_GT(longest, AUDIT_MAX_TEXT - 4, "the longest that fits");
out:
	close(deep);
}

static const struct subtest subtests[] = {
	{ "mkdir", test_mkdir },
	{ "mknod", test_mknod },
	{ "create", test_create },
	{ "in_root", test_in_root },
	{ "symlink", test_symlink },
	{ "unlink", test_unlink },
	{ "rmdir", test_rmdir },
	{ "link", test_link },
	{ "rename", test_rename },
	{ "rename_elsewhere", test_rename_elsewhere },
	{ "rename_onto", test_rename_onto },
	{ "not_in_directory", test_not_in_directory },
	{ "once", test_once },
	{ "keys_taken", test_keys_taken },
	{ "atomic", test_atomic },
	{ "escaped", test_escaped },
	{ "too_long", test_too_long },
};

/* A kernel may have the other kfuncs alone, or no LSM that needs these hooks. */
static bool has_facts(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has;

	if (!ASSERT_OK_PTR(btf, "BTF of the kernel"))
		return false;
	has = has_function(btf, "bpf_audit_log_path_at") && has_function(btf, "bpf_lsm_path_mkdir");
	btf__free(btf);
	if (!has)
		skip("the kernel has no bpf_audit_log_path_at()", ", or no CONFIG_SECURITY_PATH");
	return has;
}

void serial_test_lsm_audit_kfuncs_facts(void)
{
	size_t i;

	if (!open_audit())
		return;
	facts = lsm_audit_kfuncs_facts__open();
	if (!ASSERT_OK_PTR(facts, "open") || !has_facts())
		goto out;
	memset((char *)facts->rodata->cause, '"', 255);
	if (!ASSERT_OK(lsm_audit_kfuncs_facts__load(facts), "load") || !make_file())
		goto out;

	for (i = 0; i < ARRAY_SIZE(subtests); i++) {
		if (test__start_subtest(subtests[i].name))
			run_subtest(&subtests[i]);
	}
out:
	remove_file();
	lsm_audit_kfuncs_facts__destroy(facts);
	audit_close(audit);
}
