// What Swift's Glibc module cannot import: variadic system calls, macros with arguments, and structures of
// newer kernels than the C library's headers know. Shims only; every decision is made in Swift.
#ifndef CLINUX_H
#define CLINUX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

/// errno of the last failed call of this thread.
int clinux_errno(void);

/// A raw system call; the C library's convention: -1 and errno on failure.
long clinux_syscall(long number, long a, long b, long c, long d, long e, long f);

// Variadic calls of the C library, with their one used form.
int clinux_open(const char *path, int flags, mode_t mode);
int clinux_openat(int directory, const char *path, int flags, mode_t mode);
int clinux_fcntl(int fd, int command, long argument);
int clinux_ioctl(int fd, unsigned long request, void *argument);
int clinux_ioctl_value(int fd, unsigned long request, unsigned long argument);
int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

// Calls that Debian 12's C library has no wrapper for.
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int clinux_close_range(unsigned first, unsigned last, unsigned flags);
int clinux_pidfd_open(pid_t pid, unsigned flags);
int clinux_pidfd_send_signal(int pidfd, int signal);
int clinux_open_tree(int directory, const char *path, unsigned flags);
int clinux_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int clinux_fsopen(const char *type, unsigned flags);
int clinux_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux);
int clinux_fsmount(int fd, unsigned flags, unsigned attributes);
int clinux_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear,
                         uint64_t propagation, int user_namespace);
int clinux_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data);
int clinux_pivot_root(const char *new_root, const char *put_old);
int clinux_keyctl(int operation, long a, long b);

/// The body of a process made by `clinux_clone_shared`; its result is the exit status.
typedef int (*clinux_child_body)(void *context);

/// clone3(2) that goes on in the child as fork(2) does: 0 there, the process id here.
/// `cgroup` is a descriptor for CLONE_INTO_CGROUP, or -1; `pidfd` may be NULL.
pid_t clinux_clone3(uint64_t flags, int exit_signal, int cgroup, int *pidfd);

/// clone3(2) whose child shares this program's memory (CLONE_VM) and runs `body` on a stack of its own.
/// The caller and the child must never run at once: the child first waits for one byte on `gate`, and from
/// then on the two hand control to each other with `clinux_send_and_wait`. The child first closes its copy of
/// `peer`, the caller's end of the gate, so that it sees the end when the caller dies.
pid_t clinux_clone_shared(uint64_t flags, int exit_signal, int cgroup, int *pidfd, void *stack,
                          size_t stack_size, int gate, int peer, clinux_child_body body, void *context);

/// Runs `body` in a process of its own that shares this program's memory and descriptors, with a working folder and
/// the given namespaces (CLONE_NEW… flags) to itself, while the calling thread sleeps (CLONE_VFORK). As for the thread
/// nothing else changes, `body` may do what it may do, in a program of many threads, too; it must not end them.
/// Its result, 0 to 127; -1 with errno where there is no such process, or it was killed (EINTR).
int clinux_run_apart(uint64_t namespaces, clinux_child_body body, void *context);

/// Sends `length` bytes on a seqpacket socket and waits for the answer, with nothing run in between; the
/// number of bytes received, 0 when the peer is gone, -1 with errno.
ssize_t clinux_send_and_wait(int fd, const void *message, size_t length, void *answer, size_t capacity);

/// Sends a last message and ends this process, with nothing run in between.
__attribute__((noreturn)) void clinux_send_and_exit(int fd, const void *message, size_t length, int status);

// bind(2) and connect(2), whose address is a union of pointers with the GNU extensions.
int clinux_bind(int socket, const struct sockaddr *address, socklen_t length);
int clinux_connect(int socket, const struct sockaddr *address, socklen_t length);

/// Descriptor passing: at most 8 descriptors.
ssize_t clinux_send_fds(int socket, const void *bytes, size_t length, const int *fds, int count);
ssize_t clinux_receive_fds(int socket, void *bytes, size_t length, int *fds, int capacity, int *count);

/// posix_spawn_file_actions_addclosefrom_np(3), which needs _GNU_SOURCE.
int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
int clinux_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);

// Macros with arguments.
unsigned clinux_major(uint64_t device);
unsigned clinux_minor(uint64_t device);
uint64_t clinux_makedev(unsigned major, unsigned minor);
int clinux_wait_exited(int status);
int clinux_wait_exit_status(int status);
int clinux_wait_signaled(int status);
int clinux_wait_term_signal(int status);

/// waitid(2) on a pidfd; the status in the form of wait(2). 0 reaped, 1 still running (WNOHANG), -1 errno.
int clinux_wait_pidfd(int pidfd, int options, int *status);

// The deferred calls of an exec plan: see ExecPlan.swift.
#define CLINUX_PLAN_IGNORE_ERROR 1u   // go on when the call fails
#define CLINUX_PLAN_ARG_ARGV 4u       // argument 1 is the program's own argv, argument 2 its envp
#define CLINUX_PLAN_TOLERATE_EPERM 8u // go on when the kernel answers EPERM or EACCES
#define CLINUX_PLAN_ZERO_ENDS 16u     // a result of 0 ends the plan: nobody is at a read's other end any more
#define CLINUX_PLAN_ARG_RESULT 32u    // argument 0 is the result of the call before
#define CLINUX_PLAN_RELOCATE 0xffffffffu // not a call: adds argument 1 and the plan's address to *argument 0
#define CLINUX_PLAN_REPORT 0xfffffffeu   // not a call: failures go to the descriptor in argument 0 from here on
#define CLINUX_PLAN_LEAVE 0xfffffffdu    // not a call: failures are left at the result of the call before, too

struct clinux_plan_call {
    uint32_t number;
    uint32_t flags;
    uint32_t relocate; // bit i: argument i is an offset into the plan
    uint32_t failure;  // offset of the message that reports a failure: see below
    uint32_t failure_length;
    uint32_t reserved;
    int64_t argument[6];
};

struct clinux_plan_header {
    uint32_t magic;
    uint32_t calls;
    uint32_t size;
    int32_t report; // descriptor that gets the message of a failure, or -1
    int32_t failure_status;
    uint32_t reserved;
};

// A failure's message in the plan: this, with errno filled in by the trampoline, and the name of what failed.
struct clinux_plan_failure {
    uint32_t word; // 'X'
    int32_t error;
};

#define CLINUX_PLAN_MAGIC 0x53574c54u

/// The bytes of the trampoline program, an ELF executable for this machine (see trampoline.c).
const void *clinux_trampoline(size_t *size);

#endif
