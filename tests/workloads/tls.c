// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What is sent by TLS from one end of a connection to the other, both in this process: tls openssl|gnutls
 *
 * The connection is made when the first byte of the input comes, and each byte is a round of writes and reads. Prints
 * `FUNCTION BYTES` for each call that has succeeded, and no line for those that have not. Byte number i of a write of
 * this many bytes is number (i + BYTES) % 251.
 *
 * The libraries are opened as it runs, so no headers of theirs are needed. Nobody is authenticated.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kind.h"

static const int sizes[] = { 1, 17, 1009, 4099, 16384, 16411, 20011 };

#define COUNT ((int)(sizeof(sizes) / sizeof(*sizes)))
#define MOST 20011
#define RECORD 16384

static char sent[MOST], received[MOST];
static void *library;

static void *function(const char *name)
{
	void *found = dlsym(library, name);

	check(found != NULL, name);
	return found;
}

/* Declares a function of the library as a variable of its name. */
#define USE(result, name, ...) result (*name)(__VA_ARGS__) = function(#name)

static void say(const char *name, long bytes)
{
	printf("%s %ld\n", name, bytes);
	fflush(stdout);
}

static void fill(int size)
{
	for (int i = 0; i < size; i++)
		sent[i] = (i + size) % 251;
}

static int next_round(void)
{
	char byte;

	return read(0, &byte, 1) == 1;
}

/* Numbers of openssl/ssl.h and openssl/tls1.h. */
#define SSL_CTRL_SET_MAX_PROTO_VERSION 124
#define TLS1_2_VERSION 0x0303
#define PAIR_BYTES (64 * 1024)

static void run_openssl(void)
{
	USE(void *, TLS_method, void);
	USE(void *, SSL_CTX_new, void *);
	USE(long, SSL_CTX_ctrl, void *, int, long, void *);
	USE(int, SSL_CTX_set_cipher_list, void *, const char *);
	USE(void *, SSL_new, void *);
	USE(void, SSL_set_connect_state, void *);
	USE(void, SSL_set_accept_state, void *);
	USE(int, BIO_new_bio_pair, void **, size_t, void **, size_t);
	USE(void, SSL_set_bio, void *, void *, void *);
	USE(int, SSL_do_handshake, void *);
	USE(int, SSL_write, void *, const void *, int);
	USE(int, SSL_write_ex, void *, const void *, size_t, size_t *);
	USE(int, SSL_read, void *, void *, int);
	USE(int, SSL_read_ex, void *, void *, size_t, size_t *);
	USE(int, SSL_peek, void *, void *, int);
	void *context = SSL_CTX_new(TLS_method()), *client, *server, *near, *far;
	int client_is_ready = 0, server_is_ready = 0;

	SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_2_VERSION, NULL);
	check(SSL_CTX_set_cipher_list(context, "AECDH-AES128-SHA:@SECLEVEL=0"), "ciphers");
	client = SSL_new(context);
	server = SSL_new(context);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	check(BIO_new_bio_pair(&near, PAIR_BYTES, &far, PAIR_BYTES), "BIO_new_bio_pair");
	SSL_set_bio(client, near, near);
	SSL_set_bio(server, far, far);
	while (!client_is_ready || !server_is_ready) {
		if (!client_is_ready && (client_is_ready = SSL_do_handshake(client) == 1))
			say("SSL_do_handshake", 0);
		if (!server_is_ready && (server_is_ready = SSL_do_handshake(server) == 1))
			say("SSL_do_handshake", 0);
	}
	do {
		for (int i = 0; i < COUNT; i++) {
			int left = sizes[i];
			size_t done;

			fill(left);
			check(SSL_read(server, received, MOST) < 0, "nothing is there yet");
			if (i % 2) {
				check(SSL_write_ex(client, sent, left, &done), "SSL_write_ex");
				say("SSL_write_ex", done);
			} else {
				say("SSL_write", SSL_write(client, sent, left));
			}
			check(SSL_peek(server, received, 1) == 1, "SSL_peek");
			for (; left > 0; left -= done) {
				if (i % 2)
					check(SSL_read_ex(server, received, MOST, &done),
					      "SSL_read_ex");
				else
					done = SSL_read(server, received, MOST);
				say(i % 2 ? "SSL_read_ex" : "SSL_read", done);
				check(memcmp(sent + sizes[i] - left, received, done) == 0, "data");
			}
		}
	} while (next_round());
}

/* Numbers of gnutls/gnutls.h. */
#define GNUTLS_SERVER 1
#define GNUTLS_CLIENT 2
#define GNUTLS_NONBLOCK 8
#define GNUTLS_CRD_ANON 2

static void run_gnutls(void)
{
	USE(int, gnutls_init, void **, unsigned int);
	USE(int, gnutls_priority_set_direct, void *, const char *, const char **);
	USE(int, gnutls_anon_allocate_client_credentials, void **);
	USE(int, gnutls_anon_allocate_server_credentials, void **);
	USE(int, gnutls_credentials_set, void *, int, void *);
	USE(void, gnutls_transport_set_int2, void *, int, int);
	USE(int, gnutls_handshake, void *);
	USE(ssize_t, gnutls_record_send, void *, const void *, size_t);
	USE(ssize_t, gnutls_record_send2, void *, const void *, size_t, size_t, unsigned int);
	USE(ssize_t, gnutls_record_recv, void *, void *, size_t);
	USE(ssize_t, gnutls_record_recv_seq, void *, void *, size_t, unsigned char *);
	void *client, *server, *credentials;
	int client_is_ready = 0, server_is_ready = 0, ends[2];
	unsigned char number[8];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
	check(gnutls_init(&client, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0, "gnutls_init");
	check(gnutls_init(&server, GNUTLS_SERVER | GNUTLS_NONBLOCK) == 0, "gnutls_init");
	for (int i = 0; i < 2; i++) {
		void *end = i ? server : client;

		check(gnutls_priority_set_direct(
			      end, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH", NULL) == 0,
		      "priorities");
		if (i)
			gnutls_anon_allocate_server_credentials(&credentials);
		else
			gnutls_anon_allocate_client_credentials(&credentials);
		gnutls_credentials_set(end, GNUTLS_CRD_ANON, credentials);
		gnutls_transport_set_int2(end, ends[i], ends[i]);
	}
	while (!client_is_ready || !server_is_ready) {
		if (!client_is_ready && (client_is_ready = gnutls_handshake(client) == 0))
			say("gnutls_handshake", 0);
		if (!server_is_ready && (server_is_ready = gnutls_handshake(server) == 0))
			say("gnutls_handshake", 0);
	}
	do {
		for (int i = 0; i < COUNT; i++) {
			int size = sizes[i] < RECORD ? sizes[i] : RECORD;
			ssize_t done;

			fill(size);
			check(gnutls_record_recv(server, received, MOST) < 0,
			      "nothing is there yet");
			if (i % 2)
				done = gnutls_record_send2(client, sent, size, 0, 0);
			else
				done = gnutls_record_send(client, sent, size);
			say(i % 2 ? "gnutls_record_send2" : "gnutls_record_send", done);
			if (i % 2)
				done = gnutls_record_recv_seq(server, received, MOST, number);
			else
				done = gnutls_record_recv(server, received, MOST);
			say(i % 2 ? "gnutls_record_recv_seq" : "gnutls_record_recv", done);
			check(done == size && memcmp(sent, received, done) == 0, "data");
		}
	} while (next_round());
}

int main(int argc, char **argv)
{
	check(argc == 2, "usage: tls openssl|gnutls");
	kind = argv[1];
	if (!next_round())
		return 0;
	library = dlopen(is("gnutls") ? "libgnutls.so.30" : "libssl.so.3", RTLD_NOW);
	check(library != NULL, "dlopen");
	if (is("gnutls"))
		run_gnutls();
	else
		run_openssl();
	return 0;
}
