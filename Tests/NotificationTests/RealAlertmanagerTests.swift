import Curl
import Foundation
import Glibc
import Rules
import SwiftOverlayShims
import Testing
import TimeSeries

@testable import Notification

private let alertmanagerBinary = ["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}

/// Debian's prometheus-alertmanager on a loopback port, started and stopped by the test.
@Suite(.timeLimit(.minutes(5)), .enabled(if: alertmanagerBinary != nil))
struct RealAlertmanagerTests {
    private func freePort() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(descriptor, $0, length)
                _ = unsafe getsockname(descriptor, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private func get(_ url: String, _ transport: any Transport) async -> (status: Int, body: String) {
        let response = try? await transport.perform(TransportRequest(url: url, timeout: .seconds(2)))
        return (response?.status ?? 0, String(decoding: response?.body ?? [], as: UTF8.self))
    }

    /// Asks until the answer is as wanted, for at most twenty seconds.
    private func wait(
        _ url: String, _ transport: any Transport, _ wanted: ((status: Int, body: String)) -> Bool
    ) async -> (status: Int, body: String) {
        var answer = await get(url, transport)
        for _ in 0..<200 where !wanted(answer) {
            try? await Task.sleep(for: .milliseconds(100))
            answer = await get(url, transport)
        }
        return answer
    }

    @Test func `an alert fires and resolves in a real Alertmanager`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fly-am-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = folder.appending(path: "am.yml")
        try "route: {receiver: none}\nreceivers: [{name: none}]\n"
            .write(to: configuration, atomically: true, encoding: .utf8)
        let port = freePort()
        let process = Process()
        process.executableURL = URL(filePath: try #require(alertmanagerBinary))
        process.arguments = [
            "--config.file=\(configuration.path)", "--storage.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }

        let base = "http://127.0.0.1:\(port)"
        let transport = CurlTransport()
        let ready = await wait("\(base)/-/ready", transport) { $0.status == 200 }
        try #require(ready.status == 200)
        try await exchange(base, transport)
    }

    private func exchange(_ base: String, _ transport: CurlTransport) async throws {
        let address = base.dropFirst("http://".count)
        let clock = SystemClock()
        let notifier = AlertmanagerNotifier(
            try AlertingConfigurationTests.read(
                "alertmanagers: [{static_configs: [{targets: ['\(address)']}]}]"),
            externalLabels: Labels([("cluster", "test")]), transport: transport, clock: clock)
        await withTaskGroup { group in
            group.addTask { await notifier.run() }
            var alert = AlertmanagerNotifierTests.alert("Down", [("instance", "é\"1\"")])
            alert.startsAt = clock.now - .seconds(60)
            alert.endsAt = clock.now + .seconds(240)
            notifier.send([alert])
            let firing = await wait("\(base)/api/v2/alerts", transport) { $0.body.contains("Down") }
            #expect(firing.body.contains(#""cluster":"test""#))
            #expect(firing.body.contains(#""instance":"é\"1\"""#))
            #expect(firing.body.contains(#""state":"active""#))

            alert.endsAt = clock.now - .seconds(1)
            notifier.send([alert])
            let resolved = await wait("\(base)/api/v2/alerts", transport) { !$0.body.contains("Down") }
            #expect(!resolved.body.contains("Down"))
            for _ in 0..<100 where notifier.statistics.sent < 2 { try? await Task.sleep(for: .milliseconds(20)) }
            #expect(notifier.statistics.sent == 2)
            #expect(notifier.statistics.errors == 0)
            group.cancelAll()
        }
    }
}
