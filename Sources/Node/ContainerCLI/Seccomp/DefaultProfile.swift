import OCISpec

// The filter that a container gets when nothing else is said. It allows and refuses what Docker's default
// profile of 2025 does: what programs need is allowed by name, everything else
// answers EPERM, and what is harmless only together with a capability comes with that capability.

extension SeccompProfile {
    public static var standard: SeccompProfile {
        var frame = RuntimeSpec.Seccomp(defaultAction: .errno)
        frame.defaultErrnoRet = 1  // EPERM
        #if arch(x86_64)
            frame.architectures = [.x86_64, .x86, .x32]
        #else
            frame.architectures = [.aarch64, .arm]
        #endif
        return SeccompProfile(
            frame: frame,
            rules: [allow(always)] + socketRules + personalityRules + architectureRules + cloneRules
                + capabilityRules)
    }

    private static func allow(
        _ names: StaticString, where argument: RuntimeSpec.Seccomp.Argument? = nil,
        with capability: String? = nil,
        on architectures: [String] = []
    ) -> Rule {
        Rule(
            RuntimeSpec.Seccomp.Syscall(
                names: words(names), action: .allow, args: argument.map { [$0] } ?? []),
            includes: Condition(capabilities: capability.map { [$0] } ?? [], architectures: architectures))
    }

    private static func words(_ text: StaticString) -> [String] {
        text.withUTF8Buffer { bytes in
            bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    // MARK: What every container may call

    private static let always: StaticString = """
        open openat openat2 creat close close_range read write readv writev pread64 pwrite64 preadv preadv2 pwritev
        pwritev2 lseek _llseek dup dup2 dup3 fcntl fcntl64 ioctl pipe pipe2 sendfile sendfile64 splice tee vmsplice
        copy_file_range truncate truncate64 ftruncate ftruncate64 fallocate fadvise64 fadvise64_64 readahead
        sync syncfs fsync fdatasync sync_file_range flock cachestat

        access faccessat faccessat2 stat stat64 fstat fstat64 lstat lstat64 fstatat64 newfstatat statx statfs
        statfs64 fstatfs fstatfs64 statmount listmount getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir
        link linkat symlink symlinkat readlink readlinkat rename renameat renameat2 unlink unlinkat mknod mknodat
        chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32 umask utime utimes
        utimensat utimensat_time64 futimesat name_to_handle_at
        getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr
        flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
        inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark

        select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl
        epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
        io_setup io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64 io_destroy

        mmap mmap2 munmap mremap mprotect msync madvise mincore brk remap_file_pages mlock mlock2 mlockall munlock
        munlockall memfd_create memfd_secret membarrier mseal map_shadow_stack pkey_alloc pkey_free pkey_mprotect
        shmget shmat shmctl shmdt

        fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp
        setpgid getsid setsid pidfd_open pidfd_send_signal process_mrelease prctl seccomp landlock_create_ruleset
        landlock_add_rule landlock_restrict_self set_tid_address set_thread_area get_thread_area set_robust_list
        get_robust_list rseq uretprobe restart_syscall
        process_vm_readv process_vm_writev ptrace

        futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue
        semget semctl semop semtimedop semtimedop_time64 msgget msgctl msgsnd msgrcv ipc
        mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64 mq_timedreceive
        mq_timedreceive_time64

        kill tkill tgkill rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn
        rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn pause alarm

        getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid
        getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32
        setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
        capget capset

        getrlimit ugetrlimit setrlimit prlimit64 getrusage times getpriority setpriority ioprio_get ioprio_set
        sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
        sched_getscheduler sched_setscheduler sched_get_priority_min sched_get_priority_max sched_rr_get_interval
        sched_rr_get_interval_time64 getcpu

        time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
        clock_nanosleep_time64 clock_adjtime clock_adjtime64 adjtimex nanosleep getitimer setitimer timer_create
        timer_delete timer_gettime timer_gettime64 timer_settime timer_settime64 timer_getoverrun timerfd_create
        timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64

        socketcall socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt
        setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64

        uname sysinfo getrandom riscv_hwprobe
        """

    // MARK: Calls that depend on their arguments

    /// Address families (linux/socket.h). Out are those whose kernel code nobody in a container needs and
    /// which have been a way out of it: AF_ALG, AF_VSOCK, which reaches the hypervisor, and obsolete
    /// protocols.
    private static var socketRules: [Rule] {
        let families: [UInt64] = [
            13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44,
            45,
        ]
        return [allow("socket", where: RuntimeSpec.Seccomp.Argument(index: 0, value: 12, op: .less))]
            + families.map {
                allow("socket", where: RuntimeSpec.Seccomp.Argument(index: 0, value: $0, op: .equal))
            }
    }

    /// PER_LINUX, PER_LINUX32, each with UNAME26, and the question for the present one (personality(2)).
    private static var personalityRules: [Rule] {
        let values: [UInt64] = [0, 8, 0x20000, 0x20008, 0xFFFF_FFFF]
        return values.map {
            allow("personality", where: RuntimeSpec.Seccomp.Argument(index: 0, value: $0, op: .equal))
        }
    }

    private static var architectureRules: [Rule] {
        [
            allow("arch_prctl", on: ["amd64"]),
            allow("modify_ldt", on: ["amd64"]),
            allow(
                "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
                on: ["arm64"]),
        ]
    }

    /// A new process may not be given a namespace: CLONE_NEW… must be clear among clone's flags. clone3 has
    /// them in memory, which a filter cannot read: ENOSYS makes the C library fall back to clone.
    private static var cloneRules: [Rule] {
        let namespaces: UInt64 = 0x7E02_0000
        let administrator = Condition(capabilities: ["CAP_SYS_ADMIN"])
        return [
            Rule(
                RuntimeSpec.Seccomp.Syscall(
                    names: ["clone"], action: .allow,
                    args: [RuntimeSpec.Seccomp.Argument(index: 0, value: namespaces, op: .maskedEqual)]),
                excludes: administrator),
            Rule(
                RuntimeSpec.Seccomp.Syscall(names: ["clone3"], action: .errno, errnoRet: 38),
                excludes: administrator),
        ]
    }

    // MARK: What comes with a capability

    private static var capabilityRules: [Rule] {
        [
            allow("open_by_handle_at", with: "CAP_DAC_READ_SEARCH"),
            allow(
                """
                clone clone3 unshare setns mount umount umount2 mount_setattr move_mount open_tree fsopen fsconfig
                fsmount fspick bpf perf_event_open fanotify_init quotactl quotactl_fd lookup_dcookie sethostname
                setdomainname syslog lsm_get_self_attr lsm_set_self_attr lsm_list_modules
                """, with: "CAP_SYS_ADMIN"),
            allow("reboot", with: "CAP_SYS_BOOT"),
            allow("chroot", with: "CAP_SYS_CHROOT"),
            allow("init_module finit_module delete_module", with: "CAP_SYS_MODULE"),
            allow("acct", with: "CAP_SYS_PACCT"),
            allow("kcmp pidfd_getfd process_madvise", with: "CAP_SYS_PTRACE"),
            allow("iopl ioperm", with: "CAP_SYS_RAWIO"),
            allow("settimeofday stime clock_settime clock_settime64", with: "CAP_SYS_TIME"),
            allow("vhangup", with: "CAP_SYS_TTY_CONFIG"),
            allow("get_mempolicy mbind set_mempolicy set_mempolicy_home_node", with: "CAP_SYS_NICE"),
            allow("syslog", with: "CAP_SYSLOG"),
            allow("bpf", with: "CAP_BPF"),
            allow("perf_event_open", with: "CAP_PERFMON"),
        ]
    }
}
