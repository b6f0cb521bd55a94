import CRIProtocol
import KubernetesAPI
import NIOPosix

/// Asks the programs that know passwords, and keeps their answers as long as they count.
package actor CredentialPlugins {
    private struct Kept {
        var answer: CredentialPlugin.Answer
        var end: ContinuousClock.Instant
    }

    /// How many answers are kept; when there are more, those whose time is over go.
    private static let most = 1000

    private let plugins: [CredentialPlugin]
    private var kept: [String: Kept] = [:]
    /// One question about an image is asked once at a time.
    private var asked: [String: Task<Result<CredentialPlugin.Answer, CredentialPlugin.Failure>, Never>] = [:]

    package init(_ file: CredentialPluginFile?) {
        plugins = file?.plugins ?? []
    }

    /// - Parameter failed: told of a program that does not answer; the others are asked nevertheless.
    func keys(for image: String, failed: @Sendable (String) -> Void) async -> [RegistryKey] {
        let address = RegistryAddress(image: image)
        var result: [RegistryKey] = []
        for plugin in plugins where plugin.fits(address) {
            switch await answer(of: plugin, image, address) {
            case .success(let answer): result += answer.entries
            case .failure(let failure): failed(failure.description)
            }
        }
        return result
    }

    private func answer(
        of plugin: CredentialPlugin, _ image: String, _ address: RegistryAddress
    ) async -> Result<CredentialPlugin.Answer, CredentialPlugin.Failure> {
        let name = plugin.provider.name
        for scope in [CredentialPlugin.Scope.image, .registry, .global] {
            let key = key(name, scope, image, address)
            if let found = kept[key], found.end > .now { return .success(found.answer) }
        }
        let question = key(name, .image, image, address)
        let task =
            asked[question]
            ?? Task {
                await withCheckedContinuation { continuation in
                    // A program may take its minute: not on a thread that tasks share.
                    NIOThreadPool.singleton.submit { _ in
                        do throws(CredentialPlugin.Failure) {
                            continuation.resume(returning: .success(try plugin.ask(for: image)))
                        } catch {
                            continuation.resume(returning: .failure(error))
                        }
                    }
                }
            }
        asked[question] = task
        let outcome = await task.value
        asked[question] = nil
        if case .success(let answer) = outcome, answer.lifetime > .zero {
            if kept.count >= Self.most { kept = kept.filter { $0.value.end > .now } }
            kept[key(name, answer.scope, image, address)] = Kept(answer: answer, end: .now + answer.lifetime)
        }
        return outcome
    }

    private func key(
        _ plugin: String, _ scope: CredentialPlugin.Scope, _ image: String, _ address: RegistryAddress
    ) -> String {
        switch scope {
        case .image: "\(plugin) \(scope.rawValue) \(image)"
        case .registry: "\(plugin) \(scope.rawValue) \(address.host)"
        case .global: "\(plugin) \(scope.rawValue)"
        }
    }
}
