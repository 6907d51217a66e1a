// SPDX-License-Identifier: MIT
/* threads COUNT: this many threads that each make two system calls a second, until killed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *work(void *nothing)
{
	for (;;) {
		syscall(SYS_getppid, 0);
		usleep(1000000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int i, count = atoi(argv[1]);
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (i = 0; i < count; i++) {
		if (pthread_create(&thread, &attributes, work, NULL))
			return 1;
	}
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
