// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Questions of DNS over loopback: dns [ADDRESS:]PORT QUESTION...
 *
 * Each QUESTION is asked through a socket of its own, is of type A, or AAAA with a 6 before it, and has the name
 * `QUESTION.example.test`. Its first two letters say what a server, a process of its own, does:
 *
 *	ok	it has an address, 192.0.2.7 or 2001:db8::7, by an alias
 *	no	there is no such name
 *	lo	nothing
 *	la	nothing until it is asked the third time, 20 ms behind each other, then as with ok
 *	od	as with ok; the name has bytes in it that names of hosts have not
 *	po	an answer whose names point to themselves
 *	sh	the first 5 bytes of an answer
 *	wr	an answer to another question
 *
 * Prints `PID SERVER`: two pids.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kind.h"

#define HEADER 12
#define MOST 512
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28

/* a dot and a backslash within a label, a control character, a space, and what is none of ASCII */
static const char odd[] = "\x0c"
			  "od.\\\x1b[31m \xff\x7f";

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} server;
static socklen_t server_size;

struct message {
	unsigned char bytes[MOST];
	int size;
};

static void put16(struct message *message, int value)
{
	message->bytes[message->size++] = value >> 8;
	message->bytes[message->size++] = value;
}

static void put(struct message *message, const void *bytes, int size)
{
	memcpy(message->bytes + message->size, bytes, size);
	message->size += size;
}

static void put_label(struct message *message, const char *label, int size)
{
	message->bytes[message->size++] = size;
	put(message, label, size);
}

static void put_name(struct message *message, const char *name)
{
	if (strncmp(name, "od", 2) == 0)
		put(message, odd, sizeof(odd) - 1);
	else
		put_label(message, name, strlen(name));
	put_label(message, "example", 7);
	put_label(message, "test", 4);
	message->bytes[message->size++] = 0;
}

static struct message question(int id, const char *name, int type)
{
	struct message message = {};

	put16(&message, id);
	put16(&message, 0x0100); /* recursion desired */
	put16(&message, 1);
	message.size = HEADER;
	put_name(&message, name);
	put16(&message, type);
	put16(&message, 1);
	return message;
}

/* Behind the question: an alias of it, and the address of that. */
static void put_answer(struct message *message, int type, int is_loop)
{
	static const unsigned char addresses[2][16] = {
		{ 192, 0, 2, 7 },
		{ 0x20, 0x01, 0x0d, 0xb8, [15] = 7 },
	};
	int alias, size = type == TYPE_A ? 4 : 16;

	message->bytes[7] = 2;
	put16(message, is_loop ? 0xc000 | message->size : 0xc000 | HEADER);
	put16(message, TYPE_CNAME);
	put16(message, 1);
	put16(message, 0);
	put16(message, 300);
	put16(message, 7);
	alias = message->size;
	put_label(message, "real", 4);
	put16(message, 0xc000 | HEADER);
	put16(message, 0xc000 | alias);
	put16(message, type);
	put16(message, 1);
	put16(message, 0);
	put16(message, 60);
	put16(message, size);
	put(message, addresses[type != TYPE_A], size);
}

/* Returns how often this question has come. */
static int asked_again(const struct message *message)
{
	static int counts[1 << 16];

	return ++counts[message->bytes[0] << 8 | message->bytes[1]];
}

/* Makes an answer of a question. Returns how many bytes of it are sent. */
static int answer(struct message *message)
{
	char how[3] = { message->bytes[HEADER + 1], message->bytes[HEADER + 2] };
	int type = message->bytes[message->size - 3];

	kind = how;
	if (is("lo") || (is("la") && asked_again(message) < 3))
		return 0;
	message->bytes[2] |= 0x80;
	message->bytes[3] |= 0x80 | (is("no") ? 3 : 0);
	if (!is("no"))
		put_answer(message, type, is("po"));
	if (is("wr"))
		message->bytes[HEADER + 1] = 'x';
	return is("sh") ? 5 : message->size;
}

static void serve(int fd)
{
	prctl(PR_SET_NAME, "dns-server");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t from_size = sizeof(from);
		struct message message;
		int size;

		message.size =
			recvfrom(fd, message.bytes, MOST, 0, (struct sockaddr *)&from, &from_size);
		if (message.size < 0)
			continue; /* a client that does not wait has refused an answer */
		size = answer(&message);
		if (size)
			sendto(fd, message.bytes, size, 0, (struct sockaddr *)&from, from_size);
	}
}

static int make_socket(void)
{
	int fd = socket(server.any.sa_family, SOCK_DGRAM, 0);

	check(fd >= 0, "socket");
	return fd;
}

static void ask(int id, const char *name)
{
	int type = name[0] == '6' ? TYPE_AAAA : TYPE_A, fd = make_socket();
	struct message message = question(id, type == TYPE_AAAA ? ++name : name, type);
	char received[MOST], how[3] = { name[0], name[1] };

	check(connect(fd, &server.any, server_size) == 0, "connect");
	kind = how;
	for (int times = is("la") ? 3 : 1; times > 0; times--) {
		check(write(fd, message.bytes, message.size) == message.size, "write");
		if (times > 1)
			usleep(20000);
	}
	if (!is("lo"))
		check(read(fd, received, MOST) > 0, "read");
	close(fd);
}

static void set_address(char *text)
{
	char *port = strrchr(text, ':');
	const char *address = port ? text : "127.0.0.1";

	if (port)
		*port++ = 0;
	else
		port = text;
	if (inet_pton(AF_INET, address, &server.in.sin_addr) == 1) {
		server.in.sin_family = AF_INET;
		server.in.sin_port = htons(atoi(port));
		server_size = sizeof(server.in);
	} else {
		check(inet_pton(AF_INET6, address, &server.in6.sin6_addr) == 1, address);
		server.in6.sin6_family = AF_INET6;
		server.in6.sin6_port = htons(atoi(port));
		server_size = sizeof(server.in6);
	}
}

int main(int argc, char **argv)
{
	pid_t serving;
	int fd;

	check(argc >= 3, "usage: dns [ADDRESS:]PORT QUESTION...");
	set_address(argv[1]);
	fd = make_socket();
	check(bind(fd, &server.any, server_size) == 0, "bind");
	serving = fork();
	if (serving == 0)
		serve(fd);
	close(fd);
	for (int i = 2; i < argc; i++)
		ask(0x4000 + i, argv[i]);
	printf("%d %d\n", getpid(), serving);
	kill(serving, SIGKILL);
	wait(NULL);
	return 0;
}
