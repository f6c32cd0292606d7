// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start one process after the other, each of which opens, binds, connects,
 * sends and kills. On SIGTERM, say how many there were.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = 1;
}

static void act(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd;

	close(open("/etc/hostname", O_RDONLY));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) ||
	    getsockname(fd, (struct sockaddr *)&address, &len) ||
	    connect(fd, (struct sockaddr *)&address, len) || send(fd, "", 1, 0) != 1)
		_exit(1);
	close(fd);
	kill(getppid(), 0);
}

int main(void)
{
	unsigned int processes;
	int status;
	pid_t pid;

	signal(SIGTERM, stop);
	for (processes = 0; !stopped; processes++) {
		pid = fork();
		if (!pid) {
			signal(SIGTERM, SIG_DFL);
			act();
			_exit(0);
		}
		while (waitpid(pid, &status, 0) < 0)
			;
		if (pid < 0 || status)
			return 1;
	}
	printf("%u\n", processes);
	return 0;
}
