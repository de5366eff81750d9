import ArgumentParser
import Curl
import Foundation

/// `flyball demo run`: the service, a balancer and a load generator, started and stopped together.
struct DemoRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start the service with a live workload, a balancer in front of it and a load generator.",
        discussion: "Prints the URL of the page. Ctrl-C stops everything that it started.")

    @Option(name: .customLong("config.file"), help: "The configuration.") var configurationFile =
        "flyball.yml"
    @Option(name: .customLong("web.listen-address"), help: "Where the service listens.")
    var listenAddress = "127.0.0.1:9095"
    @Option(name: .customLong("storage.path"), help: "The service's folder.") var storagePath = "data"
    @Option(help: "Where the balancer listens.") var balancer = "127.0.0.1:9180"
    @Option(help: "Where the load generator shows its metrics.") var load = "127.0.0.1:9181"
    @Option(help: "How long the compressed day lasts.") var day = "3m"

    func run() async throws {
        let stop = StopSignal()
        let children = ChildProcesses()
        defer { children.stop() }
        let exporter = "/usr/bin/prometheus-node-exporter"
        if FileManager.default.isExecutableFile(atPath: exporter),
            await !answers("http://127.0.0.1:9100/metrics")
        {
            try children.start(
                exporter,
                ["--web.listen-address=127.0.0.1:9100", "--no-collector.systemd", "--log.level=error"])
        }
        let service = try children.start(
            Self.executable,
            [
                "serve", "--config.file", configurationFile, "--web.listen-address", listenAddress,
                "--storage.path",
                storagePath, "--log.level", "notice",
            ])
        let url = "http://" + listenAddress
        while await !answers(url + "/-/ready") {
            guard service.isRunning, !stop.wasAsked else { throw ExitCode(service.isRunning ? 0 : 1) }
            try await Task.sleep(for: .milliseconds(100))
        }
        try children.start(Self.executable, ["demo", "balancer", "--url", url, "--listen", balancer])
        try children.start(
            Self.executable,
            [
                "demo", "load", "--target", "http://\(balancer)/work", "--listen", load, "--day", day,
                "--quiet",
            ])
        Terminal.say("\n  Flyball is at \(Terminal.paint(url + "/", .bold)); Ctrl-C stops it.\n")
        while service.isRunning, !stop.wasAsked { try await Task.sleep(for: .milliseconds(100)) }
    }

    static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "flyball"
    }

    private func answers(_ url: String) async -> Bool {
        let transport = CurlTransport()
        defer { transport.close() }
        let answer = try? await transport.perform(TransportRequest(url: url, timeout: .seconds(1)))
        return answer?.status == 200
    }
}

/// SIGINT and SIGTERM as a flag.
final class StopSignal: @unchecked Sendable {
    private let lock = NSLock()
    private var asked = false
    private var sources: [any DispatchSourceSignal] = []

    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in self?.ask() }
            source.resume()
            sources.append(source)
        }
    }

    var wasAsked: Bool { lock.withLock { asked } }

    private func ask() { lock.withLock { asked = true } }
}

/// Processes that end together, the last one started first.
final class ChildProcesses: @unchecked Sendable {
    private var children: [Process] = []

    @discardableResult
    func start(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        children.append(process)
        return process
    }

    /// SIGTERM to each and up to 30 s for its end, then SIGKILL.
    func stop() {
        for child in children.reversed() where child.isRunning {
            child.terminate()
            for _ in 0..<300 where child.isRunning { usleep(100_000) }
            if child.isRunning { kill(child.processIdentifier, SIGKILL) }
        }
    }
}
