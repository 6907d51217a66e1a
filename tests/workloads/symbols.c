// SPDX-License-Identifier: GPL-2.0 OR MIT
/* symbols: prints where its functions are, then does what the lines of its input say.
 *   open FILE NAME   loads a library and prints where its function is
 *   close            unloads it
 *   jit              makes a page of code and prints where it is
 *   exec             executes itself again
 * Answers are lines of `what address`; `ready` ends each. It ends with its input.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE __attribute__((noinline, noclone, used))

/* What compilers of C++ and Rust would call these. */
CODE int add(int n) __asm__("_ZN4shop7CounterIiE3addEi");
CODE int pad(int n) __asm__("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE");
CODE int push(int n) __asm__("_RNvMs_NtCs1234_7mycrate4pathNtB4_7PathBuf4push");

static volatile int sink;

CODE int add(int n)
{
	return sink += n;
}
CODE int pad(int n)
{
	return sink -= n;
}
CODE int push(int n)
{
	return sink *= n;
}
CODE int exported_function(int n)
{
	return sink ^= n;
}
static CODE int static_function(int n)
{
	return sink |= n;
}

static void *caller;

static CODE __attribute__((noreturn)) void tell_and_leave(void (*tell)(void))
{
	caller = __builtin_return_address(0);
	tell();
	exit(0);
}

/* Ends with the call: the return address is that of whatever comes behind. */
static CODE __attribute__((noreturn)) void ends_with_a_call(void (*tell)(void))
{
	tell_and_leave(tell);
}

static void print(const char *what, const void *address)
{
	printf("%s %lx\n", what, (unsigned long)address);
}

static char *executable;

static void serve(void)
{
	char line[4096], path[2048], name[2048];
	void *library = NULL;

	print("static", static_function);
	print("exported", exported_function);
	print("c++", add);
	print("rust", pad);
	print("rust_v0", push);
	print("getpid", dlsym(RTLD_DEFAULT, "getpid"));
	print("return", caller);
	print("vdso", (const void *)getauxval(AT_SYSINFO_EHDR));
	for (;;) {
		printf("ready\n");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return;
		if (sscanf(line, "open %2047s %2047s", path, name) == 2) {
			library = dlopen(path, RTLD_NOW);
			print("opened", library ? dlsym(library, name) : NULL);
		} else if (!strcmp(line, "close\n")) {
			dlclose(library);
		} else if (!strcmp(line, "jit\n")) {
			print("jit", mmap(NULL, 4096, PROT_READ | PROT_EXEC,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		} else if (!strcmp(line, "exec\n")) {
			execl(executable, executable, NULL);
		}
	}
}

int main(int argc, char **argv)
{
	executable = argv[0];
	ends_with_a_call(serve);
}
