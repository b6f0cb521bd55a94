import KubernetesAPI

/// Where a pod comes from.
struct PodOrigin: Sendable, Equatable, CustomStringConvertible {
    let source: String
    /// nil: the source has no files.
    let place: PodPlace?

    var description: String { place.map { "\($0)" } ?? "source \(source)" }

    /// Its documents may have changed their order.
    func isSameFile(as other: PodOrigin?) -> Bool {
        source == other?.source && place?.file == other?.place?.file
    }
}

/// A pod that a source wants.
struct PodClaim: Sendable {
    let pod: Pod
    let origin: PodOrigin
}

/// Pods with the name or the uid of another one.
extension PodManager {
    /// By uid. Of two pods with one name, or one uid, the one counts that is there already: who makes a copy of a
    /// manifest, or an editor that does, means no other pod. Else it is the one from the file that had the name before,
    /// which has changed; else the first one by source and file name.
    func wantedPods() -> [String: PodClaim] {
        var result: [String: PodClaim] = [:]
        var owners: [String: PodClaim] = [:]
        var problems: [String] = []
        for claim in claims {
            let pod = claim.pod
            // Sources refuse such a uid. Of one that does not, no path is made all the same.
            do throws(FolderNameError) {
                _ = try FolderName.checked(pod.metadata.uid)
            } catch {
                problems.append("pod \(pod.fullName) does not run: \(error)")
                continue
            }
            if let owner = result[pod.metadata.uid] {
                problems.append(
                    "pod \(pod.fullName) of \(claim.origin) does not run: it has the uid \(pod.metadata.uid) of pod "
                        + "\(owner.pod.fullName) of \(owner.origin)")
                continue
            }
            if let owner = owners[pod.fullName] {
                problems.append(
                    "pod \(pod.fullName) is there twice: the one of \(owner.origin) runs, the one of \(claim.origin) "
                        + "does not")
                continue
            }
            owners[pod.fullName] = claim
            result[pod.metadata.uid] = claim
        }
        tell(problems)
        return result
    }

    /// The ones that count before others first.
    private var claims: [PodClaim] {
        let all = states.keys.sorted().flatMap { source -> [PodClaim] in
            let state = states[source]
            return (state?.pods ?? []).map { pod in
                let place = state?.places[pod.metadata.uid]
                return PodClaim(pod: pod, origin: PodOrigin(source: source, place: place))
            }
        }
        let ranks = all.map(rank)
        return all.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.map { all[$0] }
    }

    private func rank(_ claim: PodClaim) -> Int {
        let uid = claim.pod.metadata.uid
        let name = claim.pod.fullName
        let isHome = homes[name].map(claim.origin.isSameFile) == true
        if let entry = entries[uid], !entry.isEnding, entry.pod.fullName == name { return isHome ? 0 : 1 }
        // One that was seen first may have no name yet.
        if let found = present?[uid], found.isEmpty || found == name { return 2 }
        return isHome ? 3 : 4
    }

    /// - Parameter claims: by uid; the home of one that has not begun yet is still that of its predecessor.
    func keepHomes(_ claims: [String: PodClaim]) {
        let names = Set(claims.values.map(\.pod.fullName)).union(entries.values.map(\.pod.fullName))
        homes = homes.filter { names.contains($0.key) }
        for (uid, claim) in claims where entries[uid]?.isEnding == false {
            homes[claim.pod.fullName] = claim.origin
        }
    }

    /// Once, as long as it is so.
    private func tell(_ problems: [String]) {
        for problem in problems where !told.contains(problem) { log.error("\(problem)") }
        told = Set(problems)
    }
}
