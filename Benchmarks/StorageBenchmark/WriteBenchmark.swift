import Codecs
import Foundation
import Journal
import RemoteStorage
import Storage
import TimeSeries

/// Remote-write requests as Prometheus sends them, 2,000 series with a sample each, from their bytes to the disk.
enum WriteBenchmark {
    private static let perRequest = 2000

    static func run(_ numbers: [Int]) async throws {
        let count = numbers.first ?? 100_000
        let rows = numbers.dropFirst().first ?? 20
        let labels = (0..<count).map { index in
            Wire.labels([
                ("__name__", "http_request_duration_seconds_bucket"), ("code", "200"),
                ("handler", "/api/v1/item/\(index / 10 % 50)"), ("instance", "host\(index / 500):9100"),
                ("job", "web"), ("le", "0.\(index % 10)"), ("zone", "eu-west-1\(index % 3)"),
            ])
        }
        var random = Generator(state: 7)
        var values = [Double](repeating: 0, count: count)
        var requests: [[UInt8]] = []
        for row in 0..<rows {
            let moment = 1_700_000_000_000 + Int64(row) * 15_000
            for start in stride(from: 0, to: count, by: perRequest) {
                var request: [UInt8] = []
                for index in start..<min(count, start + perRequest) {
                    if index % 3 == 0 { values[index] += Double(random.next() % 100) }
                    request.append(
                        protobufField: 1, bytes: labels[index] + Wire.sample(moment, values[index]))
                }
                requests.append(Snappy.compress(request.span))
            }
        }
        let samples = Double(count * rows)
        print("\(count) series x \(rows), \(requests.count) requests of \(perRequest) samples")
        print(
            "bytes: \(text(Double(requests.reduce(0) { $0 + $1.count }) / samples, 1)) a sample on the wire")
        try decode(requests, samples)
        try await receive(requests, samples, NullDisk(), "without a disk")
        let folder = FileManager.default.currentDirectoryPath + "/write-benchmark"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await receive(
            requests, samples, try RealDisk(root: folder), "one connection, fdatasync before each answer")
    }

    private static func decode(_ requests: [[UInt8]], _ samples: Double) throws {
        let spent = try best(of: 3) {
            for request in requests {
                let message = try Snappy.decompress(request.span, limit: 32 << 20)
                _ = try WriteRequest(decoding: message.span)
            }
        }
        print("decode: \(text(spent / samples, 0)) ns a sample, Snappy included")
    }

    private static func receive(
        _ requests: [[UInt8]], _ samples: Double, _ disk: any Disk, _ what: String
    ) async throws {
        let store = try Store(disk: disk, now: Timestamp(milliseconds: 0))
        let receiver = RemoteWriteReceiver(
            sink: store, clock: SystemClock(),
            durability: GroupCommit(
                durablePosition: { store.durablePosition }, commit: { try store.sync() }))
        let wall = wallTime()
        let processor = processorTime()
        for request in requests {
            let answer = await receiver.receive(request)
            precondition(answer.status == 204, "want 204, got \(answer)")
        }
        let spent = processorTime() - processor
        let elapsed = wallTime() - wall
        print(
            "receive, \(what): \(text(spent / samples, 0)) CPU-ns a sample, "
                + "\(text(samples / elapsed * 1e3, 2)) M samples/s")
    }

    private enum Wire {
        static func labels(_ pairs: [(String, String)]) -> [UInt8] {
            var message: [UInt8] = []
            for (name, value) in pairs {
                var label: [UInt8] = []
                label.append(protobufField: 1, text: name)
                label.append(protobufField: 2, text: value)
                message.append(protobufField: 1, bytes: label)
            }
            return message
        }

        static func sample(_ time: Int64, _ value: Double) -> [UInt8] {
            var sample: [UInt8] = []
            sample.append(protobufField: 1, double: value)
            sample.append(protobufField: 2, integer: time)
            var field: [UInt8] = []
            field.append(protobufField: 2, bytes: sample)
            return field
        }
    }
}
