// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * lookups KIND...: waits for a byte, and looks up hosts a known, prime number of times, one KIND after the other,
 * in a network without any other host. It prints what it has got: a line for each call.
 *
 *   local     23 getaddrinfo of "localhost"
 *   numeric   7 getaddrinfo of "999.999.999.999", which may be nothing but an address
 *   absent    2 getaddrinfo of "no-such-host.invalid"
 *   names     2 gethostbyname, 3 gethostbyname2, 5 gethostbyname_r and 3 gethostbyname2_r of "localhost"
 *   lost      1 gethostbyname and 2 gethostbyname_r of "no-such-host.invalid", 1 gethostbyname_r without memory
 *   addrs     2 gethostbyaddr, 3 gethostbyaddr_r and 5 getnameinfo of 127.0.0.1
 *   long      1 getaddrinfo of a name of 200 letters and ".invalid"
 *   service   1 getaddrinfo of no host and the service "80"
 *   slow      1 gethostbyname of "localhost", the first one of the process, which has to wait for 100 ms
 *   each      1 getaddrinfo of "localhost" for each byte of input
 *   ends      1 getaddrinfo, the first one, in a thread that an exec of the next KIND ends in the middle of it
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kind.h"

#define CONFIGURATION "/etc/host.conf"
#define ABSENT "no-such-host.invalid"

static char buffer[8192];

static void got(const char *call, int result, const struct hostent *host)
{
	char text[INET6_ADDRSTRLEN];

	printf("%s %d", call, result);
	for (int i = 0; host && host->h_addr_list[i]; i++)
		printf(" %s",
		       inet_ntop(host->h_addrtype, host->h_addr_list[i], text, sizeof(text)));
	printf("\n");
}

static void addrinfo(const char *host, const char *service, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *info = NULL;
	char text[INET6_ADDRSTRLEN];
	int result = getaddrinfo(host, service, &hints, &info);

	printf("getaddrinfo %d", result);
	for (struct addrinfo *one = info; one; one = one->ai_next) {
		const void *ipv4 = &((struct sockaddr_in *)one->ai_addr)->sin_addr;
		const void *ipv6 = &((struct sockaddr_in6 *)one->ai_addr)->sin6_addr;

		printf(" %s", inet_ntop(one->ai_family, one->ai_family == AF_INET6 ? ipv6 : ipv4,
					text, sizeof(text)));
	}
	printf("\n");
	if (info)
		freeaddrinfo(info);
}

static void by_name_r(const char *name, size_t size)
{
	struct hostent host, *found = NULL;
	int error = 0;

	gethostbyname_r(name, &host, buffer, size, &found, &error);
	got("gethostbyname_r", found ? 0 : error, found);
}

static void by_name2_r(const char *name)
{
	struct hostent host, *found = NULL;
	int error = 0;

	gethostbyname2_r(name, AF_INET, &host, buffer, sizeof(buffer), &found, &error);
	got("gethostbyname2_r", found ? 0 : error, found);
}

static void by_address(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct hostent host, *found = NULL;
	int error = 0, i;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < 2; i++)
		check(gethostbyaddr(&address.sin_addr, 4, AF_INET) != NULL, "gethostbyaddr");
	for (i = 0; i < 3; i++)
		gethostbyaddr_r(&address.sin_addr, 4, AF_INET, &host, buffer, sizeof(buffer),
				&found, &error);
	check(found != NULL, "gethostbyaddr_r");
	for (i = 0; i < 5; i++)
		check(!getnameinfo((void *)&address, sizeof(address), buffer, sizeof(buffer), NULL,
				   0, 0),
		      "getnameinfo");
	printf("%s\n", buffer);
}

/* Puts a pipe in the place of a file, in mounts of its own: the first lookup waits there. Returns its name. */
static const char *pipe_configuration(void)
{
	static char name[] = "/tmp/lookups-XXXXXX";

	check(mkdtemp(name) != NULL, "mkdtemp");
	check(!rmdir(name) && !mkfifo(name, 0600), "mkfifo");
	check(!unshare(CLONE_NEWNS), "unshare");
	check(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	check(!mount(name, CONFIGURATION, NULL, MS_BIND, NULL), "mount");
	return name;
}

static void *answer_late(void *name)
{
	int pipe = open(name, O_WRONLY);

	usleep(100000);
	check(write(pipe, "multi on\n", 9) == 9, "write");
	close(pipe);
	unlink(name);
	return NULL;
}

static void *look_up(void *unused)
{
	addrinfo("localhost", NULL, 0);
	return unused;
}

static void run(char **next)
{
	char name[256] = { 0 };
	pthread_t thread;

	if (is("local")) {
		for (int i = 0; i < 23; i++)
			addrinfo("localhost", NULL, 0);
	} else if (is("numeric")) {
		for (int i = 0; i < 7; i++)
			addrinfo("999.999.999.999", NULL, AI_NUMERICHOST);
	} else if (is("absent")) {
		for (int i = 0; i < 2; i++)
			addrinfo(ABSENT, NULL, 0);
	} else if (is("names")) {
		for (int i = 0; i < 2; i++)
			got("gethostbyname", 0, gethostbyname("localhost"));
		for (int i = 0; i < 3; i++)
			got("gethostbyname2", 0, gethostbyname2("localhost", AF_INET));
		for (int i = 0; i < 5; i++)
			by_name_r("localhost", sizeof(buffer));
		for (int i = 0; i < 3; i++)
			by_name2_r("localhost");
	} else if (is("lost")) {
		check(!gethostbyname(ABSENT), "gethostbyname");
		got("gethostbyname", h_errno, NULL);
		for (int i = 0; i < 2; i++)
			by_name_r(ABSENT, sizeof(buffer));
		by_name_r("localhost", 1);
	} else if (is("addrs")) {
		by_address();
	} else if (is("long")) {
		memset(name, 'a', 200);
		for (int i = 60; i < 200; i += 60)
			name[i] = '.';
		strcat(name, ".invalid");
		addrinfo(name, NULL, 0);
	} else if (is("service")) {
		addrinfo(NULL, "80", AI_PASSIVE);
	} else if (is("slow")) {
		check(!pthread_create(&thread, NULL, answer_late, (void *)pipe_configuration()),
		      "pthread_create");
		got("gethostbyname", 0, gethostbyname("localhost"));
		pthread_join(thread, NULL);
		check(!umount2(CONFIGURATION, MNT_DETACH), "umount");
	} else if (is("each")) {
		while (getchar() != EOF)
			addrinfo("localhost", NULL, 0);
	} else if (is("ends")) {
		const char *pipe = pipe_configuration();

		check(!pthread_create(&thread, NULL, look_up, NULL), "pthread_create");
		check(open(pipe, O_WRONLY) >= 0, "open"); /* it is in there */
		check(!unlink(pipe) && !umount2(CONFIGURATION, MNT_DETACH), "umount");
		fflush(stdout);
		execv("/proc/self/exe", next);
		check(0, "execv");
	} else {
		fprintf(stderr, "lookups: unknown kind %s\n", kind);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	check(!unshare(CLONE_NEWNET), "unshare");
	getchar();
	for (int i = 1; i < argc; i++) {
		kind = argv[i];
		run(argv + i);
	}
	return 0;
}
