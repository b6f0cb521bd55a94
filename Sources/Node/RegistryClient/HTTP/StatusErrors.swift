import AsyncHTTPClient
import NIOHTTP1

extension RegistryError {
    /// What an answer that is none means: by its status, and in the registry's own words where it has some.
    init(status response: HTTPClientResponse, body: [UInt8]) {
        let status = response.status
        let errors = RegistryErrorBody(json: body) ?? RegistryErrorBody(xml: body)
        let kind: Kind =
            switch status.code {
            case 401: .unauthorized
            case 403: .denied
            case 404: .notFound
            case 405, 501: .unsupported
            case 429: .rateLimited(retryAfter: retryAfter(response.headers.first(name: "Retry-After")))
            case 503 where response.headers.contains(name: "Retry-After"):
                .rateLimited(retryAfter: retryAfter(response.headers.first(name: "Retry-After")))
            case 408: .interrupted
            case 500...: .server
            default: .invalid
            }
        var text = "\(status.code) \(oneLine(status.reasonPhrase, limit: 40))"
        if let errors { text += ": \(errors.text)" }
        if case .rateLimited(let seconds?) = kind { text += ", retry after \(seconds) s" }
        self.init(kind, text, codes: errors?.codes ?? [], status: status.code)
    }
}
