import CRIService
import Glibc
import LinuxKernel
import Logging
import Synchronization
import Testing

struct MetricsTests {
    @Test func writesPrometheusText() {
        let registry = MetricsRegistry()
        let calls = registry.counter("calls_total", "Calls.", labels: ["method"])
        calls.add(1, "b")
        calls.add(2, "a\"\\\n")
        let time = registry.histogram("seconds", "Time.", buckets: [0.5, 2])
        for value in [0.25, 0.5, 1, 9] { time.observe(value) }
        registry.gauge("running", "Now.").set(3)
        registry.collect {
            [
                MetricSample("pods", "Pods.", 1, labels: [("state", "ready")]),
                MetricSample("other", "Other.", 1),
                MetricSample("pods", "Pods.", 2, labels: [("state", "notready")]),
            ]
        }
        #expect(
            registry.text() == """
                # HELP calls_total Calls.
                # TYPE calls_total counter
                calls_total{method="a\\"\\\\\\n"} 2
                calls_total{method="b"} 1
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{le="0.5"} 2
                seconds_bucket{le="2"} 3
                seconds_bucket{le="+Inf"} 4
                seconds_sum 10.75
                seconds_count 4
                # HELP running Now.
                # TYPE running gauge
                running 3
                # HELP pods Pods.
                # TYPE pods gauge
                pods{state="ready"} 1
                pods{state="notready"} 2
                # HELP other Other.
                # TYPE other gauge
                other 1

                """)
    }

    @Test func countsFromManyThreads() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("n_total", "N.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add() } } }
        }
        #expect(registry.text().contains("n_total 8000\n"))
    }

    @Test func knowsTheProcess() throws {
        let samples = ProcessMetrics.samples()
        let memory = try #require(samples.first { $0.name == "process_resident_memory_bytes" })
        #expect(memory.value > 1_000_000)
        for name in ["process_cpu_seconds_total", "process_open_fds", "process_threads"] {
            #expect(try #require(samples.first { $0.name == name }).value > 0, "\(name)")
        }
    }

    @Test func isServedOverHTTP() async throws {
        let registry = MetricsRegistry()
        registry.gauge("running", "Now.").set(1)
        let port = Mutex(0)
        let server = MetricsServer(
            host: "127.0.0.1", port: 0, registry: registry,
            log: LogOutput(level: .critical).logger("metrics")
        ) { bound in port.withLock { $0 = bound } }
        let task = Task { try await server.run() }
        while port.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        let base = "http://127.0.0.1:\(port.withLock { $0 })"
        // 405 and 404 are answers, too.
        let script = """
            import urllib.request, urllib.error
            for method, path in ("GET", "/healthz"), ("GET", "/metrics"), ("GET", "/x"), ("POST", "/metrics"):
                try:
                    r = urllib.request.urlopen(urllib.request.Request("\(base)" + path, method=method))
                    print(r.status, r.read().decode().splitlines()[0])
                except urllib.error.HTTPError as e:
                    print(e.code)
            """
        let answers = try await runClient("/usr/bin/python3", "-c", script)
        #expect(answers == "200 ok\n200 # HELP running Now.\n404\n405\n")
        task.cancel()
        try await task.value
    }
}
