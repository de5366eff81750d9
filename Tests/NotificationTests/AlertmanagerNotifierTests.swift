import Curl
import Discovery
import Relabelling
import Rules
import Synchronization
import Testing
import TimeSeries

@testable import Notification

@Suite(.timeLimit(.minutes(5))) struct AlertmanagerNotifierTests {
    static let url = "http://a:9093/api/v2/alerts"

    static func alert(_ name: String, _ labels: [(String, String)] = []) -> AlertNotification {
        AlertNotification(
            labels: Labels([(name: "alertname", value: name)] + labels.map { (name: $0.0, value: $0.1) }),
            annotations: Annotations([("summary", "it is \"down\"")]),
            startsAt: Timestamp(milliseconds: 1_000_500), endsAt: Timestamp(milliseconds: 1_240_000),
            generatorURL: "http://fly/graph?g0.expr=up&g0.tab=1")
    }

    /// A notifier over a table of answers and a clock moved by hand.
    private struct Rig {
        let transport: InMemoryTransport
        let clock = ManualClock(now: Timestamp(milliseconds: 0))
        let notifier: AlertmanagerNotifier

        init(
            _ text: String = "alertmanagers: [{static_configs: [{targets: ['a:9093']}]}]",
            options: NotifierOptions = NotifierOptions(), externalLabels: Labels = .empty,
            files: FileAccess = .system, transport: InMemoryTransport = InMemoryTransport()
        ) throws {
            self.transport = transport
            notifier = AlertmanagerNotifier(
                try AlertingConfigurationTests.read(text), externalLabels: externalLabels, options: options,
                transport: transport, clock: clock, files: files)
        }

        func running(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup { group in
                group.addTask { await notifier.run() }
                try await body()
                group.cancelAll()
            }
        }

        func until(_ condition: () -> Bool) async {
            let deadline = ContinuousClock.now + .seconds(60)
            while !condition(), .now < deadline { await Task.yield() }
        }

        /// Lets whoever sleeps for that long wake.
        func pass(_ duration: Duration) async {
            let deadline = clock.uptime + duration
            await until { clock.nextDeadline.map { $0 <= deadline } ?? false }
            clock.advance(by: duration)
        }

        var bodies: [String] { transport.requests.map { String(decoding: $0.body, as: UTF8.self) } }
    }

    @Test func `alerts are posted as Alertmanager's API wants them`() async throws {
        let rig = try Rig(externalLabels: Labels([("cluster", "c"), ("alertname", "no")]))
        rig.transport.answer(Self.url, with: TransportResponse(status: 200))

        try await rig.running {
            rig.notifier.send([Self.alert("Down", [("i", "1")])])
            await rig.until { rig.notifier.statistics.sent == 1 }
        }

        let request = try #require(rig.transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.headers.contains { $0.name == "Content-Type" && $0.value == "application/json" })
        #expect(
            rig.bodies == [
                #"[{"labels":{"alertname":"Down","cluster":"c","i":"1"},"annotations":{"summary":"it is \"down\""},"#
                    + #""startsAt":"1970-01-01T00:16:40.5Z","endsAt":"1970-01-01T00:20:40Z","#
                    + #""generatorURL":"http://fly/graph?g0.expr=up&g0.tab=1"}]"#
            ])
        #expect(rig.notifier.statistics.peers.map(\.requests) == [1])
    }

    @Test func `a long queue goes out in batches`() async throws {
        let rig = try Rig()
        rig.transport.answer(Self.url, with: TransportResponse(status: 200))
        rig.notifier.send((0..<600).map { Self.alert("A\($0)") })

        try await rig.running { await rig.until { rig.notifier.statistics.sent == 600 } }

        #expect(rig.bodies.map { $0.split(separator: "alertname").count - 1 } == [256, 256, 88])
    }

    @Test func `a full queue drops the oldest`() async throws {
        var options = NotifierOptions()
        options.queueCapacity = 2
        let rig = try Rig(options: options)
        rig.transport.answer(Self.url, with: TransportResponse(status: 200))
        rig.notifier.send([Self.alert("A"), Self.alert("B"), Self.alert("C")])

        #expect(rig.notifier.statistics.dropped == 1)
        #expect(rig.notifier.statistics.queueLength == 2)
        try await rig.running { await rig.until { rig.notifier.statistics.sent == 2 } }
        #expect(!rig.bodies[0].contains("\"A\""))
    }

    @Test func `a failure is tried again with growing pauses`() async throws {
        let count = Mutex(0)
        let rig = try Rig(
            transport: InMemoryTransport { _ throws(TransportError) in
                let attempt = count.withLock { count in
                    count += 1
                    return count
                }
                if attempt == 1 { throw .refused("nobody there") }
                return TransportResponse(status: attempt == 2 ? 503 : 200)
            })
        rig.notifier.send([Self.alert("A")])

        try await rig.running {
            await rig.until { rig.notifier.statistics.peers[0].lastError != nil }
            await rig.pass(.seconds(1))
            await rig.until { rig.transport.requests.count == 2 }
            await rig.until { rig.clock.nextDeadline == rig.clock.uptime + .seconds(2) }
            rig.clock.advance(by: .seconds(1))
            #expect(rig.transport.requests.count == 2)
            await rig.pass(.seconds(1))
            await rig.until { rig.notifier.statistics.sent == 1 }
        }

        #expect(rig.notifier.statistics.errors == 0)
        #expect(rig.notifier.statistics.dropped == 0)
    }

    @Test func `a batch that nobody takes is given up`() async throws {
        var options = NotifierOptions()
        options.maxAttempts = 1
        let rig = try Rig(options: options)
        rig.notifier.send([Self.alert("A")])

        try await rig.running { await rig.until { rig.notifier.statistics.errors == 1 } }

        #expect(rig.notifier.statistics.dropped == 1)
        #expect(rig.notifier.statistics.peers[0].lastError == "no connection: nothing listens at \(Self.url)")
    }

    @Test func `a request that Alertmanager calls bad is not repeated`() async throws {
        let rig = try Rig()
        rig.transport.answer(Self.url, with: TransportResponse(status: 400, body: Array("bad labels".utf8)))
        rig.notifier.send([Self.alert("A")])

        try await rig.running { await rig.until { rig.notifier.statistics.errors == 1 } }

        #expect(rig.transport.requests.count == 1)
        #expect(rig.notifier.statistics.peers[0].lastError == "bad response status 400: bad labels")
    }

    @Test func `a slow Alertmanager delays no other`() async throws {
        let rig = try Rig("alertmanagers: [{static_configs: [{targets: ['a:9093', 'b:9093']}]}]")
        rig.transport.answer("http://b:9093/api/v2/alerts", with: TransportResponse(status: 200))
        rig.notifier.send([Self.alert("A")])

        try await rig.running {
            await rig.until { rig.notifier.statistics.sent == 1 }
            #expect(rig.notifier.statistics.peers.map(\.sent) == [0, 1])
        }
    }

    @Test func `alerts are relabelled for all and for one`() async throws {
        let rig = try Rig(
            """
            alert_relabel_configs:
            - {action: labeldrop, regex: replica}
            - {source_labels: [severity], regex: none, action: drop}
            alertmanagers:
            - static_configs: [{targets: ['a:9093']}]
              alert_relabel_configs: [{target_label: to, replacement: a}]
            - static_configs: [{targets: ['b:9093']}]
            """)
        rig.transport.answer(Self.url, with: TransportResponse(status: 200))
        rig.transport.answer("http://b:9093/api/v2/alerts", with: TransportResponse(status: 200))
        rig.notifier.send([Self.alert("A", [("replica", "1")]), Self.alert("B", [("severity", "none")])])

        try await rig.running { await rig.until { rig.notifier.statistics.sent == 2 } }

        let byURL = Dictionary(zip(rig.transport.requests.map(\.url), rig.bodies)) { a, _ in a }
        #expect(byURL[Self.url]?.contains(#"{"alertname":"A","to":"a"}"#) == true)
        #expect(byURL["http://b:9093/api/v2/alerts"]?.contains(#"{"alertname":"A"}"#) == true)
    }

    @Test func `Alertmanagers come and go with their files`() async throws {
        let content = Mutex("[{targets: ['a:9093']}]")
        let files = FileAccess(
            read: { _ in .success(Array(content.withLock { $0 }.utf8)) }, list: { _ in [] },
            stamp: { _ in FileAccess.Stamp(modified: .zero, size: content.withLock { $0.count }) })
        let rig = try Rig("alertmanagers: [{file_sd_configs: [{files: [am.yml]}]}]", files: files)
        #expect(rig.notifier.alertmanagers.active == [Self.url])

        try await rig.running {
            content.withLock { $0 = "[{targets: ['b:9093', 'c:9093']}]" }
            await rig.pass(.seconds(5))
            await rig.until { rig.notifier.alertmanagers.active.count == 2 }
        }

        #expect(
            rig.notifier.alertmanagers.active == [
                "http://b:9093/api/v2/alerts", "http://c:9093/api/v2/alerts",
            ])
    }

    @Test func `what is queued goes out when the service stops`() async throws {
        let rig = try Rig()
        rig.transport.answer(Self.url, with: TransportResponse(status: 200))

        try await rig.running { rig.notifier.send([Self.alert("A")]) }

        #expect(rig.notifier.statistics.sent == 1)
    }

    @Test func `a reload keeps the queues of Alertmanagers that stay`() throws {
        let rig = try Rig()
        rig.notifier.send([Self.alert("A")])

        let same = try AlertingConfigurationTests.read(
            "alertmanagers: [{static_configs: [{targets: ['a:9093']}]}]")
        rig.notifier.apply(same, externalLabels: .empty)
        #expect(rig.notifier.statistics.queueLength == 1)

        rig.notifier.apply(AlertingConfiguration(), externalLabels: .empty)
        #expect(rig.notifier.statistics.queueLength == 0)
        #expect(rig.notifier.statistics.dropped == 1)
    }
}
