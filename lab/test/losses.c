// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user can do to the records of his denials (losses.bpf.c): two
 * processes fill and empty the caches that contexts come from, by setxattr(), while
 * a third is denied one fcntl() after the other, at most MOST. Prints how many:
 * losses SECONDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* No more than memory has room for, were none of them read. */
#define MOST 200000

static void fill(size_t size)
{
	static const char value[64];
	int fd = open("/tmp", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		fsetxattr(fd, "user.losses", value, size, 0);
}

int main(int argc, char **argv)
{
	unsigned long denied;
	pid_t fillers[2];
	time_t end;
	int i;

	if (argc != 2 || setgid(1000) || setuid(1000))
		return 2;

	for (i = 0; i < 2; i++) {
		fillers[i] = fork();
		if (!fillers[i])
			fill(i ? 32 : 16);
	}

	end = time(NULL) + atoi(argv[1]);
	for (denied = 0; denied < MOST && time(NULL) < end; denied++)
		if (fcntl(0, F_GETFD) != -1 || errno != EPERM)
			return 1;

	for (i = 0; i < 2; i++)
		if (fillers[i] > 0)
			kill(fillers[i], SIGKILL);
	printf("%lu\n", denied);
	return 0;
}
