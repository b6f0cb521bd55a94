import Glibc
import KubernetesAPI
import LinuxKernel

extension VolumePlanner {
    /// Follows a claim to its volume. Errors are the kubelet's.
    func claimed(_ name: String, isReadOnly: Bool, mustBelongToPod: Bool) async throws -> VolumePlan {
        let shown = "\(pod.namespace)/\(name)"
        func failure(_ reason: String) -> VolumeFailure {
            VolumeFailure("error processing PVC \(shown): \(reason)")
        }

        guard let claim = try await sources.claim(namespace: pod.namespace, name: name) else {
            throw failure("failed to fetch PVC from API server: persistentvolumeclaims \"\(name)\" not found")
        }
        if mustBelongToPod, !claim.isOwned(by: pod) {
            throw VolumeFailure(
                "PVC \(shown) was not created for pod \(pod.namespace)/\(pod.metadata.name) (pod is not owner)"
            )
        }
        if claim.metadata.deletionTimestamp != nil { throw failure("PVC is being deleted") }
        guard claim.status.phase == .bound, !claim.spec.volumeName.isEmpty else {
            throw failure("PVC is not bound")
        }

        let volumeName = claim.spec.volumeName
        guard let volume = try await sources.volume(name: volumeName) else {
            throw failure(
                "failed to fetch PV \(volumeName) from API server: persistentvolumes \"\(volumeName)\" not found"
            )
        }
        // A volume without a reference was written for whoever names it; another's stays another's.
        if let reference = volume.spec.claimRef {
            let isOther =
                reference.name != name
                || (reference.namespace.isEmpty ? "default" : reference.namespace) != pod.namespace
                || (!reference.uid.isEmpty && !claim.metadata.uid.isEmpty
                    && reference.uid != claim.metadata.uid)
            if isOther {
                throw failure(
                    "PV \(volumeName) is bound to another claim: \(reference.namespace)/\(reference.name)"
                        + (reference.uid.isEmpty ? "" : " (unexpected pvc.UID \"\(reference.uid)\")"))
            }
        }
        return try plan(volume, for: claim, isReadOnly: isReadOnly)
    }

    private func plan(
        _ volume: PersistentVolume, for claim: PersistentVolumeClaim, isReadOnly: Bool
    ) throws(VolumeFailure) -> VolumePlan {
        let name = volume.metadata.name
        if let missing = claim.spec.accessModes.first(where: { !volume.spec.accessModes.contains($0) }) {
            throw VolumeFailure("volume \"\(name)\" does not offer the access mode \(missing) of its claim")
        }
        if let labels = node.labels, let required = volume.spec.nodeAffinity?.required,
            !required.matches(labels: labels)
        {
            throw VolumeFailure("no matching NodeSelectorTerms")
        }
        let isForOnePod = claim.spec.accessModes.contains(.readWriteOncePod)
        if volume.spec.volumeMode == .block {
            guard let local = volume.spec.local else {
                throw VolumeFailure(
                    "volume \"\(name)\" has volumeMode Block, which only local volumes can have on this node")
            }
            let place = try LocalVolume(
                name: name, source: local, isReadOnly: isReadOnly, isForOnePod: isForOnePod)
            return .device(
                BlockDevice(
                    name: place.name, path: place.path, isReadOnly: isReadOnly, isForOnePod: isForOnePod))
        }
        if let local = volume.spec.local {
            return .local(
                try LocalVolume(
                    name: name, source: local, options: VolumeMountOptions(volume.spec.mountOptions),
                    isReadOnly: isReadOnly, isForOnePod: isForOnePod))
        }
        if let source = volume.spec.hostPath {
            return .hostPath(try HostPath(source), isReadOnly: isReadOnly)
        }
        let known = [
            "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName",
            "mountOptions",
            "volumeMode", "nodeAffinity", "volumeAttributesClassName",
        ]
        let type =
            volume.spec.apiValue.object?.members.first { !known.contains($0.name) }?.name ?? "of no type"
        throw VolumeFailure(
            "volume type \(type) of persistent volume \"\(name)\" is not supported on this node")
    }
}

extension PersistentVolumeClaim {
    fileprivate func isOwned(by pod: Pod) -> Bool {
        metadata.ownerReferences.contains {
            $0.controller == true && $0.kind == "Pod" && $0.name == pod.metadata.name
                && $0.uid == pod.metadata.uid
        }
    }
}

extension NodeSelector {
    /// One of the terms is enough; a term that asks for nothing matches nothing.
    /// - Parameter name: the node's, the only field that terms select by; nil: a term with fields matches nothing.
    package func matches(labels: [String: String], name: String? = nil) -> Bool {
        nodeSelectorTerms.contains { term in
            !(term.matchExpressions.isEmpty && term.matchFields.isEmpty)
                && term.matchExpressions.allSatisfy { $0.matches(labels[$0.key]) }
                && term.matchFields.allSatisfy { field in
                    name != nil && field.key == "metadata.name" && field.matches(name)
                }
        }
    }
}

extension NodeSelectorRequirement {
    fileprivate func matches(_ value: String?) -> Bool {
        switch self.operator {
        case .in: value.map(values.contains) ?? false
        case .notIn: !(value.map(values.contains) ?? false)
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .gt: compare(value) { $0 > $1 }
        case .lt: compare(value) { $0 < $1 }
        default: false
        }
    }

    private func compare(_ value: String?, _ isMatch: (Int64, Int64) -> Bool) -> Bool {
        guard let number = value.flatMap({ Int64($0) }), values.count == 1, let bound = Int64(values[0])
        else {
            return false
        }
        return isMatch(number, bound)
    }
}
