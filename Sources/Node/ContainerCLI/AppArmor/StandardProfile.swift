extension AppArmorProfiles {
    /// The standard profile (apparmor.d(5)): what Docker's and containerd's allow and deny, as images are used to these.
    ///
    /// It includes nothing, since a host with a parser need not have AppArmor's abstractions. Files that a container
    /// gets from the host are outside of its root for the kernel (attach_disconnected).
    static let text = """
        profile \(standard) flags=(attach_disconnected,mediate_deleted) {
          capability,
          file,
          network,
          unix,
          umount,
          deny mount,

          # The runtime, and whoever looks after the host: swiftlet, and runc or crun where they have profiles of their
          # own that confine nothing. Among themselves a container's processes may all that the kernel else allows.
          signal (receive) peer=unconfined,
          signal (receive) peer=runc,
          signal (receive) peer=crun,
          signal (send, receive) peer=\(standard),
          ptrace (readby, tracedby) peer=unconfined,
          ptrace (readby, tracedby) peer=runc,
          ptrace (readby, tracedby) peer=crun,
          ptrace (read, readby, trace, tracedby) peer=\(standard),

          # Of /proc a process's own files can be written to, and the limits of System V's shared memory.
          deny /proc/* w,
          deny /proc/[^1-9s]*/** w,
          deny /proc/s[^y]*/** w,
          deny /proc/sy[^s]*/** w,
          deny /proc/sys?*/** w,
          deny /proc/sys/[^k]** w,
          deny /proc/sys/k[^e]** w,
          deny /proc/sys/kernel/[^s]** w,
          deny /proc/sys/kernel/s[^h]** w,
          deny /proc/sys/kernel/sh[^m]** w,
          deny /proc/sysrq-trigger rwklx,
          deny /proc/kcore rwklx,

          # Of /sys, control groups alone.
          deny /sys/[^f]*/** wklx,
          deny /sys/f[^s]*/** wklx,
          deny /sys/fs/[^c]*/** wklx,
          deny /sys/fs/c[^g]*/** wklx,
          deny /sys/fs/cg[^r]*/** wklx,
          deny /sys/firmware/** rwklx,
          deny /sys/devices/virtual/powercap/** rwklx,
          deny /sys/kernel/security/{,**} rwklx,
        }

        """
}
