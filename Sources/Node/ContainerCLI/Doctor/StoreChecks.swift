import CLinux
import ContainerRuntime
import ContainerShim
import Glibc
import LinuxKernel

/// What the folders, the file system below them and the installation offer.
struct StoreChecks {
    let layout: StateLayout

    var findings: [Finding] {
        let folder = usableFolder
        return [folder, space] + (folder.level == .ok ? [overlay, idMap] : [])
            + [program("swiftlet-shim", needed: true), program("swiftlet-oci", needed: false), unit]
    }

    private var usableFolder: Finding {
        do throws(KernelError) {
            try makeFolders(layout.root)
            let probe = layout.root + "/.doctor-\(getpid())"
            if mkdir(probe, 0o700) != 0 { throw KernelError("mkdir", probe) }
            rmdir(probe)
            return Finding("store", .ok, "\(layout.root) on \(try fileSystemName(layout.root))")
        } catch {
            return Finding(
                "store", .missing, "\(error)", advice: "choose another place with --root or SWIFTLET_ROOT")
        }
    }

    private var space: Finding {
        var info = statvfs()
        guard statvfs(layout.root, &info) == 0 else {
            return Finding("space", .missing, "\(KernelError("statvfs", layout.root))")
        }
        let free = Int64(info.f_bavail) * Int64(info.f_frsize)
        let text = HumanUnits.decimalSize(free) + " free, \(info.f_favail) files"
        return free > 1 << 30 && info.f_favail > 10_000
            ? Finding("space", .ok, text)
            : Finding(
                "space", .limited, text,
                advice: "images and containers may not fit: remove some, or use another disk")
    }

    /// A mount as containers get it, which is never attached anywhere.
    private var overlay: Finding {
        let folder = layout.root + "/.doctor-overlay-\(getpid())"
        defer { try? removeTree(folder) }
        do throws(KernelError) {
            for name in ["lower", "upper", "work"] { try makeFolders(folder + "/" + name) }
            _ = try Mount.new(
                type: "overlay", source: "overlay",
                options: ["lowerdir=\(folder)/lower", "upperdir=\(folder)/upper", "workdir=\(folder)/work"])
            return Finding("overlayfs", .ok, "layers can be mounted on \(try fileSystemName(layout.root))")
        } catch {
            return Finding(
                "overlayfs", .missing, "\(error)",
                advice:
                    "the store's file system must be able to hold overlay's upper folder: ext4, xfs, btrfs, tmpfs"
            )
        }
    }

    /// Whether layers of the store can be mounted with other owners, which user namespaces live from.
    private var idMap: Finding {
        let folder = layout.root + "/.doctor-mapped-\(getpid())"
        defer { try? removeTree(folder) }
        do {
            for name in ["layer", "base", "upper", "work", "scratch"] { try makeFolders(folder + "/" + name) }
            let layers = OverlayMount(
                lowers: [folder + "/layer", folder + "/base"],
                writable: .init(upper: folder + "/upper", work: folder + "/work"))
            let namespace = try makeUserNamespace(uids: "0 100000 65536", gids: "0 100000 65536")
            _ = try layers.make(mappedBy: namespace, scratch: folder + "/scratch")
            return Finding("idmapped layers", .ok, "possible on \(try fileSystemName(layout.root))")
        } catch {
            return Finding(
                "idmapped layers", .limited, "\(error)", advice: "user namespaces will have to copy files")
        }
    }

    private func fileSystemName(_ path: String) throws(KernelError) -> String {
        let type = try FileDescriptor.open(path, O_PATH).fileSystemType()
        switch type {
        case 0xEF53: return "ext4"
        case 0x5846_5342: return "xfs"
        case 0x9123_683E: return "btrfs"
        case 0x0102_1994: return "tmpfs"
        case 0x794C_7630: return "overlay"
        case 0x2FC1_2FC1: return "zfs"
        case 0x6969: return "nfs"
        default: return "file system 0x" + String(type, radix: 16)
        }
    }

    // MARK: Installation

    private func program(_ name: String, needed: Bool) -> Finding {
        let path: String
        do throws(ShimError) {
            path = try ShimLauncher.find().splitAtLastComponent.parent + "/" + name
        } catch {
            return Finding(name, needed ? .missing : .limited, "\(error)", advice: "run 'make install'")
        }
        guard access(path, X_OK) == 0 else {
            return Finding(
                name, needed ? .missing : .limited, "\(path): \(Errno.current)", advice: "run 'make install'")
        }
        do {
            let command = Command(path: path, arguments: [name, "--version"], environment: [], timeout: 5000)
            let (outcome, output) = try command.run()
            let text = String(decoding: output, as: UTF8.self).trimmedLine
            guard outcome == .ended(.exited(0)) else {
                return Finding(name, .missing, "\(path) does not run: \(text)")
            }
            let version = text.split(separator: "\n").first.map(String.init) ?? ""
            return version.contains(SwiftletVersion.text)
                ? Finding(name, .ok, "\(path), \(SwiftletVersion.text)")
                : Finding(
                    name, .limited, "\(path): \(version)",
                    advice: "this program is \(SwiftletVersion.text): install both from one build")
        } catch {
            return Finding(name, .missing, "\(error)")
        }
    }

    private var unit: Finding {
        let name = "swiftlet-restart.service"
        guard access("/run/systemd/system", F_OK) == 0 else {
            return Finding(
                "restart at boot", .limited, "systemd does not run here",
                advice:
                    "containers with --restart are not started after a boot; 'swiftlet start --restart-policy' does it"
            )
        }
        let enabled = "/etc/systemd/system/multi-user.target.wants/" + name
        if access(enabled, F_OK) == 0 { return Finding("restart at boot", .ok, "\(name) is enabled") }
        let folders = [
            "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ]
        let isInstalled = folders.contains { access($0 + "/" + name, F_OK) == 0 }
        return Finding(
            "restart at boot", .limited, isInstalled ? "\(name) is not enabled" : "\(name) is not installed",
            advice: isInstalled
                ? "systemctl enable \(name) starts containers with --restart after a boot"
                : "run 'make install', then systemctl enable \(name)")
    }
}

extension Engine {
    /// Looks at everything that containers need of this host.
    public func examineHost() -> [Finding] {
        KernelChecks().findings + NetworkChecks(network: network).findings
            + StoreChecks(layout: layout).findings
    }
}
