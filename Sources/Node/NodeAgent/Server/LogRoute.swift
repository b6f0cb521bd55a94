import NIOCore

/// `/containerLogs/{namespace}/{pod}/{container}`, with `v1.PodLogOptions` as its query.
struct LogRoute: Sendable {
    let view: any AgentView

    func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        let parts = request.path.dropFirst()
        for (index, missing) in ["podNamespace", "podID", "container name"].enumerated()
        where parts.count <= index {
            return .text(.badRequest, #"{"message": "Missing \#(missing)."}"#)
        }
        guard parts.count == 3 else { return .notFound }
        let selection: LogSelection
        do {
            selection = try Self.selection(request.query)
        } catch .undecodable {
            return .text(.badRequest, #"{"message": "Unable to decode query."}"#)
        } catch .invalid {
            return .text(.unprocessableEntity, #"{"message": "Invalid request."}"#)
        }

        let name = Array(parts)
        let container = ContainerName(pod: PodName(namespace: name[0], name: name[1]), container: name[2])
        let log: ContainerLog
        do {
            log = try await view.log(of: container, previous: request.query.flag("previous"))
        } catch AgentViewError.podNotFound {
            return .text(.notFound, "pod \"\(name[1])\" does not exist")
        } catch AgentViewError.containerNotFound {
            return .text(.notFound, "container \"\(name[2])\" not found in pod \"\(name[1])\"")
        } catch AgentViewError.refused(let reason) {
            return .text(.badRequest, reason)
        }
        do {
            // What keeps the file from being read can still be said now.
            let reader = try await LogReader(log, selection).opened()
            return .stream(contentType: "text/plain; charset=utf-8") { write in
                try await reader.read(write)
            }
        } catch {
            return .text(.badRequest, "log of container \"\(name[2])\" of pod \"\(name[1])\": \(error)")
        }
    }

    private enum QueryError: Error {
        case undecodable, invalid
    }

    private static func selection(_ query: HTTPRequest.Query) throws(QueryError) -> LogSelection {
        var selection = LogSelection()
        let sinceSeconds: Int?
        do {
            // The older name; `all` is no limit.
            let tail = query["tail"].flatMap { $0.isEmpty ? nil : $0 }
            selection.tailLines =
                switch tail {
                case "all": nil
                case nil: try query.integer("tailLines")
                default: try query.integer("tail")
                }
            selection.limitBytes = try query.integer("limitBytes")
            sinceSeconds = try query.integer("sinceSeconds")
        } catch {
            throw .undecodable
        }
        selection.follow = query.flag("follow")
        selection.timestamps = query.flag("timestamps")
        if let text = query["sinceTime"], !text.isEmpty {
            guard let time = LogTime(text) else { throw .undecodable }
            selection.since = time
        }

        if let lines = selection.tailLines, lines < 0 { throw .invalid }
        if let bytes = selection.limitBytes, bytes < 1 { throw .invalid }
        if let sinceSeconds {
            guard sinceSeconds >= 1, selection.since == nil else { throw .invalid }
            let now = LogTime.now
            selection.since = LogTime(
                seconds: now.seconds.subtractingReportingOverflow(Int64(sinceSeconds)).partialValue,
                nanoseconds: now.nanoseconds)
        }
        switch query["stream"] {
        case nil, "", "All": break
        case "Stdout" where selection.tailLines == nil: selection.stderr = false
        case "Stderr" where selection.tailLines == nil: selection.stdout = false
        default: throw .invalid
        }
        return selection
    }
}
