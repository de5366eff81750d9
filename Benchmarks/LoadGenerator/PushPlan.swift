import Codecs
import Glibc
import LoadPayload

/// Remote-write requests made in advance, so that sending them costs next to nothing while the receiver is measured.
/// Each connection has series of its own, so that their samples arrive in order.
struct PushPlan: Sendable {
    private struct Request: Sendable {
        var bytes: [UInt8]
        var samples: Int
    }

    /// What one connection achieved.
    private struct Result: Sendable {
        var samples = 0
        var requests = 0
        var refused = 0
        var slowest: Int64 = 0
        var isBroken = false
    }

    private let port: UInt16
    private var requests: [[Request]]

    init(
        _ payload: Payload, targets: Int, rounds: Int, step: Int64, perRequest: Int, connections: Int,
        path: String, port: Int
    ) {
        self.port = UInt16(clamping: port)
        requests = Array(repeating: [], count: connections)
        let parts = payload.series.map { PushPlan.labels(of: $0) }
        let last = Nanoseconds.now(CLOCK_REALTIME) / 1_000_000
        var fleet = (0..<targets).map { Machine(payload, number: $0) }
        let labels = fleet.indices.map { target in parts.map { PushPlan.encode($0, instance: target) } }
        for round in 0..<rounds {
            let moment = last - Int64(rounds - 1 - round) * step
            for target in fleet.indices { fleet[target].move() }
            for connection in 0..<connections {
                var body: [UInt8] = []
                var count = 0
                func flush(_ plan: inout PushPlan) {
                    guard count > 0 else { return }
                    plan.requests[connection].append(
                        Request(bytes: PushPlan.request(body, path: path, port: port), samples: count))
                    body.removeAll(keepingCapacity: true)
                    count = 0
                }
                for target in stride(from: connection, to: fleet.count, by: connections) {
                    for index in parts.indices {
                        var sample: [UInt8] = []
                        sample.append(protobufField: 1, double: fleet[target].sample(index))
                        sample.append(protobufField: 2, integer: moment)
                        var series = labels[target][index]
                        series.append(protobufField: 2, bytes: sample)
                        body.append(protobufField: 1, bytes: series)
                        count += 1
                        if count == perRequest { flush(&self) }
                    }
                }
                flush(&self)
            }
        }
    }

    private static func request(_ message: [UInt8], path: String, port: Int) -> [UInt8] {
        let body = Snappy.compress(message.span)
        let head = """
            POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/x-protobuf\r\n\
            Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\
            User-Agent: flyball-load-generator\r\nContent-Length: \(body.count)\r\n\r\n
            """
        return Array(head.utf8) + body
    }

    /// Sends everything; one line of JSON with what came of it.
    func run(rate: Double) async -> String {
        let start = Nanoseconds.now()
        let processor = Nanoseconds.now(CLOCK_PROCESS_CPUTIME_ID)
        let share = rate / Double(requests.count)
        let results = await withTaskGroup(of: Result.self) { group in
            for list in requests { group.addTask { send(list, rate: share) } }
            return await group.reduce(into: [Result]()) { $0.append($1) }
        }
        let seconds = Double(Nanoseconds.now() - start) / 1e9
        let spent = Double(Nanoseconds.now(CLOCK_PROCESS_CPUTIME_ID) - processor) / 1e9
        let samples = results.reduce(0) { $0 + $1.samples }
        let bytes = requests.reduce(0) { $0 + $1.reduce(0) { $0 + $1.bytes.count } }
        let planned = requests.reduce(0) { $0 + $1.reduce(0) { $0 + $1.samples } }
        return """
            {"seconds": \(seconds), "samples": \(samples), "planned": \(planned), \
            "requests": \(results.reduce(0) { $0 + $1.requests }), \
            "refused": \(results.reduce(0) { $0 + $1.refused }), \
            "broken_connections": \(results.count(where: \.isBroken)), \
            "samples_per_second": \(Double(samples) / seconds), \
            "bytes_per_sample": \(Double(bytes) / Double(max(1, planned))), \
            "slowest_answer_seconds": \(Double(results.map(\.slowest).max() ?? 0) / 1e9), \
            "processor_seconds": \(spent)}
            """
    }

    private func send(_ list: [Request], rate: Double) -> Result {
        var result = Result()
        guard let socket = Sockets.connect(port: port) else {
            result.isBroken = true
            return result
        }
        defer { close(socket) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let start = Nanoseconds.now()
        for request in list {
            if rate > 0 {
                let due = start + Int64(Double(result.samples) / rate * 1e9)
                let wait = due - Nanoseconds.now()
                if wait > 0 { usleep(UInt32(clamping: wait / 1000)) }
            }
            let sent = Nanoseconds.now()
            guard let status = PushPlan.exchange(socket, request.bytes, &buffer) else {
                result.isBroken = true
                return result
            }
            result.slowest = max(result.slowest, Nanoseconds.now() - sent)
            result.requests += 1
            if 200..<300 ~= status { result.samples += request.samples } else { result.refused += 1 }
        }
        return result
    }

    /// One request and its answer; the status, or nil where the connection broke.
    private static func exchange(_ socket: Int32, _ request: [UInt8], _ buffer: inout [UInt8]) -> Int? {
        var offset = 0
        while offset < request.count {
            guard let sent = Sockets.send(socket, request, from: offset) else { return nil }
            offset += sent
        }
        var answer: [UInt8] = []
        while true {
            guard Sockets.receive(socket, &buffer, into: &answer) else { return nil }
            let text = String(decoding: answer, as: UTF8.self)
            guard let headEnd = text.firstRange(of: "\r\n\r\n") else { continue }
            let head = text[..<headEnd.lowerBound].split(separator: "\r\n")
            let length = head.first { $0.lowercased().hasPrefix("content-length:") }
            let expected = length.flatMap { Int($0.dropFirst(15).filter { $0 != " " }) } ?? 0
            if text[headEnd.upperBound...].utf8.count < expected { continue }
            return head.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
        }
    }
}

extension PushPlan {
    /// Names and values of a series as it is written, `__name__` first; escapes stay as they are.
    private static func labels(of series: Substring) -> [(name: String, value: String)] {
        let name = series.prefix { $0 != "{" }
        var pairs = [(name: "__name__", value: String(name))]
        var rest = series[name.endIndex...].dropFirst()
        while let equals = rest.firstIndex(of: "=") {
            let label = rest[..<equals].drop { $0 == "," || $0 == " " }
            let opened = rest[rest.index(after: equals)...].dropFirst()
            guard let quote = opened.firstIndex(of: "\"") else { break }
            pairs.append((name: String(label), value: String(opened[..<quote])))
            rest = opened[opened.index(after: quote)...]
        }
        return pairs
    }

    private static func encode(_ pairs: [(name: String, value: String)], instance: Int) -> [UInt8] {
        var message: [UInt8] = []
        let all = pairs + [(name: "instance", value: "host\(instance):9100"), (name: "job", value: "node")]
        for (name, value) in all.sorted(by: { $0.name < $1.name }) {
            var label: [UInt8] = []
            label.append(protobufField: 1, text: name)
            label.append(protobufField: 2, text: value)
            message.append(protobufField: 1, bytes: label)
        }
        return message
    }
}
