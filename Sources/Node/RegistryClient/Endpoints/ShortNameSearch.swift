import ImageStore

/// Goes through the registries that a short name may be in.
public enum ShortNameSearch {
    /// Does something with the first candidate that can answer for the name.
    /// - Parameters:
    ///   - candidates: as `RegistryClient.candidates` gives them.
    ///   - passedOver: told how one has failed before the next is asked.
    /// - Returns: what `body` does.
    /// - Throws: `RegistryError` that names the failures of all, when none has it; what else `body` throws.
    public static func first<Result: Sendable>(
        of candidates: [ImageReference], passedOver: (RegistryError) -> Void = { _ in },
        _ body: (ImageReference) async throws -> Result
    ) async throws -> Result {
        var failures: [RegistryError] = []
        for reference in candidates {
            if let failure = failures.last { passedOver(failure) }
            do {
                return try await body(reference)
            } catch let error as RegistryError {
                failures.append(error)
                if !error.mayBeElsewhere { break }
            }
        }
        throw RegistryError(ofSearch: failures)
    }
}

extension RegistryError {
    /// Why a search has found nothing: each registry's reason, in the order in which they were asked. Its kind is the
    /// one that helps most: who has to log in to one of them learns nothing from another that has no such image.
    init(ofSearch failures: [RegistryError]) {
        guard var best = failures.first else {
            self.init(.invalid, "there is no registry to look in")
            return
        }
        for failure in failures.dropFirst() where failure.searchWeight > best.searchWeight { best = failure }
        self.init(
            best.kind, failures.map(\.description).joined(separator: "; "), codes: best.codes,
            status: best.status,
            symptom: best.symptom)
    }

    private var searchWeight: Int {
        // What ended the search.
        if !mayBeElsewhere { return 4 }
        return switch kind {
        case .denied: 3
        case .unauthorized: 2
        case .unreachable: 1
        default: 0
        }
    }
}
