// clone3(2), which the C library does not wrap.
#include "CLinux.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct clone_args arguments(uint64_t flags, int exit_signal, int cgroup, int *pidfd) {
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = flags;
    args.exit_signal = (uint64_t)exit_signal;
    if (pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)pidfd;
    }
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    return args;
}

pid_t clinux_clone3(uint64_t flags, int exit_signal, int cgroup, int *pidfd) {
    struct clone_args args = arguments(flags, exit_signal, cgroup, pidfd);
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

struct start {
    int gate;
    int peer;
    clinux_child_body body;
    void *context;
};

// First code of a child that shares memory: nothing but system calls before the gate opens.
__attribute__((noreturn, used)) static void child_start(struct start *start) {
    char byte;
    ssize_t got;
    close(start->peer);
    do got = read(start->gate, &byte, 1);
    while (got < 0 && errno == EINTR);
    int status = got == 1 ? start->body(start->context) : 1;
    syscall(SYS_exit_group, status);
    __builtin_unreachable();
}

pid_t clinux_clone_shared(uint64_t flags, int exit_signal, int cgroup, int *pidfd, void *stack,
                          size_t stack_size, int gate, int peer, clinux_child_body body, void *context) {
    struct clone_args args = arguments(flags | CLONE_VM, exit_signal, cgroup, pidfd);
    args.stack = (uint64_t)(uintptr_t)stack;
    // The child's parameters lie at the top of its stack.
    struct start *start = (struct start *)((char *)stack + stack_size - 64);
    start->gate = gate;
    start->peer = peer;
    start->body = body;
    start->context = context;
    args.stack_size = stack_size - 64;
    long result;
#if defined(__x86_64__)
    register struct start *kept __asm__("r12") = start;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r12, %%rdi\n\t"
                     "call child_start\n\t"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(&args), "S"(sizeof args), "r"(kept)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)&args;
    register long x1 __asm__("x1") = (long)sizeof args;
    register struct start *kept __asm__("x19") = start;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x19\n\t"
                     "bl child_start\n\t"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(kept)
                     : "x30", "memory");
    result = x0;
#else
#error "clone for this architecture is missing"
#endif
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (pid_t)result;
}

int clinux_run_apart(uint64_t namespaces, clinux_child_body body, void *context) {
    const size_t size = 1 << 20;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return -1;
    // The lowest page stays out of reach, so that an overflow ends the child instead of corrupting us.
    mprotect(stack, 4096, PROT_NONE);
    // A handler would run in the child with this program's memory, and believe that it is this program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    // No signal at its end: whoever waits for children does not see it, but with __WALL.
    pid_t child = clone(body, stack + size, (int)(CLONE_VM | CLONE_VFORK | CLONE_FILES | namespaces), context);
    int failure = errno, result = -1;
    if (child > 0) {
        int status = 0;
        while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {}
        failure = EINTR;
        if (WIFEXITED(status)) result = WEXITSTATUS(status);
    }
    munmap(stack, size);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return result;
}

ssize_t clinux_send_and_wait(int fd, const void *message, size_t length, void *answer, size_t capacity) {
    ssize_t count;
    do count = send(fd, message, length, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    // From here on the other side may be running in this program's memory: a passing failure must not let both run.
    do count = recv(fd, answer, capacity, 0);
    while (count < 0 && (errno == EINTR || errno == ENOMEM || errno == ENOBUFS));
    return count;
}

void clinux_send_and_exit(int fd, const void *message, size_t length, int status) {
    send(fd, message, length, MSG_NOSIGNAL);
    syscall(SYS_exit_group, status);
    __builtin_unreachable();
}
