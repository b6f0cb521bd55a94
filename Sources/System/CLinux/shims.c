#include "CLinux.h"

#include <string.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

int clinux_errno(void) { return errno; }

long clinux_syscall(long number, long a, long b, long c, long d, long e, long f) {
    return syscall(number, a, b, c, d, e, f);
}

int clinux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
int clinux_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}
int clinux_fcntl(int fd, int command, long argument) { return fcntl(fd, command, argument); }
int clinux_ioctl(int fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }
int clinux_ioctl_value(int fd, unsigned long request, unsigned long argument) {
    return ioctl(fd, request, argument);
}
int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
int clinux_close_range(unsigned first, unsigned last, unsigned flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}
int clinux_pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
int clinux_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
int clinux_open_tree(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags);
}
int clinux_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
    return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
int clinux_fsopen(const char *type, unsigned flags) { return (int)syscall(SYS_fsopen, type, flags); }
int clinux_fsconfig(int fd, unsigned command, const char *key, const void *value, int aux) {
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}
int clinux_fsmount(int fd, unsigned flags, unsigned attributes) {
    return (int)syscall(SYS_fsmount, fd, flags, attributes);
}
int clinux_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear,
                         uint64_t propagation, int user_namespace) {
    struct mount_attr attributes = {
        .attr_set = set, .attr_clr = clear, .propagation = propagation, .userns_fd = (uint64_t)user_namespace};
    return (int)syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}
int clinux_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data) {
    return (int)syscall(SYS_mount, source, target, type, flags, data);
}
int clinux_pivot_root(const char *new_root, const char *put_old) {
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}
int clinux_keyctl(int operation, long a, long b) { return (int)syscall(SYS_keyctl, operation, a, b, 0, 0); }

int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int clinux_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

unsigned clinux_major(uint64_t device) { return major(device); }
unsigned clinux_minor(uint64_t device) { return minor(device); }
uint64_t clinux_makedev(unsigned major_number, unsigned minor_number) {
    return makedev(major_number, minor_number);
}
int clinux_wait_exited(int status) { return WIFEXITED(status); }
int clinux_wait_exit_status(int status) { return WEXITSTATUS(status); }
int clinux_wait_signaled(int status) { return WIFSIGNALED(status); }
int clinux_wait_term_signal(int status) { return WTERMSIG(status); }

int clinux_wait_pidfd(int pidfd, int options, int *status) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_PIDFD, (id_t)pidfd, &info, options | WEXITED) < 0) return -1;
    if (info.si_pid == 0) return 1;
    *status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
    return 0;
}

int clinux_bind(int socket, const struct sockaddr *address, socklen_t length) {
    return bind(socket, address, length);
}
int clinux_connect(int socket, const struct sockaddr *address, socklen_t length) {
    return connect(socket, address, length);
}

ssize_t clinux_send_fds(int socket, const void *bytes, size_t length, const int *fds, int count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 8) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t clinux_receive_fds(int socket, void *bytes, size_t length, int *fds, int capacity, int *count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *count = 0;
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int passed = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        int *data = (int *)CMSG_DATA(header);
        for (int i = 0; i < passed; i++) {
            if (*count < capacity)
                fds[(*count)++] = data[i];
            else
                close(data[i]); // more than asked for must not leak
        }
    }
    return received;
}
