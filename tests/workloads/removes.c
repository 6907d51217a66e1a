// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * removes [KIND...]: makes files in the folder that it is started in, and removes them, a known, prime number of
 * times, one KIND after the other.
 *
 *   short     23 files that are made and unlinked; each has 100 bytes
 *   keep      9001 files that stay
 *   make      29 files that stay, for
 *   remove    unlinks these
 *   links     5 files with two names, of which first one is unlinked, then the other
 *   moved     3 files that are renamed before they are unlinked
 *   replaced  11 files that are replaced by a rename of another, which is then unlinked
 *   tmpfile   2 files of O_TMPFILE that are linked and unlinked
 *   nodes     13 FIFOs, 1 socket and 17 symbolic links that are made and unlinked
 *   dirs      5 mkdir and rmdir
 *   exchange  3 exchanges of two files that are there before and behind them
 *   long      a file whose name has 255 letters
 *   fail      7 unlinks of a folder, 3 rmdir of one that is not empty, 2 renames of one into itself
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "kind.h"

static void done(int result)
{
	check(result == 0, kind);
}

static void fails(int result)
{
	check(result < 0, "a call that must fail");
}

static void make(const char *name)
{
	char data[100] = "";
	int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	check(file >= 0, name);
	check(write(file, data, sizeof(data)) == sizeof(data), "write");
	close(file);
}

static const char *numbered(const char *name, int number)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s%d", name, number);
	return text;
}

static void tmpfiles(void)
{
	for (int i = 0; i < 2; i++) {
		int file = open(".", O_WRONLY | O_TMPFILE, 0600);
		char path[32];

		check(file >= 0, "O_TMPFILE");
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		done(linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
		close(file);
		done(unlink("linked"));
	}
}

static void nodes(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int bound = socket(AF_UNIX, SOCK_STREAM, 0);

	for (int i = 0; i < 13; i++) {
		done(mkfifo("fifo", 0600));
		done(unlink("fifo"));
	}
	done(bind(bound, (void *)&address, sizeof(address)));
	done(unlink("socket"));
	for (int i = 0; i < 17; i++) {
		done(symlink("nowhere", "symlink"));
		done(unlink("symlink"));
	}
}

static void longest(void)
{
	char name[256] = "";

	memset(name, 'x', 255);
	make(name);
	done(unlink(name));
}

static void fail(void)
{
	done(mkdir("folder", 0700));
	done(mkdir("folder/below", 0700));
	for (int i = 0; i < 7; i++)
		fails(unlink("folder"));
	for (int i = 0; i < 3; i++)
		fails(rmdir("folder"));
	for (int i = 0; i < 2; i++)
		fails(rename("folder", "folder/below/folder"));
}

static void run(void)
{
	for (int i = 0; is("short") && i < 23; i++) {
		make("short");
		done(unlink("short"));
	}
	for (int i = 0; is("keep") && i < 9001; i++)
		make(numbered("keep", i));
	for (int i = 0; is("make") && i < 29; i++)
		make(numbered("make", i));
	for (int i = 0; is("remove") && i < 29; i++)
		done(unlink(numbered("make", i)));
	for (int i = 0; is("links") && i < 5; i++) {
		make("first");
		done(link("first", "second"));
		done(unlink("first"));
		done(unlink("second"));
	}
	for (int i = 0; is("moved") && i < 3; i++) {
		make("old");
		done(rename("old", "new"));
		done(unlink("new"));
	}
	for (int i = 0; is("replaced") && i < 11; i++) {
		make("target");
		make("source");
		done(rename("source", "target"));
		done(unlink("target"));
	}
	for (int i = 0; is("dirs") && i < 5; i++) {
		done(mkdir("dir", 0700));
		done(rmdir("dir"));
	}
	if (is("exchange")) {
		make("one");
		make("two");
		for (int i = 0; i < 3; i++)
			done(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_EXCHANGE));
	}
	if (is("tmpfile"))
		tmpfiles();
	if (is("nodes"))
		nodes();
	if (is("long"))
		longest();
	if (is("fail"))
		fail();
}

int main(int argc, char **argv)
{
	while (*++argv) {
		kind = *argv;
		run();
	}
	return 0;
}
