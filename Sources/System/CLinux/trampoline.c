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

static inline __attribute__((always_inline)) long raw_call(long number, const int64_t *a) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = a[3];
    register long r8 __asm__("r8") = a[4];
    register long r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a[0];
    register long x1 __asm__("x1") = a[1];
    register long x2 __asm__("x2") = a[2];
    register long x3 __asm__("x3") = a[3];
    register long x4 __asm__("x4") = a[4];
    register long x5 __asm__("x5") = a[5];
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#endif
}

__attribute__((noreturn)) IN_TRAMPOLINE void clinux_trampoline_main(long *stack) {
    // argv[0] is the plan's descriptor in decimal; the program's own arguments follow.
    char **argv = (char **)(stack + 1);
    char **envp = (char **)(stack + 1 + stack[0] + 1);
    long plan_fd = 0;
    for (const char *digit = argv[0]; *digit; digit++) plan_fd = plan_fd * 10 + (*digit - '0');
    int64_t stop[6] = {126, 0, 0, 0, 0, 0};

    struct clinux_plan_header header;
    int64_t read_header[6] = {plan_fd, (int64_t)&header, sizeof header, 0, 0, 0};
    if (raw_call(SYS_pread64, read_header) != sizeof header || header.magic != CLINUX_PLAN_MAGIC)
        for (;;) raw_call(SYS_exit_group, stop);
    int64_t map[6] = {0, header.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, plan_fd, 0};
    char *plan = (char *)raw_call(SYS_mmap, map);
    if ((unsigned long)plan > -4096UL)
        for (;;) raw_call(SYS_exit_group, stop);
    raw_call(SYS_close, read_header);

    struct clinux_plan_call *calls = (struct clinux_plan_call *)(plan + sizeof header);
    long report = header.report;
    long previous = 0;
    int chain = 0;
    for (uint32_t i = 0; i < header.calls; i++) {
        struct clinux_plan_call *call = &calls[i];
        int64_t a[6];
        for (int k = 0; k < 6; k++)
            a[k] = call->argument[k] + ((call->relocate >> k) & 1 ? (int64_t)plan : 0);
        if (chain) a[0] = previous;
        if (call->flags & CLINUX_PLAN_ARG_ARGV) {
            a[2] = (int64_t)(argv + 1);
            a[3] = (int64_t)envp;
        }
        long result;
        do result = raw_call(call->number, a);
        while (result == -EINTR);
        chain = (call->flags & CLINUX_PLAN_RESULT_AS_A) != 0;
        previous = result;
        if (result < 0 && result > -4096) {
            if (call->flags & CLINUX_PLAN_IGNORE_ERROR) continue;
            if ((call->flags & CLINUX_PLAN_TOLERATE_EPERM) && result == -EPERM) continue;
            struct clinux_plan_failure failure;
            failure.step = call->step;
            failure.error = (int32_t)-result;
            int64_t tell[6] = {report, (int64_t)&failure, sizeof failure, 0, 0, 0};
            if (report >= 0) raw_call(SYS_write, tell);
            break;
        }
        if (call->flags & CLINUX_PLAN_RESULT_IS_FD) report = result;
    }
    stop[0] = header.failure_status;
    for (;;) raw_call(SYS_exit_group, stop);
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
