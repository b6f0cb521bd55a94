extension FieldErrors {
    mutating func probes(_ container: Container, _ context: ContainerContext, at path: FieldPath) {
        if let probe = container.livenessProbe {
            self.probe(probe, at: path.field("livenessProbe"))
            oneSuccess(probe, at: path.field("livenessProbe"))
        }
        if let probe = container.readinessProbe {
            let place = path.field("readinessProbe")
            self.probe(probe, at: place)
            if let seconds = probe.terminationGracePeriodSeconds {
                invalid(
                    place.field("terminationGracePeriodSeconds"), seconds,
                    "must not be set for readinessProbes")
            }
        }
        if let probe = container.startupProbe {
            self.probe(probe, at: path.field("startupProbe"))
            oneSuccess(probe, at: path.field("startupProbe"))
        }
    }

    /// A probe that restarts the container has nothing to count: it succeeds or not.
    private mutating func oneSuccess(_ probe: Probe, at path: FieldPath) {
        if probe.successThreshold != 1 {
            invalid(path.field("successThreshold"), probe.successThreshold, "must be 1")
        }
    }

    private mutating func probe(_ probe: Probe, at path: FieldPath) {
        var handlers = Handlers()
        handlers.exec = probe.exec
        handlers.httpGet = probe.httpGet
        handlers.tcpSocket = probe.tcpSocket
        handlers.grpc = probe.grpc
        self.handlers(handlers, gracePeriod: nil, at: path)
        notNegative(path.field("initialDelaySeconds"), Int64(probe.initialDelaySeconds))
        notNegative(path.field("timeoutSeconds"), Int64(probe.timeoutSeconds))
        notNegative(path.field("periodSeconds"), Int64(probe.periodSeconds))
        notNegative(path.field("successThreshold"), Int64(probe.successThreshold))
        notNegative(path.field("failureThreshold"), Int64(probe.failureThreshold))
        if let seconds = probe.terminationGracePeriodSeconds, seconds <= 0 {
            invalid(path.field("terminationGracePeriodSeconds"), seconds, "must be greater than 0")
        }
    }

    mutating func lifecycle(_ container: Container, _ context: ContainerContext, at path: FieldPath) {
        guard let lifecycle = container.lifecycle else { return }
        let place = path.field("lifecycle")
        for (name, hook) in [("postStart", lifecycle.postStart), ("preStop", lifecycle.preStop)] {
            guard let hook else { continue }
            var handlers = Handlers()
            handlers.exec = hook.exec
            handlers.httpGet = hook.httpGet
            handlers.tcpSocket = hook.tcpSocket
            handlers.sleep = hook.sleep
            let gracePeriod = context.spec.terminationGracePeriodSeconds
            self.handlers(handlers, gracePeriod: gracePeriod, at: place.field(name))
        }
        if let signal = lifecycle.stopSignal { stopSignal(signal, context, at: place.field("stopSignal")) }
    }

    private mutating func stopSignal(_ signal: Signal, _ context: ContainerContext, at path: FieldPath) {
        // Signals' names are those of an operating system: the pod has to say which one it is for.
        guard let os = context.spec.os, !os.name.isEmpty else {
            forbidden(path, "may not be set for containers with empty `spec.os.name`")
            return
        }
        if os.name == .windows {
            word(path, signal, of: [.sigkill, .sigterm])
        } else {
            word(path, signal, of: Signal.known)
        }
    }

    private struct Handlers {
        var exec: ExecAction?
        var httpGet: HTTPGetAction?
        var tcpSocket: TCPSocketAction?
        var grpc: GRPCAction?
        var sleep: SleepAction?
    }

    /// Exactly one of them; the first is checked, the others are named.
    private mutating func handlers(_ handlers: Handlers, gracePeriod: Int64?, at path: FieldPath) {
        var count = 0
        func isFirst(_ errors: inout FieldErrors, _ field: String) -> Bool {
            count += 1
            if count > 1 { errors.forbidden(path.field(field), "may not specify more than 1 handler type") }
            return count == 1
        }
        if let exec = handlers.exec, isFirst(&self, "exec"), exec.command.isEmpty {
            required(path.field("exec").field("command"))
        }
        if let http = handlers.httpGet, isFirst(&self, "httpGet") { httpGet(http, at: path.field("httpGet")) }
        if let tcp = handlers.tcpSocket, isFirst(&self, "tcpSocket") {
            port(tcp.port, at: path.field("tcpSocket").field("port"))
        }
        if let grpc = handlers.grpc, isFirst(&self, "grpc") {
            port(.int(grpc.port), at: path.field("grpc").field("port"))
            if let mode = grpc.mode { word(path.field("grpc").field("mode"), mode, of: GRPCProbeMode.known) }
        }
        if let sleep = handlers.sleep, isFirst(&self, "sleep"), let gracePeriod,
            sleep.seconds < 0 || sleep.seconds > gracePeriod
        {
            invalid(
                path.field("sleep"), sleep.seconds,
                "must be non-negative and less than terminationGracePeriodSeconds (\(gracePeriod))")
        }
        if count == 0 { required(path, "must specify a handler type") }
    }

    private mutating func httpGet(_ http: HTTPGetAction, at path: FieldPath) {
        if http.path.isEmpty { required(path.field("path")) }
        port(http.port, at: path.field("port"))
        word(path.field("scheme"), http.scheme, of: URIScheme.known)
        for header in http.httpHeaders {
            invalid(path.field("httpHeaders"), header.name, NameFormat.httpHeader(header.name))
        }
        if let version = http.protocol { word(path.field("protocol"), version, of: HTTPProtocol.known) }
    }

    private mutating func port(_ port: IntOrString, at path: FieldPath) {
        switch port {
        case .int(let number): inRange(path, Int64(number), 1...65535)
        case .string(let name): invalid(path, name, NameFormat.portName(name))
        }
    }
}
