import ContainerRuntime
import LinuxKernel
import OCISpec

// Everything that the engine knows, for people who look for a fault: as it is in memory, not as it should be.
extension PodEngine {
    /// One object: the engine, its sandboxes, and their containers.
    public func dump(to json: inout JSONWriter) {
        json.object { json in
            json.member("version", SwiftletVersion.text)
            json.member("root", layout.state.root)
            json.member("state", layout.state.state)
            json.member("bootId", bootID)
            json.member("network", networks.choice == .cni ? "cni" : "builtin")
            json.optional("spareShimPid", spares.pid)
            json.key("events")
            events.dump(to: &json)
            json.key("names")
            json.object { json in
                for (name, id) in registry.reservedNames { json.member(name, id) }
            }
            json.key("sandboxes")
            json.array { json in
                for entry in registry.sandboxes.sorted(by: { $0.record.createdAt < $1.record.createdAt }) {
                    dump(entry, to: &json)
                }
            }
        }
    }

    /// One sandbox with its containers.
    /// - Parameter word: its id, the beginning of one, its name, or `NAMESPACE/NAME`.
    /// - Throws: `notFound`, `invalid` where several are meant.
    public func dump(sandbox word: String, to json: inout JSONWriter) throws {
        let named = registry.sandboxes.filter { entry in
            let spec = entry.record.spec
            return word == spec.name || word == spec.namespace + "/" + spec.name
        }
        if named.count > 1 {
            throw EngineError(.invalid, "several pods have the name '\(word)': give the id of one")
        }
        dump(try named.first ?? registry.sandbox(word), to: &json)
    }

    private func dump(_ entry: SandboxEntry, to json: inout JSONWriter) {
        let (record, isConnected, pid) = entry.state.withLock {
            ($0.record, $0.connection != nil, $0.shimPID)
        }
        json.object { json in
            json.member("id", record.id)
            json.member("name", record.spec.name)
            json.member("namespace", record.spec.namespace)
            json.member("uid", record.spec.uid)
            json.member("attempt", record.spec.attempt)
            json.member("phase", record.phase.rawValue)
            json.member("createdAt", record.createdAt)
            json.member("bootId", record.bootID)
            json.member("isLocked", entry.lock.isHeld)
            json.member("hasShim", isConnected)
            json.member("isTakenDown", entry.isTakenDown)
            json.optional("shimPid", pid)
            json.member("folder", layout.sandbox(record.id))
            json.member("cgroupParent", record.cgroupParent)
            json.member("runtimeHandler", record.spec.runtimeHandler)
            json.member("runtime", settings.runtimeName(of: record))
            json.member("hostname", record.spec.hostname)
            json.nonEmpty("labels", SortedMap(record.spec.labels.map { (key: $0.key, value: $0.value) }))
            json.optional("networkMaker", record.network?.maker.rawValue)
            json.nonEmpty("addresses", record.network?.addresses ?? [])
            json.key("namespaces")
            json.object { json in
                json.optional("network", record.namespaces.network)
                json.optional("ipc", record.namespaces.ipc)
                json.optional("uts", record.namespaces.uts)
                json.optional("user", record.namespaces.user)
                json.optional("pid", record.namespaces.pid)
            }
            json.key("containers")
            json.array { json in
                for container in registry.containers(of: record.id).sorted(by: {
                    $0.record.createdAt < $1.record.createdAt
                }) { dump(container, to: &json) }
            }
        }
    }

    private func dump(_ entry: ContainerEntry, to json: inout JSONWriter) {
        let (record, isHeard, isUnresponsive, isKept) = entry.state.withLock {
            ($0.record, $0.isHeard, $0.isUnresponsive, $0.live != nil)
        }
        json.object { json in
            json.member("id", record.id)
            json.member("name", record.spec.name)
            json.member("attempt", record.spec.attempt)
            json.member("createdAt", record.createdAt)
            json.member("image", record.spec.image)
            json.member("imageId", record.imageID)
            json.member("folder", entry.folder)
            json.optional("logPath", record.logPath)
            json.member("isLocked", entry.lock.isHeld)
            json.member("isHeard", isHeard)
            json.member("isUnresponsive", isUnresponsive)
            json.member("statusIsKept", isKept)
            do {
                json.member("status", try entry.live())
            } catch {
                json.member("statusError", "\(error)")
            }
        }
    }
}
