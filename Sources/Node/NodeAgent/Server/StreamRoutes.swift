import NIOHTTP1

/// `/exec`, `/attach` and `/portForward`: the agent gets a URL from the runtime, and the client is handed over to it.
struct StreamRoutes: Sendable {
    let view: any AgentView

    func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        let parts = request.path
        let isPortForward = parts.first == "portForward"
        // With the pod's uid in between, or without.
        guard let pod = Self.pod(parts, componentsAfterPod: isPortForward ? 0 : 1) else { return .notFound }
        let url: String
        do {
            if isPortForward {
                url = try await view.portForward(to: pod, ports: try Self.ports(request))
            } else {
                let container = ContainerName(pod: pod, container: parts[parts.count - 1])
                let streams = try Self.streams(request.query)
                url =
                    parts.first == "attach"
                    ? try await view.attach(to: container, streams: streams)
                    : try await view.exec(
                        in: container, command: request.query.all("command"), streams: streams)
            }
        } catch let error as BadStreamRequest {
            return .text(.badRequest, error.reason)
        } catch AgentViewError.podNotFound {
            return .text(.notFound, "pod does not exist")
        } catch AgentViewError.containerNotFound {
            return .text(.notFound, "container not found")
        } catch AgentViewError.refused(let reason) {
            return .text(.badRequest, reason)
        } catch AgentViewError.notSupported(let reason) {
            return .text(.notImplemented, reason)
        }
        guard
            request.head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }
            )
        else {
            return .text(.badRequest, "Upgrade request required")
        }
        guard let target = StreamURL(url) else {
            return .text(.internalServerError, "the runtime's streaming URL cannot be used: \(url)")
        }
        return .proxy(to: target)
    }

    private static func pod(_ parts: [String], componentsAfterPod: Int) -> PodName? {
        switch parts.count - componentsAfterPod {
        case 3: PodName(namespace: parts[1], name: parts[2])
        case 4: PodName(namespace: parts[1], name: parts[2], uid: parts[3])
        default: nil
        }
    }

    private struct BadStreamRequest: Error {
        let reason: String
    }

    private static func streams(_ query: HTTPRequest.Query) throws -> StreamChoice {
        var streams = StreamChoice()
        streams.stdin = query["input"] == "1"
        streams.stdout = query["output"] == "1"
        streams.terminal = query["tty"] == "1"
        // A terminal has one output only.
        streams.stderr = query["error"] == "1" && !streams.terminal
        guard streams.stdin || streams.stdout || streams.stderr else {
            throw BadStreamRequest(reason: "you must specify at least 1 of stdin, stdout, stderr")
        }
        return streams
    }

    /// Only clients that speak WebSocket say here which ports they want.
    private static func ports(_ request: HTTPRequest) throws -> [UInt16] {
        let upgrades = request.head.headers[canonicalForm: "upgrade"]
        let protocols = request.head.headers[canonicalForm: "sec-websocket-protocol"]
        guard upgrades.contains(where: { $0.lowercased() == "websocket" }),
            // SPDY in a WebSocket names its ports as SPDY does.
            !protocols.contains(where: { $0.hasPrefix("SPDY/3.1+") })
        else { return [] }
        let texts = request.query.all("port").flatMap { $0.split(separator: ",") }
        guard !texts.isEmpty else { throw BadStreamRequest(reason: "query parameter \"port\" is required") }
        return try texts.map { text in
            guard let port = UInt16(text), port > 0 else {
                throw BadStreamRequest(reason: "port \"\(text)\" is no number from 1 to 65535")
            }
            return port
        }
    }
}
