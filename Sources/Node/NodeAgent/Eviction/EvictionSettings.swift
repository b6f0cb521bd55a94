import KubernetesAPI

/// When pods have to go, read once from the configuration.
package struct EvictionSettings: Sendable, Equatable {
    package var thresholds: [EvictionThreshold] = []
    /// How long a condition stays after its threshold was last crossed.
    package var transition: Duration = .seconds(300)
    /// Seconds that a pod has at most when a soft threshold ends it.
    package var maxPodGrace: Int64 = 0

    package init(thresholds: [EvictionThreshold]) { self.thresholds = thresholds }

    /// - Throws: with every line that is wrong.
    package init(_ kubelet: KubeletConfiguration) throws(InvalidSettings) {
        var problems: [String] = []
        let reclaim = Reader.amounts(
            "evictionMinimumReclaim", kubelet.evictionMinimumReclaim, zeroIsFine: true, &problems)
        for (signal, amount) in Reader.amounts("evictionHard", kubelet.evictionHard, &problems) {
            thresholds.append(EvictionThreshold(signal, amount, reclaim: reclaim[signal]))
        }
        let graces = Reader.durations("evictionSoftGracePeriod", kubelet.evictionSoftGracePeriod, &problems)
        for (signal, amount) in Reader.amounts("evictionSoft", kubelet.evictionSoft, &problems) {
            guard let grace = graces[signal] else {
                if kubelet.evictionSoftGracePeriod[signal.rawValue] == nil {
                    problems.append(
                        "evictionSoftGracePeriod[\(signal.rawValue)]: Required value: grace period must be specified "
                            + "for the soft eviction threshold \(signal.rawValue)")
                }
                continue
            }
            thresholds.append(
                EvictionThreshold(signal, amount, softGrace: grace, reclaim: reclaim[signal]))
        }
        // Before the kernel ends somebody because of the limit of all pods together, the kubelet ends who takes most.
        if kubelet.cgroupsPerQOS != false, kubelet.enforceNodeAllocatable.contains("pods"),
            let memory = thresholds.first(where: { $0.signal == .memory && !$0.isSoft }),
            !thresholds.contains(where: { $0.signal == .podMemory })
        {
            thresholds.append(EvictionThreshold(.podMemory, memory.amount, reclaim: memory.reclaim))
        }
        // Always in the same order, whatever that of a dictionary is.
        thresholds.sort { ($0.signal.rank, $0.isSoft ? 1 : 0) < ($1.signal.rank, $1.isSoft ? 1 : 0) }
        transition = kubelet.evictionPressureTransitionPeriod
        if transition < .zero {
            problems.append(
                "evictionPressureTransitionPeriod: Invalid value: \"\(transition.goText)\": must not be negative"
            )
        }
        maxPodGrace = Int64(kubelet.evictionMaxPodGracePeriod)
        if maxPodGrace < 0 {
            problems.append("evictionMaxPodGracePeriod: Invalid value: \(maxPodGrace): must not be negative")
        }
        if !problems.isEmpty { throw InvalidSettings(problems) }
    }
}

/// Settings that cannot be followed: field, value and reason, a line each.
package struct InvalidSettings: Error, CustomStringConvertible, Equatable {
    package let problems: [String]

    package init(_ problems: [String]) { self.problems = problems }

    package var description: String { problems.joined(separator: "\n") }
}

extension EvictionSignal {
    /// Memory comes first when several are short, as it ends a node soonest.
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The maps from signals to amounts and times.
private enum Reader {
    /// Signals with nothing to set: the kubelet replaces what is set there by what is for the disk that it shares, nodefs'
    /// or imagefs'.
    private static let derived: Set<String> = ["containerfs.available", "containerfs.inodesFree"]

    static func amounts(
        _ field: String, _ map: [String: String], zeroIsFine: Bool = false, _ problems: inout [String]
    ) -> [EvictionSignal: EvictionAmount] {
        var result: [EvictionSignal: EvictionAmount] = [:]
        for (name, text) in map.sorted(by: { $0.key < $1.key }) {
            guard let signal = signal(field, name, &problems) else { continue }
            switch amount(text, zeroIsFine: zeroIsFine) {
            case .success(let amount): result[signal] = amount
            case .failure(let problem):
                problems.append("\(field)[\(name)]: Invalid value: \"\(text)\": \(problem.reason)")
            }
        }
        return result
    }

    static func durations(
        _ field: String, _ map: [String: String], _ problems: inout [String]
    ) -> [EvictionSignal: Duration] {
        var result: [EvictionSignal: Duration] = [:]
        for (name, text) in map.sorted(by: { $0.key < $1.key }) {
            guard let signal = signal(field, name, &problems) else { continue }
            if let time = Duration(goText: text), time >= .zero {
                result[signal] = time
            } else {
                problems.append(
                    "\(field)[\(name)]: Invalid value: \"\(text)\": must be a duration, like 1m30s, and not negative"
                )
            }
        }
        return result
    }

    private static func signal(
        _ field: String, _ name: String, _ problems: inout [String]
    ) -> EvictionSignal? {
        if let signal = EvictionSignal(rawValue: name) { return signal }
        if !derived.contains(name) {
            let known = EvictionSignal.allCases.map { "\"\($0.rawValue)\"" }.sorted().joined(separator: ", ")
            problems.append(
                "\(field)[\(name)]: Unsupported value: \"\(name)\": supported values: \(known)")
        }
        return nil
    }

    private struct Problem: Error { var reason: String }

    /// - Returns: nil for what switches a threshold off: 0% and 100%.
    private static func amount(_ text: String, zeroIsFine: Bool) -> Result<EvictionAmount?, Problem> {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent >= 0, percent <= 100 else {
                return .failure(Problem(reason: "must be between 0% and 100%"))
            }
            return .success(percent == 0 || percent == 100 ? nil : .share(percent / 100))
        }
        guard let quantity = Quantity(text) else {
            return .failure(Problem(reason: "must be a percentage or a quantity; " + Quantity.wrongFormat))
        }
        if quantity.sign < 0 || quantity.isZero && !zeroIsFine {
            return .failure(Problem(reason: "must be positive"))
        }
        return .success(.quantity(quantity))
    }
}
