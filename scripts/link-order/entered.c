// Tells which functions of a static program are entered, in the order of their first calls.
//
// entered TEXT END ADDRESSES OUTPUT PROGRAM [ARGUMENT...]
//
// The program is traced with all the processes that it makes (ptrace(2)). Each address of the file ADDRESSES that
// lies in its text, from TEXT to END, gets a breakpoint, which is taken away when it is hit. OUTPUT gets the
// addresses that were. Numbers are hexadecimal. Processes that execute another program, or live on when this one ends,
// go on untraced. At SIGUSR1 all begins anew, after a line `-` in OUTPUT; SIGTERM is passed on to the program.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t breakpoint = 0xcc;
static uint64_t text_start, text_size;
// Of each byte of the text: what it is, whether a function begins there, and whether that was entered.
static uint8_t *text, *is_function, *is_entered;
static volatile sig_atomic_t begins_anew, program;

static int open_memory(pid_t pid) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) err(1, "%s", path);
	return fd;
}

static void take_signal(int signal) {
	if (signal == SIGUSR1) begins_anew = 1;
	else if (program > 0) kill(program, signal);
}

static void set_breakpoints(pid_t pid, int is_first) {
	int memory = open_memory(pid);
	if (is_first && pread(memory, text, text_size, (off_t)text_start) != (ssize_t)text_size) err(1, "read text");
	uint8_t *with = malloc(text_size);
	memcpy(with, text, text_size);
	for (uint64_t i = 0; i < text_size; i++)
		if (is_function[i]) with[i] = breakpoint;
	if (pwrite(memory, with, text_size, (off_t)text_start) != (ssize_t)text_size) err(1, "write text");
	free(with);
	close(memory);
}

// A breakpoint leaves the processor behind its one byte; the function's first byte is put back and executed.
static void enter(pid_t pid, FILE *output) {
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0) return;
	uint64_t at = registers.rip - 1;
	if (at < text_start || at >= text_start + text_size || !is_function[at - text_start]) return;
	int memory = open_memory(pid);
	if (pwrite(memory, text + (at - text_start), 1, (off_t)at) != 1) err(1, "restore text");
	close(memory);
	registers.rip = at;
	ptrace(PTRACE_SETREGS, pid, 0, &registers);
	if (is_entered[at - text_start]) return;
	is_entered[at - text_start] = 1;
	fprintf(output, "%lx\n", (unsigned long)at);
}

int main(int argc, char **argv) {
	if (argc < 6) errx(2, "usage: entered TEXT END ADDRESSES OUTPUT PROGRAM [ARGUMENT...]");
	text_start = strtoull(argv[1], NULL, 16);
	text_size = strtoull(argv[2], NULL, 16) - text_start;
	text = calloc(3, text_size);
	is_function = text + text_size;
	is_entered = is_function + text_size;
	FILE *addresses = fopen(argv[3], "r"), *output = fopen(argv[4], "w");
	if (!addresses || !output) err(1, "open");
	unsigned long address;
	while (fscanf(addresses, "%lx", &address) == 1)
		if (address >= text_start && address < text_start + text_size) is_function[address - text_start] = 1;

	struct sigaction action = { .sa_handler = take_signal };
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	program = fork();
	if (program == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[5], argv + 5);
		_exit(127);
	}
	int status, is_set = 0;
	waitpid(program, &status, 0);
	ptrace(PTRACE_SETOPTIONS, program, 0,
	       PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
	ptrace(PTRACE_CONT, program, 0, 0);
	for (;;) {
		if (begins_anew && is_set) {
			begins_anew = 0;
			memset(is_entered, 0, text_size);
			set_breakpoints(program, 0);
			fprintf(output, "-\n");
		}
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR) continue;
		if (pid < 0) err(1, "wait");
		if (!WIFSTOPPED(status)) {
			if (pid == program) break;
			continue;
		}
		int signal = WSTOPSIG(status), event = status >> 16;
		if (event == PTRACE_EVENT_EXEC && pid != program) {
			ptrace(PTRACE_DETACH, pid, 0, 0);
			continue;
		} else if (event == PTRACE_EVENT_EXEC && !is_set) {
			set_breakpoints(pid, 1);
			is_set = 1;
		} else if (signal == SIGTRAP && !event) {
			enter(pid, output);
		}
		// What the tracing itself makes of signals is not the program's.
		if (event || signal == SIGSTOP || signal == SIGTRAP) signal = 0;
		ptrace(PTRACE_CONT, pid, 0, signal);
	}
	return fclose(output) == 0 ? 0 : 1;
}
