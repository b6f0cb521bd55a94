import ContainerShim
import Glibc
import LinuxKernel
import OCISpec
import PodNetwork
import Synchronization

/// What a runtime beside the built-in one says that it can do: `PROGRAM features` (runtime-spec, features.md and
/// features-linux.md), as far as somebody here wants to know.
public struct RuntimeClaims: Equatable, Sendable {
    /// The newest version of the specification that it knows.
    public var newestVersion: String
    /// Mounts that are read-only with all below.
    public var hasRecursiveReadOnlyMounts: Bool
    /// With ID-mapped mounts, without which volumes are of no use in them.
    public var hasUserNamespaces: Bool
}

extension RuntimeClaims: JSONDecodable {
    public init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        newestVersion = try object.required("ociVersionMax")
        hasRecursiveReadOnlyMounts = try object.list("mountOptions", of: String.self).contains("rro")
        let linux = try object["linux"]?.object()
        let namespaces = try linux?.list("namespaces", of: String.self) ?? []
        let mapping = try linux?["mountExtensions"]?.object()["idmap"]?.object().flag("enabled") ?? false
        hasUserNamespaces = namespaces.contains("user") && mapping
    }
}

extension RuntimeSpec {
    /// What every program with runc's command line knows: most refuse a version that is newer than they are.
    package static let oldestVersion = "1.0.2"

    /// - Parameter newest: the newest version that a runtime knows; nil where it cannot say.
    /// - Returns: the version that a configuration for it has.
    package static func version(knownTo newest: String?) -> String {
        guard let newest, let known = SemanticVersion(newest), let own = SemanticVersion(version) else {
            return oldestVersion
        }
        return (known.major, known.minor, known.patch) < (own.major, own.minor, own.patch) ? newest : version
    }
}

/// Asks runtimes for their claims, once for each program that is installed.
package final class RuntimeInterviews: Sendable {
    /// Milliseconds that a program may take to answer.
    private let patience: Int

    /// A program, until another one is put in its place.
    private struct Program: Hashable {
        let path: String
        let arguments: [String]
        let device: UInt
        let inode: UInt
        let size: Int
        let changed: Int
    }

    private struct Answer {
        /// nil where it could not say.
        let claims: RuntimeClaims?
        /// When it is asked again, as it could not be asked or took too long: a machine that starts is busy.
        let retry: ContinuousClock.Instant?
    }

    private let answers = Mutex<[Program: Answer]>([:])

    private let report: @Sendable (String) -> Void

    /// - Parameter report: is told why a runtime does not say what it can do, once for each answer.
    package init(patience: Int = 5000, report: @escaping @Sendable (String) -> Void = { _ in }) {
        self.patience = patience
        self.report = report
    }

    /// Blocks for as long as the program takes, the first time.
    /// - Returns: nil where it does not say, or not in time, or is none.
    package func claims(of runtime: RuntimeHandler) -> RuntimeClaims? {
        guard let program = Self.program(runtime) else { return nil }
        let known = answers.withLock { $0[program] }
        if let known, known.retry.map({ $0 > .now }) ?? true { return known.claims }
        let answer = ask(runtime)
        answers.withLock { $0[program] = answer }
        return answer.claims
    }

    private static func program(_ runtime: RuntimeHandler) -> Program? {
        var file = stat()
        guard stat(runtime.program, &file) == 0 else { return nil }
        return Program(
            path: runtime.program, arguments: runtime.arguments, device: file.st_dev, inode: file.st_ino,
            size: file.st_size, changed: file.st_ctim.tv_sec)
    }

    private func ask(_ runtime: RuntimeHandler) -> Answer {
        let question = PluginProcess(
            path: runtime.program, arguments: runtime.arguments + ["features"],
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        let later = Answer(claims: nil, retry: .now + .seconds(60))
        func fail(_ reason: String, _ answer: Answer) -> Answer {
            report("runtime \(runtime.program) does not say what it can do ('features'): \(reason)")
            return answer
        }
        let never = Answer(claims: nil, retry: nil)
        let outcome: RunningPlugin.Outcome
        do throws(KernelError) { outcome = try question.run([], milliseconds: patience) } catch {
            return fail("\(error)", later)
        }
        if outcome.isTimedOut { return fail("no answer within \(patience) ms", later) }
        guard outcome.status == .exited(0) else { return fail("it ended without success", never) }
        do throws(JSONError) {
            return Answer(claims: try RuntimeClaims(json: outcome.output), retry: nil)
        } catch {
            return fail("\(error)", never)
        }
    }
}

extension PodEngine {
    /// What the runtime behind a handler says of itself. Blocks for a moment, the first time up to five seconds.
    /// - Returns: nil for the built-in one, and for one that does not say.
    public func claims(ofHandler name: String) -> RuntimeClaims? {
        settings.runtimes[settings.runtimeName(of: name)].flatMap { interviews.claims(of: $0) }
    }
}
