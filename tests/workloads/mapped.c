// SPDX-License-Identifier: GPL-2.0 OR MIT
/* mapped FILE...: maps a page of code of each file, and prints how many could be mapped. At a line of its input
 * it maps the last file in the place of the first, and ends with its input.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	void *first = NULL;
	int fd = -1, count = 0;

	for (int i = 1; i < argc; i++) {
		void *place;

		fd = open(argv[i], O_RDONLY);
		place = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		if (place == MAP_FAILED)
			continue;
		if (!count++)
			first = place;
	}
	printf("count %x\nready\n", count);
	fflush(stdout);
	while (getchar() == '\n') {
		if (mmap(first, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
			return 1;
		printf("ready\n");
		fflush(stdout);
	}
	return 0;
}
