// SPDX-License-Identifier: GPL-2.0 OR MIT
/* many_mappings DEPTH COUNT: maps code of one file COUNT times, at a path of DEPTH folders whose names are as
 * long as they may be and all newlines, each of which /proc/PID/maps shows as four characters. Prints how
 * many there are, and ends with its input.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[256];
	int fd, count = 0;

	if (argc < 3)
		return 2;
	memset(name, '\n', 255);
	name[255] = 0;
	for (int i = 0; i < atoi(argv[1]); i++) {
		if (mkdir(name, 0700) || chdir(name))
			return 1;
	}
	fd = open("code", O_RDWR | O_CREAT, 0700);
	if (fd < 0 || ftruncate(fd, 8192))
		return 1;
	/* One page of two each time, or the kernel would make one mapping of all. */
	while (count < atoi(argv[2]) && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
					     count % 2 * 8192 / 2) != MAP_FAILED)
		count++;
	printf("count %x\nready\n", count);
	fflush(stdout);
	getchar();
	return 0;
}
