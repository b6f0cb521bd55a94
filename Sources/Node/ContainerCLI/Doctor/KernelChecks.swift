import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel

/// What the kernel and this process's rights offer. Each thing is tried where it can be tried without leaving a
/// trace; versions decide nowhere else.
struct KernelChecks {
    var findings: [Finding] {
        [
            user, version, namespaces, capabilities, seccomp, mountInterface, openInRoot, securityModules,
        ] + cgroups
    }

    private var user: Finding {
        geteuid() == 0
            ? Finding("user", .ok, "root")
            : Finding("user", .missing, "uid \(geteuid())", advice: "run swiftlet as root, with sudo")
    }

    private var version: Finding {
        let release = KernelVersion.runningRelease
        return KernelVersion.running >= KernelVersion(6, 1)
            ? Finding("kernel", .ok, release)
            : Finding("kernel", .limited, release, advice: "6.1 or newer is what swiftlet is tested with")
    }

    private var namespaces: Finding {
        let kinds = ["mnt", "pid", "uts", "ipc", "net", "user", "cgroup", "time"]
        let absent = kinds.filter { access("/proc/self/ns/" + $0, F_OK) != 0 }
        let closed = kinds.filter { kind in
            let path = "/proc/sys/user/max_\(kind)_namespaces"
            guard let bytes = try? FileDescriptor.readFile(path) else { return false }
            return bytes.first == UInt8(ascii: "0")
        }
        let needed = Set(absent + closed).subtracting(["user", "time"])
        if absent.isEmpty, closed.isEmpty {
            return Finding("namespaces", .ok, kinds.joined(separator: " "))
        }
        let detail =
            (absent.isEmpty ? "" : "the kernel lacks " + absent.joined(separator: " "))
            + (closed.isEmpty ? "" : " /proc/sys/user allows no " + closed.joined(separator: " "))
        return Finding("namespaces", needed.isEmpty ? .limited : .missing, detail)
    }

    private var capabilities: Finding {
        do {
            let own = try Engine.ownCapabilities()
            let last = try Capability.last()
            let known = CapabilityOption.all.prefix(Int(last.rawValue) + 1)
            let absent = known.filter { !own.contains($0) }
            if absent.isEmpty { return Finding("capabilities", .ok, "all \(known.count) of the kernel") }
            let needed: Set = [
                "CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE",
                "CAP_MKNOD", "CAP_KILL", "CAP_SETPCAP", "CAP_SYS_CHROOT",
            ]
            var advice =
                absent.contains { needed.contains($0) } ? "containers cannot be made without them" : nil
            if advice == nil, absent.contains("CAP_SYS_RESOURCE") {
                advice =
                    "without CAP_SYS_RESOURCE no --ulimit above the present hard limit and no lower --oom-score-adj"
            }
            return Finding(
                "capabilities", absent.contains { needed.contains($0) } ? .missing : .limited,
                "without " + absent.joined(separator: " "),
                advice: advice ?? "containers cannot be given them")
        } catch {
            return Finding("capabilities", .missing, "\(error)")
        }
    }

    private var seccomp: Finding {
        do throws(KernelError) {
            let actions = try FileDescriptor.readFile("/proc/sys/kernel/seccomp/actions_avail")
            return Finding("seccomp", .ok, String(decoding: actions, as: UTF8.self).trimmedLine)
        } catch {
            return Finding(
                "seccomp", .missing, "the kernel has no filter of system calls",
                advice: "run containers with --security-opt seccomp=unconfined, knowing what that means")
        }
    }

    private var mountInterface: Finding {
        do throws(KernelError) {
            let tmpfs = try Mount.new(type: "tmpfs", source: "swiftlet-doctor", options: ["size=4k"])
            try tmpfs.setAttributes(MountAttributes(setting: MountAttributes.readOnly), recursive: true)
            return Finding("mount interface", .ok, "fsopen, fsmount, mount_setattr")
        } catch {
            return Finding(
                "mount interface", .missing, "\(error)",
                advice: "a kernel from 5.12 on is needed, and CAP_SYS_ADMIN")
        }
    }

    private var openInRoot: Finding {
        do throws(KernelError) {
            _ = try FileDescriptor.open("/", O_PATH | O_DIRECTORY).openInRoot("/proc", O_PATH)
            return Finding("openat2", .ok, "paths of containers are resolved by the kernel")
        } catch {
            return Finding("openat2", .missing, "\(error)", advice: "a kernel from 5.6 on is needed")
        }
    }

    private var securityModules: Finding {
        let list = (try? FileDescriptor.readFile("/sys/kernel/security/lsm")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let list, !list.isEmpty else {
            return Finding("security modules", .ok, "none is shown in /sys/kernel/security")
        }
        let names = list.trimmedLine
        do {
            guard let profiles = try AppArmorProfiles.ofKernel() else {
                return Finding("security modules", .ok, names)
            }
            if try profiles.offersStandard() {
                return Finding(
                    "security modules", .ok, names,
                    advice:
                        "containers have the profile \(AppArmorProfiles.standard), or --security-opt apparmor=PROFILE"
                )
            }
            return Finding(
                "security modules", .limited, names,
                advice:
                    "containers have no AppArmor profile: apparmor_parser is missing (Debian's package apparmor), or CAP_MAC_ADMIN"
            )
        } catch {
            return Finding("security modules", .limited, names, advice: "\(error)")
        }
    }

    // MARK: Control groups

    private var cgroups: [Finding] {
        do throws(CgroupError) {
            let layout = try CgroupLayout.detect()
            let unified = try layout.unifiedControllers()
            let legacy = try layout.legacyHierarchies()
            let wanted = ["cpu", "cpuset", "io", "memory", "pids"]
            let names = Set(
                unified + legacy.flatMap { $0.controllers.split(separator: ",").map(String.init) })
            // Version 1 calls it blkio.
            let absent = wanted.filter { !names.contains($0) && !($0 == "io" && names.contains("blkio")) }
            var layoutFinding = Finding("control groups", .ok, "unified, at \(layout.unified)")
            if !layout.isUnified {
                layoutFinding = Finding(
                    "control groups", .limited, "hybrid: version 2 at \(layout.unified)",
                    advice:
                        "limits work by version 1; systemd.unified_cgroup_hierarchy=1 at boot gives version 2"
                )
            }
            let offered = names.sorted().filter { !$0.hasPrefix("name=") }.joined(separator: " ")
            let controllers =
                absent.isEmpty
                ? Finding("controllers", .ok, offered)
                : Finding(
                    "controllers", .limited, offered,
                    advice:
                        "no limits of \(absent.joined(separator: ", ")): see cgroup_enable= and cgroup_disable= at boot"
                )
            return [layoutFinding, controllers]
        } catch {
            return [
                Finding("control groups", .missing, "\(error)", advice: "mount cgroup2 at /sys/fs/cgroup")
            ]
        }
    }
}

extension String {
    /// Without the newline and spaces at its end.
    var trimmedLine: String {
        var text = self[...]
        while let last = text.last, last == "\n" || last == " " { text.removeLast() }
        return String(text)
    }
}
