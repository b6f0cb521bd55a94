// The floor: the least that makes a container out of a root file system and a program.
//
//   floor [--complete | --groups] ROOTFS PROGRAM
//
// Clones into new pid, mount, uts, ipc, net and cgroup namespaces, mounts what the benchmark's config.json
// mounts (proc, /dev, devpts, shm, mqueue, sysfs, the cgroup view), pivots and executes. No configuration is
// read, no state kept, no cgroup made, no capability dropped, no filter loaded. With --complete it also makes
// the device nodes and covers the masked and read-only paths, as every runtime here must. With --groups it
// does that, too, and is in a control group of its own in every hierarchy, which it makes and removes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned long PLAIN = MS_NOSUID | MS_NOEXEC | MS_NODEV;
static int complete, groups;
static char **arguments;
// Of the groups: the folders, and the descriptors of the version 1 ones' `tasks`. The first is version 2's.
static char folders[32][160];
static int tasks[32], group_count;

static void must(long result, const char *what) {
    if (result == 0) return;
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    _exit(1);
}

// What runc shows on a host with v1 controllers: a tmpfs with one mount per hierarchy; else the v2 tree.
static void mount_cgroups(void) {
    static char lines[4096];
    int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t count = read(file, lines, sizeof lines - 1);
    close(file);
    if (count <= 0) must(-1, "read /proc/self/cgroup");
    if (!strncmp(lines, "0::", 3)) {
        must(mount("cgroup", "sys/fs/cgroup", "cgroup2", PLAIN | MS_RDONLY, NULL), "mount cgroup2");
        return;
    }
    must(mount("tmpfs", "sys/fs/cgroup", "tmpfs", PLAIN, "mode=755"), "mount /sys/fs/cgroup");
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        char *kind = strchr(line, ':') + 1, target[128], option[128];
        *strchr(kind, ':') = 0;
        if (!*kind) continue;
        int named = !strncmp(kind, "name=", 5);
        snprintf(target, sizeof target, "sys/fs/cgroup/%s", named ? kind + 5 : kind);
        snprintf(option, sizeof option, named ? "none,%s" : "%s", kind);
        must(mkdir(target, 0755), target);
        must(mount("cgroup", target, "cgroup", PLAIN | MS_RDONLY, option), target);
    }
    must(mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND | PLAIN | MS_RDONLY, NULL), "protect cgroups");
}

static void make_devices(void) {
    static const struct { const char *path; int major, minor; } nodes[] = {
        {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
        {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
    };
    static const char *const links[][2] = {
        {"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
        {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"},
    };
    umask(0);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void cover_paths(void) {
    static const char *const masked[] = {
        "proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list",
        "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi",
    };
    static const char *const protected[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
    for (size_t i = 0; i < sizeof protected / sizeof *protected; i++) {
        if (mount(protected[i], protected[i], NULL, MS_BIND | MS_REC, NULL)) {
            if (errno != ENOENT) must(-1, protected[i]);
            continue;
        }
        must(mount(NULL, protected[i], NULL, MS_REMOUNT | MS_BIND | PLAIN | MS_RDONLY, NULL), protected[i]);
    }
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
        if (!mount("dev/null", masked[i], NULL, MS_BIND, NULL) || errno == ENOENT) continue;
        if (errno != ENOTDIR) must(-1, masked[i]);
        must(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=4k,nr_inodes=1,mode=555"), masked[i]);
    }
}

static void make_groups(void) {
    static char lines[4096];
    int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t count = read(file, lines, sizeof lines - 1);
    close(file);
    if (count <= 0) must(-1, "read /proc/self/cgroup");
    int unified = !strncmp(lines, "0::", 3);
    snprintf(folders[group_count++], sizeof *folders, "/sys/fs/cgroup%s/floor-%d", unified ? "" : "/unified", getpid());
    for (char *line = strtok(lines, "\n"); line && !unified; line = strtok(NULL, "\n")) {
        char *kind = strchr(line, ':') + 1;
        *strchr(kind, ':') = 0;
        if (!*kind) continue;
        snprintf(folders[group_count++], sizeof *folders, "/sys/fs/cgroup/%s/floor-%d",
                 strncmp(kind, "name=", 5) ? kind : kind + 5, getpid());
    }
    for (int i = 0; i < group_count; i++) {
        char path[200], value[64];
        must(mkdir(folders[i], 0755), folders[i]);
        if (i == 0) continue;
        snprintf(path, sizeof path, "%s/tasks", folders[i]);
        tasks[i] = open(path, O_WRONLY | O_CLOEXEC);
        if (!strstr(folders[i], "/cpuset/")) continue;
        // Takes no process before it has processors and memory.
        static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
        for (int k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "/sys/fs/cgroup/cpuset/%s", files[k]);
            int from = open(path, O_RDONLY | O_CLOEXEC);
            ssize_t length = read(from, value, sizeof value);
            close(from);
            snprintf(path, sizeof path, "%s/%s", folders[i], files[k]);
            int to = open(path, O_WRONLY | O_CLOEXEC);
            must(write(to, value, length) != length, path);
            close(to);
        }
    }
}

static int child(void *rootfs) {
    for (int i = 1; i < group_count; i++) must(write(tasks[i], "0", 1) != 1, folders[i]);
    if (groups) must(unshare(CLONE_NEWCGROUP), "unshare cgroup namespace");
    must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "make / slave");
    must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), rootfs);
    must(chdir(rootfs), rootfs);
    must(mount("proc", "proc", "proc", 0, NULL), "mount /proc");
    must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "mount /dev");
    must(mkdir("dev/pts", 0755) | mkdir("dev/shm", 0755) | mkdir("dev/mqueue", 0755), "mkdir in /dev");
    must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
               "newinstance,ptmxmode=0666,mode=0620,gid=5"), "mount /dev/pts");
    must(mount("shm", "dev/shm", "tmpfs", PLAIN, "mode=1777,size=65536k"), "mount /dev/shm");
    must(mount("mqueue", "dev/mqueue", "mqueue", PLAIN, NULL), "mount /dev/mqueue");
    must(mount("sysfs", "sys", "sysfs", PLAIN | MS_RDONLY, NULL), "mount /sys");
    mount_cgroups();
    if (complete) make_devices();
    if (complete) cover_paths();
    must(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "protect the root");
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "leave the old root");
    must(chdir("/"), "chdir /");
    static char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    execve(arguments[0], arguments, environment);
    must(-1, arguments[0]);
    return 1;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "--groups")) groups = 1;
    if (argc > 1 && (groups || !strcmp(argv[1], "--complete"))) complete = 1, argv++, argc--;
    if (argc < 3) {
        fprintf(stderr, "usage: floor [--complete | --groups] ROOTFS PROGRAM ARG...\n");
        return 2;
    }
    arguments = argv + 2;
    static char stack[65536] __attribute__((aligned(16)));
    int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    pid_t pid;
    if (groups) {
        make_groups();
        int unified = open(folders[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct clone_args how = {.flags = flags | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = unified};
        pid = syscall(SYS_clone3, &how, sizeof how);
        if (pid == 0) child(argv[1]);
    } else {
        pid = clone(child, stack + sizeof stack, flags | CLONE_NEWCGROUP | CLONE_VM | CLONE_VFORK | SIGCHLD, argv[1]);
    }
    if (pid < 0) must(-1, "clone");
    int status;
    must(waitpid(pid, &status, 0) != pid, "wait");
    for (int i = 0; i < group_count; i++) must(rmdir(folders[i]), folders[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
