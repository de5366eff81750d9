import Foundation
import LoadPayload

/// Load for a telemetry service and its peers. See `usage`.
@main struct LoadGenerator {
    static let usage = """
        usage: load-generator serve PAYLOAD [targets=200] [series=1021] [interval=2000] [seconds=60] [distinct=0]
               load-generator push PAYLOAD port=P [path=/api/v1/write] [targets=100] [series=1021] [rounds=20]
                              [step=15000] [request=2000] [connections=2] [rate=0]

        PAYLOAD is a text exposition whose series all targets have and whose values move as a machine's do.

        serve   targets on ports of 127.0.0.1 that answer any GET with so many series. First line: a JSON object with
                the ports and the port of the report, which can be asked at any time. Last line: the report. Scrapes
                are judged by the interval, in milliseconds. distinct=1 gives no two targets a line in common.
        push    remote write 1.0: rounds of all series, step milliseconds apart, the last one now, made before the
                clock starts. One line at the end. rate: samples a second, 0 for as fast as answers come.
        """

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        var options: [String: String] = [:]
        for argument in arguments.dropFirst(2) {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { options[parts[0]] = parts[1] }
        }
        guard let mode = arguments.first, let file = arguments.dropFirst().first,
            let bytes = FileManager.default.contents(atPath: file)
        else { return fail("\(usage)\n\nno such payload: \(arguments.dropFirst().first ?? "none given")") }
        let settings = Settings(options)
        Sockets.raiseLimit()
        let exposition = String(decoding: bytes, as: UTF8.self)
        switch mode {
        case "serve": serve(exposition, settings)
        case "push": try await push(exposition, settings)
        default: fail(usage)
        }
    }

    /// Settings by name, with their defaults.
    struct Settings {
        let options: [String: String]
        init(_ options: [String: String]) { self.options = options }
        func number(_ name: String, _ standard: Int) -> Int { options[name].flatMap { Int($0) } ?? standard }
        func text(_ name: String, _ standard: String) -> String { options[name] ?? standard }
    }

    private static func fail(_ message: String) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(2)
    }

    private static func serve(_ exposition: String, _ settings: Settings) {
        let interval = Int64(max(1, settings.number("interval", 2000)))
        let targets = makeTargets(
            exposition, count: settings.number("targets", 200), interval: interval, settings)
        guard var server = Server(targets, interval: interval * 1_000_000) else {
            return fail("not enough sockets or ports for \(targets.count) targets: raise ulimit -n")
        }
        print("{\"report\": \(server.reportPort), \"ports\": \(server.ports)}")
        fflush(nil)
        server.run(until: Nanoseconds.now() + Int64(settings.number("seconds", 60)) * 1_000_000_000)
        print(server.report())
    }

    private static func makeTargets(
        _ exposition: String, count: Int, interval: Int64, _ settings: Settings
    ) -> [Machine] {
        let series = settings.number("series", 1021)
        let shared = Payload(exposition, limit: series, intervalMilliseconds: interval)
        return (0..<count).map { number in
            let own =
                settings.number("distinct", 0) == 0
                ? shared
                : Payload(exposition, limit: series, intervalMilliseconds: interval, copy: number)
            return Machine(own, number: number)
        }
    }

    private static func push(_ exposition: String, _ settings: Settings) async throws {
        let step = Int64(max(1, settings.number("step", 15_000)))
        let payload = Payload(
            exposition, limit: settings.number("series", 1021), intervalMilliseconds: step)
        let connections = max(1, settings.number("connections", 2))
        let plan = PushPlan(
            payload, targets: settings.number("targets", 100), rounds: settings.number("rounds", 20),
            step: step, perRequest: settings.number("request", 2000), connections: connections,
            path: settings.text("path", "/api/v1/write"), port: settings.number("port", 9090))
        print(await plan.run(rate: Double(settings.number("rate", 0))))
    }
}
