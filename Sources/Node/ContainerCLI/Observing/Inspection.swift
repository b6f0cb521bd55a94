import ContainerShim
import ImageStore
import LinuxKernel
import OCISpec
import PodNetwork

// `inspect` of a container, and of a volume, with the members that docker's users look for.

extension Engine {
    /// Writes one object.
    /// - Parameter withSizes: also what the container has written, and that with its image.
    public func inspect(
        _ container: ContainerDefinition, withSizes: Bool = false, into json: inout JSONWriter
    ) throws {
        let sizes = try withSizes ? sizes(of: container, images: images().images()) : nil
        let folder = layout.container(container.id)
        let spec = try configuration(of: container)
        let supervision = try Supervision.read(in: folder)
        let status = try status(of: container)
        let network = try networkResult(of: container, status)
        let link = try ContainerLink.read(in: folder)
        json.object { json in
            json.member("Id", container.id)
            json.member("Created", container.created)
            json.member("Path", container.command.first ?? "")
            json.member("Args", Array(container.command.dropFirst()))
            json.key("State")
            write(status, to: &json)
            json.member("Image", container.imageID)
            json.member("ResolvConfPath", Self.hostFile("resolv.conf", container, spec, folder))
            json.member("HostnamePath", Self.hostFile("hostname", container, spec, folder))
            json.member("HostsPath", Self.hostFile("hosts", container, spec, folder))
            json.member("LogPath", supervision.log?.path ?? "")
            json.member("Name", "/" + container.name)
            json.member("RestartCount", status.restartCount)
            json.member("Driver", "overlay2")
            json.member("Platform", container.platform)
            json.member("AppArmorProfile", spec.process?.apparmorProfile ?? "")
            json.key("HostConfig")
            writeHostConfig(container, spec, supervision, link?.attachment, to: &json)
            json.key("GraphDriver")
            write(supervision.rootfs, to: &json)
            if let sizes {
                json.member("SizeRw", sizes.written)
                json.member("SizeRootFs", sizes.whole)
            }
            json.key("Mounts")
            write(container.mounts, to: &json)
            json.key("Config")
            writeConfig(container, spec, supervision, to: &json)
            json.key("NetworkSettings")
            writeNetwork(container, network, status, to: &json)
        }
    }

    /// Where a file of /etc lies that comes from the network: with that of another container, at that one's place.
    private static func hostFile(
        _ name: String, _ container: ContainerDefinition, _ spec: RuntimeSpec, _ folder: String
    ) -> String {
        guard case .container = container.network else { return folder + "/" + name }
        return spec.mounts.last { $0.destination == "/etc/" + name }?.source ?? ""
    }

    /// Bytes that a container has written into its root file system, and with them those of its image's layers.
    /// - Parameter images: all there are; one that is gone counts nothing.
    public func sizes(
        of container: ContainerDefinition, images: [ImageRecord]
    ) throws -> (written: Int64, whole: Int64) {
        let written = try layerUsage(of: container)?.bytes ?? 0
        let image = images.first { "\($0.id)" == container.imageID }
        return (written, written + (image?.size ?? 0))
    }

    private func write(_ status: LiveStatus, to json: inout JSONWriter) {
        json.object { json in
            json.member("Status", status.phase.rawValue)
            json.member("Running", [.running, .paused, .restarting].contains(status.phase))
            json.member("Paused", status.phase == .paused)
            json.member("Restarting", status.phase == .restarting)
            json.member("OOMKilled", status.oomKilled)
            json.member("Dead", false)
            json.member("Pid", status.process?.pid ?? 0)
            json.member("ExitCode", status.exitCode ?? 0)
            json.member("Error", status.error ?? "")
            json.member("StartedAt", status.startedAt?.description ?? "0001-01-01T00:00:00Z")
            json.member("FinishedAt", status.finishedAt?.description ?? "0001-01-01T00:00:00Z")
        }
    }

    private func write(_ rootfs: RootfsMount?, to json: inout JSONWriter) {
        json.object { json in
            json.member("Name", "overlay2")
            json.key("Data")
            json.object { json in
                guard let rootfs else { return }
                json.member("LowerDir", rootfs.lower.joined(separator: ":"))
                json.member("MergedDir", rootfs.target)
                json.member("UpperDir", rootfs.upper)
                json.member("WorkDir", rootfs.work)
            }
        }
    }

    private func write(_ mounts: [ContainerDefinition.MountPoint], to json: inout JSONWriter) {
        json.array { json in
            for mount in mounts {
                json.object { json in
                    json.member("Type", mount.kind.rawValue)
                    json.optional("Name", mount.name)
                    json.member("Source", mount.source)
                    json.member("Destination", mount.destination)
                    if mount.kind == .volume { json.member("Driver", "local") }
                    json.member("Mode", mount.readOnly ? "ro" : "")
                    json.member("RW", !mount.readOnly)
                    json.member("Propagation", mount.propagation)
                }
            }
        }
    }

    private func writeConfig(
        _ container: ContainerDefinition, _ spec: RuntimeSpec, _ supervision: Supervision,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("Hostname", spec.hostname ?? "")
            json.member("Domainname", spec.domainname ?? "")
            json.member("User", container.user)
            json.member("AttachStdin", container.attachesInput && container.attached.input)
            json.member("AttachStdout", container.attached.output)
            json.member("AttachStderr", container.attached.error)
            json.member("Tty", supervision.terminal)
            json.member("OpenStdin", container.attachesInput)
            json.member("StdinOnce", supervision.input == .once)
            json.member("Env", spec.process?.env ?? [])
            json.member("Cmd", container.command)
            json.member("Image", container.image)
            json.member("WorkingDir", spec.process?.cwd ?? "")
            json.member("Labels", container.labels)
            json.member("StopSignal", Signal(rawValue: supervision.stopSignal).name)
            json.member("StopTimeout", supervision.stopTimeout)
        }
    }

    private func writeHostConfig(
        _ container: ContainerDefinition, _ spec: RuntimeSpec, _ supervision: Supervision,
        _ attachment: PodAttachment?, to json: inout JSONWriter
    ) {
        let resources = spec.linux?.resources
        let cpu = resources?.cpu
        let binds = container.mounts.filter { $0.kind != .tmpfs }.map {
            "\($0.name ?? $0.source):\($0.destination)" + ($0.readOnly ? ":ro" : "")
        }
        json.object { json in
            json.member("Binds", binds)
            json.member("VolumesFrom", container.volumesFrom)
            json.key("LogConfig")
            json.object { json in
                json.member("Type", supervision.log == nil ? "none" : "cri")
                json.key("Config")
                json.object { json in
                    guard let log = supervision.log else { return }
                    json.member("max-file", String(log.maxFiles))
                    json.member("max-size", String(log.maxSize))
                }
            }
            json.member("NetworkMode", container.network.text)
            json.member("UsernsMode", container.userMaps == nil ? "host" : "private")
            if let maps = container.userMaps {
                json.key("IDMappings")
                json.object { json in
                    json.member("UidMap", maps.uids.map { "\($0.containerID):\($0.hostID):\($0.size)" })
                    json.member("GidMap", maps.gids.map { "\($0.containerID):\($0.hostID):\($0.size)" })
                }
            }
            json.key("PortBindings")
            json.object { json in
                if let attachment { Self.writeWishes(attachment.ports, to: &json) }
            }
            json.key("RestartPolicy")
            json.object { json in
                let text = supervision.restart.description.split(separator: ":")
                json.member("Name", String(text[0]))
                json.member("MaximumRetryCount", text.count > 1 ? Int(text[1]) ?? 0 : 0)
            }
            json.member("AutoRemove", container.removeAfterwards)
            json.member("CapAdd", container.addedCapabilities)
            json.member("CapDrop", container.droppedCapabilities)
            json.member("Init", container.usesInit)
            json.member("Privileged", container.privileged)
            json.member("ReadonlyRootfs", spec.root?.readonly ?? false)
            json.member("SecurityOpt", container.securityOptions)
            json.member("OomScoreAdj", spec.process?.oomScoreAdj ?? 0)
            json.member("CgroupParent", "/swiftlet/" + layout.namespace)
            json.member("Memory", resources?.memory?.limit ?? 0)
            json.member("MemoryReservation", resources?.memory?.reservation ?? 0)
            json.member("MemorySwap", resources?.memory?.swap ?? 0)
            json.member("CpuShares", cpu?.shares ?? 0)
            json.member("CpuPeriod", cpu?.period ?? 0)
            json.member("CpuQuota", cpu?.quota ?? 0)
            json.member("NanoCpus", CPUAmount(quota: cpu?.quota, period: cpu?.period)?.nano ?? 0)
            json.member("CpusetCpus", cpu?.cpus ?? "")
            json.member("CpusetMems", cpu?.mems ?? "")
            json.member("PidsLimit", resources?.pids?.limit ?? 0)
            json.key("Ulimits")
            json.array { json in
                for limit in spec.process?.rlimits ?? [] {
                    json.object { json in
                        json.member("Name", limit.type.rawValue.dropFirst(7).lowercased())
                        json.member("Soft", Int64(bitPattern: limit.soft))
                        json.member("Hard", Int64(bitPattern: limit.hard))
                    }
                }
            }
            json.member("MaskedPaths", spec.linux?.maskedPaths ?? [])
            json.member("ReadonlyPaths", spec.linux?.readonlyPaths ?? [])
        }
    }
}

extension VolumeStore.Volume {
    /// Writes one object.
    public func inspect(into json: inout JSONWriter) {
        json.object { json in
            // As docker's, in whole seconds.
            json.member("CreatedAt", String(created.description.prefix(19)) + "Z")
            json.member("Driver", VolumeStore.driver)
            json.member("Labels", labels)
            json.member("Mountpoint", path)
            json.member("Name", name)
            json.member("Options", SortedMap<String>())
            json.member("Scope", "local")
        }
    }
}
