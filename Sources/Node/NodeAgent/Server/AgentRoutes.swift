import Logging
import NIOCore
import NIOHTTP1

/// The kubelet's paths.
struct AgentRoutes: HTTPResponder {
    let view: any AgentView
    let authenticator: Authenticator
    let logger: Logger

    func respond(to head: HTTPRequestHead, hasCertificate: Bool) async -> HTTPResponse {
        do {
            guard try authenticator.admits(head, hasCertificate: hasCertificate) else {
                return .text(.unauthorized, "Unauthorized")
            }
        } catch {
            logger.error("nobody is let in by token", metadata: ["error": "\(error)"])
            return .text(.unauthorized, "Unauthorized")
        }
        return await answer(head) { try await route($0) }
    }

    private func answer(
        _ head: HTTPRequestHead, _ route: (HTTPRequest) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        guard let request = HTTPRequest(head) else {
            return .text(.badRequest, "the request's path cannot be decoded\n")
        }
        do {
            return try await route(request)
        } catch {
            logger.warning("request failed", metadata: ["uri": "\(head.uri)", "error": "\(error)"])
            return .text(.internalServerError, "\(error)\n")
        }
    }

    /// Whatever is only read, for whoever asks.
    func respondReadOnly(to head: HTTPRequestHead) async -> HTTPResponse {
        await answer(head) { request in
            try await only([.GET], request) { try await document(request.path, request) }
        }
    }

    private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
        let parts = request.path
        switch parts.first {
        case "exec", "attach", "portForward":
            return try await only([.GET, .POST], request) {
                try await StreamRoutes(view: view).respond(to: request)
            }
        case "checkpoint":
            return try await only([.POST], request) { try await checkpoint(request) }
        case "containerLogs":
            return try await only([.GET], request) { try await LogRoute(view: view).respond(to: request) }
        default:
            return try await only([.GET], request) { try await document(parts, request) }
        }
    }

    private func only(
        _ methods: [HTTPMethod], _ request: HTTPRequest, _ respond: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        guard methods.contains(request.method) || request.method == .HEAD && methods.contains(.GET) else {
            return .text(.methodNotAllowed, "405: Method Not Allowed")
        }
        return try await respond()
    }

    private func document(_ parts: [String], _ request: HTTPRequest) async throws -> HTTPResponse {
        switch parts {
        case ["pods"]: return .json(try await view.pods())
        case ["runningpods"]: return .json(try await view.runningPods())
        case ["stats", "summary"]:
            let onlyCPUAndMemory = request.query.flag("only_cpu_and_memory")
            return .json(try await view.statsSummary(onlyCPUAndMemory: onlyCPUAndMemory))
        case ["events"]: return .json(try await view.events())
        case ["node"]: return .json(try await view.node())
        case ["configz"]: return .json(try await view.configuration())
        case ["metrics"]: return .metrics(try await view.metrics(.agent))
        case ["metrics", "resource"]: return .metrics(try await view.metrics(.resource))
        case ["metrics", "cadvisor"]: return .metrics(try await view.metrics(.cadvisor))
        case ["metrics", "probes"]: return .metrics(try await view.metrics(.probes))
        case ["healthz"]: return await HealthRoute(view: view).answer()
        // The kubelet's own checks; that this is answered is all that they say.
        case ["healthz", "ping"], ["healthz", "log"], ["healthz", "syncloop"]: return .text(.ok, "ok")
        default: return .notFound
        }
    }

    private func checkpoint(_ request: HTTPRequest) async throws -> HTTPResponse {
        let parts = request.path
        guard parts.count == 4 else { return .notFound }
        let timeout: Int?
        do {
            timeout = try request.query.integer("timeout")
        } catch {
            return .text(.badRequest, "cannot parse value of timeout parameter")
        }
        let container = ContainerName(pod: PodName(namespace: parts[1], name: parts[2]), container: parts[3])
        do {
            let files = try await view.checkpoint(
                container, timeout: timeout.flatMap { $0 > 0 ? .seconds($0) : nil })
            return .json(Array(#"{"items":[\#(files.map(jsonString).joined(separator: ","))]}"#.utf8))
        } catch AgentViewError.podNotFound {
            return .text(.notFound, "pod does not exist")
        } catch AgentViewError.containerNotFound {
            return .text(.notFound, "container \(container.container) does not exist")
        } catch AgentViewError.notSupported(let reason) {
            return .text(.notFound, "\(failed(container)) (\(reason))")
        } catch {
            return .text(.internalServerError, "\(failed(container)) (\(error))")
        }
    }

    private func failed(_ container: ContainerName) -> String {
        "checkpointing of \(container.pod.namespace)/\(container.pod.name)/\(container.container) failed"
    }
}

/// What the read-only port has: documents, and neither logs nor anything that acts.
struct ReadOnlyRoutes: HTTPResponder {
    let routes: AgentRoutes

    func respond(to head: HTTPRequestHead, hasCertificate: Bool) async -> HTTPResponse {
        // The configuration may name what not everybody is to know.
        if head.uri.prefix(while: { $0 != "?" }) == "/configz" { return .notFound }
        return await routes.respondReadOnly(to: head)
    }
}

/// `/healthz`, and all that the listener for health has.
struct HealthRoute: HTTPResponder {
    let view: any AgentView

    func respond(to head: HTTPRequestHead, hasCertificate: Bool) async -> HTTPResponse {
        guard head.method == .GET || head.method == .HEAD else {
            return .text(.methodNotAllowed, "405: Method Not Allowed")
        }
        guard head.uri.prefix(while: { $0 != "?" }) == "/healthz" else { return .notFound }
        return await answer()
    }

    func answer() async -> HTTPResponse {
        let problems = await view.healthProblems()
        if problems.isEmpty { return .text(.ok, "ok") }
        return .text(
            .internalServerError, problems.map { "[-]\($0)\n" }.joined() + "healthz check failed\n")
    }
}

extension HTTPResponse {
    static var notFound: HTTPResponse { .text(.notFound, "404: Page Not Found") }
}

private func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
