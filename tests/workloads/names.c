// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * names [KIND...]: looks for names in the folder that it is started in, a known, prime number of times, one KIND
 * after the other.
 *
 *   stat      23 files: folder/file0 and so on
 *   absent    7 names that are not there
 *   create    5 files that are made, by an open
 *   reopen    3 of them, by an open that would make them
 *   mkdir     11 folders that are made, and taken away
 *   unlink    13 files that are to be taken away, and are not there
 *   rename    2 of the files that create has made, to names that are not there
 *   odd       a name of 255 bytes that is not there, with a newline, an escape and a byte that is no UTF-8
 *   together  101 files, many/many0 and so on, by 7 threads at the same time
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kind.h"

#define THREADS 7
#define MANY 101

static pthread_barrier_t start;

static const char *numbered(const char *name, int number)
{
	static __thread char text[32];

	snprintf(text, sizeof(text), "%s%d", name, number);
	return text;
}

static void done(int result)
{
	check(result == 0, kind);
}

static void absent(int result)
{
	check(result < 0 && errno == ENOENT, "a name that must not be there");
}

static void opened(const char *name, int flags)
{
	int file = open(name, O_WRONLY | O_CREAT | flags, 0600);

	check(file >= 0, name);
	close(file);
}

static void *stat_many(void *unused)
{
	struct stat status;

	pthread_barrier_wait(&start);
	for (int i = 0; i < MANY; i++)
		done(stat(numbered("many/many", i), &status));
	return unused;
}

static void together(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		done(pthread_create(&threads[i], NULL, stat_many, NULL));
	for (int i = 0; i < THREADS; i++)
		done(pthread_join(threads[i], NULL));
}

static void odd(void)
{
	struct stat status;
	char name[256] = "";

	memset(name, 'x', 255);
	memcpy(name, "\033[31m\n\xff", 7);
	absent(stat(name, &status));
}

static void rename_created(int i)
{
	char old[32];

	snprintf(old, sizeof(old), "created%d", i);
	done(rename(old, numbered("renamed", i)));
}

static void run(void)
{
	struct stat status;

	for (int i = 0; is("stat") && i < 23; i++)
		done(stat(numbered("folder/file", i), &status));
	for (int i = 0; is("absent") && i < 7; i++)
		absent(stat(numbered("absent", i), &status));
	for (int i = 0; is("create") && i < 5; i++)
		opened(numbered("created", i), O_EXCL);
	for (int i = 0; is("reopen") && i < 3; i++)
		opened(numbered("created", i), 0);
	for (int i = 0; is("mkdir") && i < 11; i++) {
		done(mkdir(numbered("made", i), 0700));
		done(rmdir(numbered("made", i)));
	}
	for (int i = 0; is("unlink") && i < 13; i++)
		absent(unlink(numbered("gone", i)));
	for (int i = 0; is("rename") && i < 2; i++)
		rename_created(i);
	if (is("odd"))
		odd();
	if (is("together"))
		together();
}

int main(int argc, char **argv)
{
	while (*++argv) {
		kind = *argv;
		run();
	}
	return 0;
}
