// The trampoline: a program of a few kilobytes that a container's first process becomes before it becomes
// the container's own program.
//
// It carries out a list of system calls that Swift code has prepared (ExecPlan.swift) and has no other
// logic. It exists for three reasons:
//  - /proc/self/exe of every process that enters a container is a sealed memory file, never the installed
//    runtime, so an image cannot overwrite the runtime (CVE-2019-5736);
//  - its exec is what ends the sharing of memory with the runtime, five times cheaper than executing the
//    runtime a second time;
//  - a created container that waits for `start` holds 20 KB and none of the runtime's memory.
//
// The code below is linked into the runtime, in a section of its own, position-independent and without a
// reference to anything outside; at run time it is put behind an ELF header into a memory file.
#include "CLinux.h"

#include <elf.h>
#include <string.h>

#define IN_TRAMPOLINE __attribute__((section("swiftlet_tramp"), noinline, used))
#define ENTRY __attribute__((section("swiftlet_tramp"), naked, used))

extern const char __start_swiftlet_tramp[], __stop_swiftlet_tramp[];

// Scalars, not arrays: an array's initial values would become a constant outside of this section.
static inline __attribute__((always_inline)) long raw_call(long number, long a, long b, long c, long d, long e,
                                                           long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#endif
}

// A seccomp filter may refuse even exit_group(2). An illegal instruction needs nobody's leave: the kernel ends the
// process by a signal, the first one of a pid namespace, too.
static inline __attribute__((always_inline, noreturn)) void leave(int status) {
    raw_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
    __builtin_trap();
}

__attribute__((noreturn)) IN_TRAMPOLINE void clinux_trampoline_main(long *stack) {
    // argv[0] is for who looks at the process; the program's own arguments follow. Behind its environment stands the
    // plan's descriptor in decimal, where ps(1) does not show it.
    char **argv = (char **)(stack + 1);
    char **envp = (char **)(stack + 1 + stack[0] + 1);
    char **last = envp;
    while (last[1]) last++;
    long plan_fd = 0;
    for (const char *digit = *last; *digit; digit++) plan_fd = plan_fd * 10 + (*digit - '0');
    *last = 0;

    struct clinux_plan_header header;
    if (raw_call(SYS_pread64, plan_fd, (long)&header, sizeof header, 0, 0, 0) != sizeof header ||
        header.magic != CLINUX_PLAN_MAGIC)
        leave(126);
    long mapped = raw_call(SYS_mmap, 0, header.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, plan_fd, 0);
    if (mapped < 0 && mapped > -4096) leave(126);
    char *plan = (char *)mapped;
    raw_call(SYS_close, plan_fd, 0, 0, 0, 0, 0);

    struct clinux_plan_call *calls = (struct clinux_plan_call *)(plan + sizeof header);
    long report = header.report;
    long result = -1;
    volatile char *left = 0; // volatile: a plain loop would become a call of memcpy(3), which is outside
    for (uint32_t i = 0; i < header.calls; i++) {
        struct clinux_plan_call *call = &calls[i];
        for (int k = 0; k < 6; k++)
            if ((call->relocate >> k) & 1) call->argument[k] += mapped;
        if (call->number == CLINUX_PLAN_RELOCATE) {
            *(int64_t *)call->argument[0] += mapped + call->argument[1];
            continue;
        }
        if (call->number == CLINUX_PLAN_REPORT) {
            report = call->argument[0];
            continue;
        }
        if (call->number == CLINUX_PLAN_LEAVE) {
            left = (volatile char *)result;
            continue;
        }
        if (call->flags & CLINUX_PLAN_ARG_ARGV) {
            call->argument[1] = (int64_t)(argv + 1);
            call->argument[2] = (int64_t)envp;
        }
        if (call->flags & CLINUX_PLAN_ARG_RESULT) call->argument[0] = result;
        do result = raw_call(call->number, call->argument[0], call->argument[1], call->argument[2],
                             call->argument[3], call->argument[4], call->argument[5]);
        while (result == -EINTR);
        if (result == 0 && (call->flags & CLINUX_PLAN_ZERO_ENDS)) break;
        if (result < 0 && result > -4096) {
            if (call->flags & CLINUX_PLAN_IGNORE_ERROR) continue;
            if ((call->flags & CLINUX_PLAN_TOLERATE_EPERM) && (result == -EPERM || result == -EACCES))
                continue;
            struct clinux_plan_failure *failure = (struct clinux_plan_failure *)(plan + call->failure);
            failure->error = (int32_t)-result;
            if (left)
                for (uint32_t k = 0; k < call->failure_length && k < 4096; k++) left[k] = ((char *)failure)[k];
            if (report >= 0) raw_call(SYS_write, report, (long)failure, call->failure_length, 0, 0, 0);
            break;
        }
    }
    leave(header.failure_status);
}

ENTRY void clinux_trampoline_entry(void) {
#if defined(__x86_64__)
    __asm__ volatile("xor %ebp, %ebp\n\t"
                     "mov %rsp, %rdi\n\t"
                     "and $-16, %rsp\n\t"
                     "call clinux_trampoline_main\n\t"
                     "hlt");
#else
    __asm__ volatile("mov x29, xzr\n\t"
                     "mov x0, sp\n\t"
                     "bl clinux_trampoline_main\n\t"
                     "brk #0");
#endif
}

#define IMAGE_CAPACITY 8192

const void *clinux_trampoline(size_t *size) {
    static union {
        unsigned char bytes[IMAGE_CAPACITY];
        Elf64_Ehdr alignment;
    } image;
    size_t code = (size_t)(__stop_swiftlet_tramp - __start_swiftlet_tramp);
    size_t headers = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    size_t code_at = (headers + 63) & ~(size_t)63;
    *size = code_at + code;
    if (*size > IMAGE_CAPACITY) return NULL;
    Elf64_Ehdr *file = (Elf64_Ehdr *)image.bytes;
    if (file->e_ident[0]) return image.bytes;
    const uint64_t base = 0x10000;
    memcpy(file->e_ident, ELFMAG, SELFMAG);
    file->e_ident[EI_CLASS] = ELFCLASS64;
    file->e_ident[EI_DATA] = ELFDATA2LSB;
    file->e_ident[EI_VERSION] = EV_CURRENT;
    file->e_type = ET_EXEC;
#if defined(__x86_64__)
    file->e_machine = EM_X86_64;
#else
    file->e_machine = EM_AARCH64;
#endif
    file->e_version = EV_CURRENT;
    file->e_entry = base + code_at + (uint64_t)((const char *)clinux_trampoline_entry - __start_swiftlet_tramp);
    file->e_phoff = sizeof(Elf64_Ehdr);
    file->e_ehsize = sizeof(Elf64_Ehdr);
    file->e_phentsize = sizeof(Elf64_Phdr);
    file->e_phnum = 2;
    Elf64_Phdr *segments = (Elf64_Phdr *)(image.bytes + sizeof(Elf64_Ehdr));
    segments[0].p_type = PT_LOAD;
    segments[0].p_flags = PF_R | PF_X;
    segments[0].p_vaddr = segments[0].p_paddr = base;
    segments[0].p_filesz = segments[0].p_memsz = *size;
    segments[0].p_align = 4096;
    segments[1].p_type = PT_GNU_STACK; // without it the kernel makes the stack executable
    segments[1].p_flags = PF_R | PF_W;
    segments[1].p_align = 16;
    memcpy(image.bytes + code_at, __start_swiftlet_tramp, code);
    return image.bytes;
}
