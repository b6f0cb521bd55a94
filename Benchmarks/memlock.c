// Preloaded into crun where the host withholds CAP_SYS_RESOURCE: crun raises RLIMIT_MEMLOCK before it loads
// its device program and gives up when it may not. Since Linux 5.11 a BPF program's memory is charged to the
// memory cgroup and not to that limit, so nothing is lost when the call does nothing.
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    if (resource == RLIMIT_MEMLOCK) return 0;
    return syscall(SYS_prlimit64, 0, resource, limit, 0);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) {
    return setrlimit(resource, (const struct rlimit *)limit);
}
