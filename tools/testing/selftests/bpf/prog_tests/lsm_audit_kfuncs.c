// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs for BPF LSM programs: what each of them writes, to the byte,
 * and what each refuses, also of objects that are new or about to go.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "lsm_audit_objects.h"

static void check_file_text(int call, int arg, const char *key, const char *string,
			    const char *more, act_fn act, const void *act_arg)
{
	const struct step steps[] = { { call, .arg = arg }, {} };
	char *text = text_of(key, string, strlen(string), file_stat.st_ino, more);

	check_record(steps, text, act, act_arg);
	free(text);
}

static void test_start(void)
{
	/* A record with no field: the head is all there is. */
	if (attach(skel->progs.on_file))
		check_record(NULL, "", act_ioctl_file, NULL);
}

static void test_cause(void)
{
	char cause[CAUSE_ROOM], untrusted[AUDIT_UNTRUSTED_LEN(CAUSE_ROOM)];
	char text[16 + sizeof(untrusted)];
	int i;

	if (!attach(skel->progs.on_file))
		return;

	for (i = 0; i < NR_CAUSES; i++) {
		struct step steps[] = { { CALL_CAUSE, .arg = i }, {} };
		size_t len;

		write_cause(i, cause);
		len = strlen(cause);
		snprintf(text, sizeof(text), " cause=%s", audit_untrusted(untrusted, cause, len));
		if (len < 1 || len > 255) {
			steps[0].ret = -EINVAL;
			text[0] = '\0';
		}
		if (!check_record(steps, text, act_ioctl_file, NULL))
			printf("that was the cause %d: '%s'\n", i, cause);
	}
}

static void test_cap(void)
{
	int caps[] = { 0, 21, last_cap() }, i;
	char text[32];

	if (!ASSERT_GT(caps[2], 0, "the last capability") || !attach(skel->progs.on_file))
		return;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		const struct step steps[] = { { CALL_CAP, .arg = caps[i] }, {} };

		/* The space behind is audit_log_lsm_data()'s. */
		snprintf(text, sizeof(text), " capability=%d ", caps[i]);
		check_record(steps, text, act_ioctl_file, NULL);
	}

	const struct step wrong[] = {
		{ CALL_CAP, .arg = -1, .ret = -EINVAL },
		{ CALL_CAP, .arg = caps[2] + 1, .ret = -EINVAL },
		{ CALL_CAP, .arg = INT_MAX, .ret = -EINVAL },
		{ CALL_CAP, .arg = INT_MIN, .ret = -EINVAL },
		{}
	};

	check_record(wrong, "", act_ioctl_file, NULL);
}

static bool act_mkdir(const void *path)
{
	return !mkdir(path, 0700) && !rmdir(path);
}

static void test_path(void)
{
	const struct step steps[] = { { CALL_PATH }, {} };
	char path[sizeof(dir) + 4], *text;
	struct stat root;

	if (attach(skel->progs.on_file))
		check_file_text(CALL_PATH, 0, "path", file_path, "", act_ioctl_file, NULL);

	/* A path that the hook gets as such: the directory in which one is made. */
	if (!ASSERT_OK(stat(dir, &root), "stat") || !attach(skel->progs.on_mkdir))
		return;
	snprintf(path, sizeof(path), "%s/new", dir);
	text = text_of("path", dir, strlen(dir), root.st_ino, "");
	check_record(steps, text, act_mkdir, path);
	free(text);
}

static void test_file(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	int fd;

	if (!attach(skel->progs.on_file))
		return;
	check_file_text(CALL_FILE, 0, "path", file_path, "", act_ioctl_file, NULL);

	/* Longer than d_path() can say. */
	fd = open_deep(PATH_MAX + 100);
	if (ASSERT_OK_FD(fd, "open a deep file")) {
		check_record(steps, " path=\"<too_long>\" dev={str} ino={num}", act_ioctl, &fd);
		close(fd);
	}
}

/* A file like ours, on a tmpfs of a namespace of one's own. */
static bool act_ioctl_twin(const void *unused)
{
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) ||
	    !write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", "0 0 1") ||
	    !write_file("/proc/self/gid_map", "0 0 1") ||
	    mount("none", dir, "tmpfs", 0, NULL))
		return false;
	fd = open(file_path, O_RDWR | O_CREAT | O_EXCL, 0600);
	return fd >= 0 && act_ioctl(&fd);
}

/* Path, device and number don't tell which of two files it is. */
static void test_twin(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	char text[PATH_MAX];

	if (!can_make_user_namespace())
		return;
	snprintf(text, sizeof(text), " path=\"%s\" dev=\"tmpfs\" ino=%lu", file_path,
		 file_stat.st_ino);
	if (attach(skel->progs.on_file)) {
		check_record(steps, text, act_ioctl_file, NULL);
		check_record(steps, text, act_ioctl_twin, NULL);
	}
}

static void test_ioctl_op(void)
{
	if (!attach(skel->progs.on_file))
		return;
	check_file_text(CALL_IOCTL_OP, 0x5401, "path", file_path, " ioctlcmd=0x5401",
			act_ioctl_file, NULL);
	check_file_text(CALL_IOCTL_OP, 0, "path", file_path, " ioctlcmd=0x0", act_ioctl_file,
			NULL);
	check_file_text(CALL_IOCTL_OP, 0xffff, "path", file_path, " ioctlcmd=0xffff",
			act_ioctl_file, NULL);
}

static void test_dentry(void)
{
	const struct step steps[] = { { CALL_DENTRY }, {} };
	char path[sizeof(dir) + 4];

	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_DENTRY, 0, "name", strrchr(file_path, '/') + 1, "", act_fchmod,
				&file_fd);

	/* A negative one, which has no inode yet. */
	snprintf(path, sizeof(path), "%s/new", dir);
	if (attach(skel->progs.on_mkdir))
		check_record(steps, " name=\"new\"", act_mkdir, path);
}

static void test_inode(void)
{
	if (attach(skel->progs.on_file))
		check_file_text(CALL_INODE, 0, "name", strrchr(file_path, '/') + 1, "",
				act_ioctl_file, NULL);
	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_INODE, 0, "name", strrchr(file_path, '/') + 1, "", act_fchmod,
				&file_fd);
}

static bool act_link_and_fchmod(const void *path)
{
	return !link(file_path, path) && act_fchmod(&file_fd) && !unlink(path);
}

/* The name of an inode is that of any link: of the newest, as the kernel keeps them. */
static void test_inode_with_links(void)
{
	char path[sizeof(dir) + 8];

	snprintf(path, sizeof(path), "%s/chosen", dir);
	if (attach(skel->progs.on_dentry))
		check_file_text(CALL_INODE, 0, "name", "chosen", "", act_link_and_fchmod, path);
}

static bool act_setnice(const void *pid)
{
	return !setpriority(PRIO_PROCESS, *(const pid_t *)pid, 1);
}

static void test_task(void)
{
	static const char * const names[] = { "object", "an object", "\"x\" opid=1", "\xff\n", "" };
	const struct step steps[] = { { CALL_TASK }, {} };
	char text[128], comm[AUDIT_UNTRUSTED_LEN(16)];
	pid_t object;
	int i;

	if (!attach(skel->progs.on_task))
		return;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		object = start_object(names[i]);
		if (object < 0)
			return;
		snprintf(text, sizeof(text), " opid=%d ocomm=%s", object,
			 audit_untrusted(comm, names[i], strlen(names[i])));
		check_record(steps, text, act_setnice, &object);
		stop_process(object);
	}
}

static bool act_close_file(const void *unused)
{
	int fd = open(file_path, O_RDONLY);

	return fd >= 0 && !close(fd);
}

static void test_release(void)
{
	const struct step steps[] = { { CALL_FILE }, {} };
	char text[PATH_MAX];

	snprintf(text, sizeof(text), " path=\"%s\" dev={str} ino=%lu", file_path,
		 file_stat.st_ino);
	if (attach(skel->progs.on_file_release))
		check_record(steps, text, act_close_file, NULL);
}

/*
 * The kernel releases the file, after the task has given up its root directory. The
 * path is that in the task's mount namespace.
 */
static bool act_exit_with_file(const void *unused)
{
	int fd = open(file_path, O_RDONLY);

	if (fd >= 0)
		_exit(0);
	return false;
}

static void test_release_at_exit(void)
{
	static const int calls[] = { CALL_PATH, CALL_FILE, CALL_IOCTL_OP };
	const struct step inode[] = { { CALL_INODE }, {} };
	char text[128];
	int i;

	if (!attach(skel->progs.on_file_release))
		return;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct step steps[] = { { calls[i] }, {} };

		snprintf(text, sizeof(text), " path=\"%s\" dev={str} ino=%lu%s", file_path,
			 file_stat.st_ino, calls[i] == CALL_IOCTL_OP ? " ioctlcmd=0x0" : "");
		check_record(steps, text, act_exit_with_file, NULL);
	}
	snprintf(text, sizeof(text), " name=\"file\" dev={str} ino=%lu", file_stat.st_ino);
	check_record(inode, text, act_exit_with_file, NULL);
	skel->bss->tgid = 0;
}

/* Hooks that the verifier trusts, though their object isn't complete. */

static bool act_fork(const void *unused)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return waitpid(pid, NULL, 0) == pid;
}

static void test_half_made_task(void)
{
	const struct step steps[] = { { CALL_TASK }, {} };

	/* It has its parent's name, and still its process. */
	if (attach(skel->progs.on_task_alloc))
		check_record(steps, " opid={num} ocomm=\"" SUBJECT "\"", act_fork, NULL);
}

static bool act_socket(const void *unused)
{
	return socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}

static void test_half_made_inode(void)
{
	const struct step steps[] = { { CALL_INODE }, {} };

	/* It has neither name nor number. */
	if (attach(skel->progs.on_inode_alloc))
		check_record(steps, " dev={str} ino=0", act_socket, NULL);
}

static bool act_drop_file(const void *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	return fd >= 0 && !unlink(path) && !close(fd);
}

static void test_dying_inode(void)
{
	const struct step steps[] = { { CALL_INODE }, {} };
	char path[sizeof(dir) + 8];

	/* Its name is gone. */
	snprintf(path, sizeof(path), "%s/dying", dir);
	if (attach(skel->progs.on_inode_free))
		check_record(steps, " dev={str} ino={num}", act_drop_file, path);
}

static const struct subtest subtests[] = {
	{ "start", test_start },
	{ "cause", test_cause },
	{ "cap", test_cap },
	{ "path", test_path },
	{ "file", test_file },
	{ "twin", test_twin },
	{ "ioctl_op", test_ioctl_op },
	{ "dentry", test_dentry },
	{ "inode", test_inode },
	{ "inode_with_links", test_inode_with_links },
	{ "task", test_task },
	{ "release", test_release },
	{ "release_at_exit", test_release_at_exit },
	{ "half_made_task", test_half_made_task },
	{ "half_made_inode", test_half_made_inode },
	{ "dying_inode", test_dying_inode },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
