/// Something that this node lacks, and what that means for its pods.
package struct MissingPart: Equatable, Sendable {
    package var part: String
    package var meaning: String
}

extension NodeFacts {
    package var missingParts: [MissingPart] {
        var found: [MissingPart] = []
        func lack(_ part: String, _ meaning: String) {
            found.append(MissingPart(part: part, meaning: meaning))
        }
        if !hasSeccomp {
            lack("seccomp", "containers with a filter of system calls are refused, RuntimeDefault among them")
        }
        if appArmor == nil {
            lack("AppArmor", "containers run without a profile, and those that name one are refused")
        } else if let problem = appArmor?.problem {
            lack("the default AppArmor profile", "containers that name no profile are refused: \(problem)")
        } else if appArmor?.defaultProfile == nil {
            lack("a default AppArmor profile", "containers that name no profile run without one")
        }
        if wantsSELinux, !hasSELinux { lack("SELinux", "containers run without labels") }
        let capabilities = kernelCapabilities.filter { !self.capabilities.contains($0) }
        if !capabilities.isEmpty {
            lack("capabilities \(capabilities.joined(separator: " "))", "no container gets them")
        }
        if lowestOOMScore > -1000 {
            lack(
                "oom_score_adj below \(lowestOOMScore)",
                "containers that ask for less have \(lowestOOMScore), and end sooner when memory runs out")
        }
        if !hasUserNamespaces { lack("user namespaces", "pods that ask for one fail") }
        if !setsMountsBelow { lack("recursive read-only mounts", "containers that ask for them fail") }
        if !absentControllers.isEmpty {
            lack(
                "controllers \(absentControllers.joined(separator: " "))",
                "containers with limits of these are refused")
        }
        if !legacyControllers.isEmpty {
            lack(
                "cgroup v2 of \(legacyControllers.joined(separator: " "))",
                "version 1 limits these, and their files of version 2 (unified) are refused")
        }
        if !countsSwap { lack("limits of swap", "memory_swap_limit_in_bytes is ignored") }
        if !countsHugePages { lack("limits of huge pages", "hugepage_limits are ignored") }
        return found
    }
}
