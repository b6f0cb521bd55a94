// Times programs against each other in alternating rounds.
//
//   timer ROUNDS WARMUP { : NAME [OPTION]... PROGRAM ARG... [+ PROGRAM ARG...]... }...
//
// Each `:` begins one contestant. A round runs every contestant once, in an order that turns by one each
// round, so that a slow moment of the machine hits all of them. `+` joins programs that are timed as one
// (create + start + delete). An argument's `@` becomes an id that no other run has.
//   -r DIR  empty and remove this folder before each round, outside the measured time
//   -e N=V  set an environment variable
//   -c      in a mount namespace of its own with a cgroup v2 tree on /sys/fs/cgroup (what crun wants)
//   -j N    start N copies at once, with ids of their own, and wait for all
//
// Prints a line per contestant, separated by tabs: name, wall time in ms (median, least, 90th percentile),
// user + system time in ms (median), peak resident memory of the largest process in KiB (median), minor page
// faults (median). All descendants count, also those that their parents leave behind.
//
// Every contestant has a worker, a small static process, so that vfork is cheap and a process's resident
// peak, which the kernel inherits over exec, is the program's own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONTESTANTS = 16, MAX_STEPS = 8, MAX_ARGS = 32, MAX_COPIES = 128, MAX_FOLDERS = 4 };

struct contestant {
    const char *name;
    char **steps[MAX_STEPS];
    int step_count;
    const char *folders[MAX_FOLDERS];
    int folder_count;
    char *variable;
    int copies;
    int private_cgroups;
    int to_worker, from_worker;
};

struct sample {
    int failed;
    double wall, cpu, rss, faults;
};

extern char **environ;

static void fail(const char *what, const char *object) {
    fprintf(stderr, "timer: %s %s: %s\n", what, object, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f) {
    (void)s, (void)kind, (void)f;
    return remove(path);
}

// Replaces a lone `@`, or one inside of an argument, by the id. The copies live in `text`.
static void expand(char **from, char **to, char *text, size_t size, const char *id) {
    int n = 0;
    for (; from[n] && n < MAX_ARGS - 1; n++) {
        char *at = strchr(from[n], '@');
        to[n] = from[n];
        if (!at) continue;
        int used = snprintf(text, size, "%.*s%s%s", (int)(at - from[n]), from[n], id, at + 1);
        to[n] = text;
        text += used + 1;
        size -= used + 1;
    }
    to[n] = NULL;
}

static char *arguments[MAX_COPIES][MAX_STEPS][MAX_ARGS];
static char texts[MAX_COPIES][MAX_STEPS][512];

static pid_t launch(char **argv, int errors) {
    pid_t pid = vfork();
    if (pid == 0) {
        dup2(errors, 2);
        execve(argv[0], argv, environ);
        _exit(127);
    }
    if (pid < 0) fail("vfork for", argv[0]);
    return pid;
}

static void account(struct sample *s, const struct rusage *u) {
    s->cpu += (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 + (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
    if (u->ru_maxrss > s->rss) s->rss = u->ru_maxrss;
    s->faults += u->ru_minflt;
}

// Runs the steps of every copy: a copy's next step begins when its last one has ended.
static struct sample run(struct contestant *c, int round, int errors) {
    struct sample s = {0};
    pid_t pids[MAX_COPIES];
    int step[MAX_COPIES], left = c->copies;
    for (int i = 0; i < c->copies; i++) {
        char id[64];
        snprintf(id, sizeof id, "bench-%d-%d-%d", getpid(), round, i);
        for (int k = 0; k < c->step_count; k++)
            expand(c->steps[k], arguments[i][k], texts[i][k], sizeof texts[i][k], id);
        step[i] = 0;
    }
    double begin = now();
    for (int i = 0; i < c->copies; i++) pids[i] = launch(arguments[i][0], errors);
    while (left > 0) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, 0, &usage);
        if (pid < 0) fail("wait for", c->name);
        double ended = now();
        account(&s, &usage);
        for (int i = 0; i < c->copies; i++) {
            if (pids[i] != pid) continue;
            if (status != 0) s.failed = 1;
            if (!s.failed && ++step[i] < c->step_count) {
                pids[i] = launch(arguments[i][step[i]], errors);
            } else {
                pids[i] = -1;
                left--;
                s.wall = ended - begin;
            }
        }
    }
    // What was left behind came to us, the subreaper. It has ended or is about to.
    int status;
    struct rusage usage;
    while (wait4(-1, &status, s.failed ? WNOHANG : 0, &usage) > 0) account(&s, &usage);
    return s;
}

static void worker(struct contestant *c) {
    int errors = memfd_create("errors", 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (c->private_cgroups) {
        if (unshare(CLONE_NEWNS)) fail("unshare for", c->name);
        if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("make private", "/");
        if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL)) fail("mount cgroup2 for", c->name);
    }
    if (c->variable) putenv(c->variable);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    close(null);
    int round;
    while (read(c->to_worker, &round, sizeof round) == sizeof round) {
        for (int i = 0; i < c->folder_count; i++)
            if (nftw(c->folders[i], remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
                fail("remove", c->folders[i]);
        struct sample s = run(c, round, errors);
        if (s.failed) {
            char text[2048];
            ssize_t n = pread(errors, text, sizeof text - 1, 0);
            text[n > 0 ? n : 0] = 0;
            fprintf(stderr, "%s failed: %s\n", c->name, text);
        }
        if (ftruncate(errors, 0)) fail("empty the errors of", c->name);
        lseek(errors, 0, SEEK_SET);
        if (write(c->from_worker, &s, sizeof s) != sizeof s) exit(1);
    }
    exit(0);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, int count, double q) {
    qsort(values, count, sizeof *values, ascending);
    return values[(int)(q * (count - 1) + 0.5)];
}

static int parse(char **argv, struct contestant *all) {
    int count = 0;
    struct contestant *c = NULL;
    for (char **a = argv; *a; a++) {
        if (!strcmp(*a, ":")) {
            if (count == MAX_CONTESTANTS || !a[1]) exit(2);
            *a = NULL;
            c = &all[count++];
            *c = (struct contestant){.name = *++a, .copies = 1};
            for (; a[1] && a[1][0] == '-'; a++) {
                switch (a[1][1]) {
                case 'r':
                    if (c->folder_count == MAX_FOLDERS) exit(2);
                    c->folders[c->folder_count++] = a[2], a++;
                    break;
                case 'e': c->variable = a[2], a++; break;
                case 'c': c->private_cgroups = 1; break;
                case 'j': c->copies = atoi(a[2]), a++; break;
                default: exit(2);
                }
            }
            c->steps[c->step_count++] = a + 1;
        } else if (!strcmp(*a, "+")) {
            if (c->step_count == MAX_STEPS) exit(2);
            *a = NULL;
            c->steps[c->step_count++] = a + 1;
        }
    }
    return count;
}

int main(int argc, char **argv) {
    static struct contestant all[MAX_CONTESTANTS];
    if (argc < 6) {
        fprintf(stderr, "usage: timer ROUNDS WARMUP : NAME [-r DIR] [-e N=V] [-c] [-j N] PROGRAM ARG... [+ ...] ...\n");
        return 2;
    }
    int rounds = atoi(argv[1]), warmup = atoi(argv[2]), count = parse(argv + 3, all);
    if (rounds < 1) return 2;
    for (int i = 0; i < count; i++) {
        int there[2], back[2];
        if (all[i].copies < 1 || all[i].copies > MAX_COPIES) return 2;
        if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC)) fail("pipe for", all[i].name);
        pid_t pid = fork();
        if (pid < 0) fail("fork for", all[i].name);
        all[i].to_worker = pid ? there[1] : there[0];
        all[i].from_worker = pid ? back[0] : back[1];
        if (!pid) worker(&all[i]);
        close(there[0]);
        close(back[1]);
    }
    double *values[MAX_CONTESTANTS][4];
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 4; k++) values[i][k] = calloc(rounds, sizeof(double));
    for (int round = -warmup; round < rounds; round++) {
        for (int turn = 0; turn < count; turn++) {
            int i = (turn + round + warmup) % count, number = round + warmup;
            struct sample s;
            if (write(all[i].to_worker, &number, sizeof number) != sizeof number) fail("ask", all[i].name);
            if (read(all[i].from_worker, &s, sizeof s) != sizeof s) fail("hear from", all[i].name);
            if (s.failed) return 1;
            if (round < 0) continue;
            values[i][0][round] = s.wall;
            values[i][1][round] = s.cpu;
            values[i][2][round] = s.rss;
            values[i][3][round] = s.faults;
        }
    }
    for (int i = 0; i < count; i++)
        printf("%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.0f\t%.0f\n", all[i].name, quantile(values[i][0], rounds, 0.5),
               quantile(values[i][0], rounds, 0), quantile(values[i][0], rounds, 0.9),
               quantile(values[i][1], rounds, 0.5), quantile(values[i][2], rounds, 0.5),
               quantile(values[i][3], rounds, 0.5));
    return 0;
}
