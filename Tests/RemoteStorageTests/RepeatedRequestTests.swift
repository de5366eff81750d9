import Codecs
import Journal
import RemoteStorage
import Storage
import Testing
import TimeSeries

/// Requests with series that the receiver has seen before, whose labels it does not read again.
struct RepeatedRequestTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)
    private let disk = SimulatedDisk()

    private func receiver(_ store: Store) -> RemoteWriteReceiver {
        RemoteWriteReceiver(
            sink: store, clock: ManualClock(now: start + .seconds(6000)),
            durability: GroupCommit(
                durablePosition: { store.durablePosition }, commit: { try store.sync() }))
    }

    private func series(
        _ number: Int, _ samples: [(Int64, Double)], histograms: [[UInt8]] = []
    ) -> [UInt8] {
        Wire.series(
            [("__name__", "metric"), ("instance", "host-\(number):9100")],
            samples.map { (start.milliseconds + $0.0 * 1000, $0.1) }, histograms: histograms)
    }

    private func values(_ store: Store, _ number: Int) async throws -> [Double] {
        let selection = Selection(
            [Matcher(equal: "__name__", "metric"), Matcher(equal: "instance", "host-\(number):9100")],
            in: .distantPast...Timestamp(milliseconds: 1 << 50))
        return try await store.select([selection])[0].flatMap(\.values)
    }

    private func request(_ numbers: Range<Int>, _ time: Int64) -> [UInt8] {
        var request: [UInt8] = []
        for number in numbers {
            request.append(protobufField: 1, bytes: series(number, [(time, Double(number) + Double(time))]))
        }
        return Wire.snappy(request)
    }

    @Test func `the samples of every series are kept over many requests, and after a power cut`() async throws
    {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        for time in 0..<50 {
            #expect(await receiver.receive(request(0..<300, Int64(time))).status == 204)
        }
        disk.crash()

        let second = try Store(disk: disk, now: start)
        for number in [0, 1, 150, 299] {
            let expected = (0..<50).map { Double(number) + Double($0) }
            #expect(try await values(store, number) == expected)
            #expect(try await values(second, number) == expected)
        }
    }

    /// Samples in front of the last one that are not as those that most senders write, so that they seem to be labels.
    private static let odd: [String: [UInt8]] = [
        // The time takes two bytes.
        "short": [0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xe8, 0x07],
        // The time is before the value.
        "turned": [0x12, 12, 0x10, 0xe8, 0x07, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        // The time takes ten bytes: one second before 1970.
        "negative": [
            0x12, 20, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0x98, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0x01,
        ],
    ]

    @Test(arguments: odd.keys.sorted()) func `a sample in front of the last one is no label, first and later`(
        name: String
    ) async throws {
        let sample = try #require(Self.odd[name])
        let labels = [("__name__", "metric"), ("instance", "host-0:9100"), ("job", "somewhere")]
        for isKnown in [false, true] {
            let disk = SimulatedDisk()
            let store = try Store(disk: disk, now: start)
            let receiver = receiver(store)
            let last = start.milliseconds
            if isKnown {
                let one = Wire.request(Wire.series(labels, [(last, 2)]))
                #expect(await receiver.receive(Wire.snappy(one)).status == 204)
            }
            let message = Wire.series(labels, []) + sample + Wire.series([], [(last + 1000, 3)])
            for _ in 0..<2 { _ = await receiver.receive(Wire.snappy(Wire.request(message))) }

            let found = try await values(store, 0)
            #expect(found.suffix(1) == [3])
            #expect(found.count == 2)
            #expect(store.statistics().series == 1)
        }
    }

    @Test func `a series is remembered once, however unusual the samples in front of its last one are`()
        async throws
    {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        let labels = Wire.series(
            [("__name__", "metric"), ("instance", "host-0:9100"), ("job", "somewhere")], [])
        var remembered = 0
        for time in 0..<100 {
            var sample = try #require(Self.odd["short"])
            sample[12] = 0x80 + UInt8(time)
            let last = Wire.series([], [(start.milliseconds + Int64(time), 3)])
            _ = await receiver.receive(Wire.snappy(Wire.request(labels + sample + last)))
            if time == 0 { remembered = receiver.memoryBytes }
        }

        #expect(receiver.memoryBytes == remembered)
        #expect(try await values(store, 0).count(where: { $0 == 3 }) == 100)
    }

    @Test func `new series among known ones are taken, however they alternate`() async throws {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        var request: [UInt8] = []
        for number in stride(from: 0, to: 100, by: 2) {
            request.append(protobufField: 1, bytes: series(number, [(0, 1)]))
        }
        _ = await receiver.receive(Wire.snappy(request))

        #expect(await receiver.receive(self.request(0..<100, 10)).status == 204)
        #expect(await receiver.receive(self.request(95..<110, 20)).status == 204)

        #expect(try await values(store, 4) == [1, 14])
        #expect(try await values(store, 5) == [15])
        #expect(try await values(store, 96) == [1, 106, 116])
        #expect(try await values(store, 108) == [128])
    }

    @Test func `a series that comes twice in a request keeps the order of its samples`() async throws {
        var configuration = StoreConfiguration()
        configuration.outOfOrderWindow = .zero
        let store = try Store(disk: disk, configuration: configuration, now: start)
        let receiver = receiver(store)
        _ = await receiver.receive(request(0..<2, 0))
        let unsorted = Wire.series(
            [("instance", "host-0:9100"), ("__name__", "metric")], [(start.milliseconds + 1000, 7)])

        let answer = await receiver.receive(
            Wire.snappy(Wire.request(unsorted, series(0, [(2, 8)]), series(1, [(1, 9)]))))

        #expect(answer.status == 204)
        #expect(try await values(store, 0) == [0, 7, 8])
    }

    @Test func `a series that the store has dropped meanwhile is taken as a new one`() async throws {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        _ = await receiver.receive(request(0..<3, 0))
        try store.maintain(now: start + .seconds(40 * 86_400))
        #expect(try await values(store, 1) == [])

        let answer = await receiver.receive(request(0..<3, 5000))

        #expect(answer.status == 204)
        #expect(try await values(store, 1) == [5001])
    }

    @Test func `samples too far ahead of the clock are refused of known series too`() async throws {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        _ = await receiver.receive(request(0..<2, 0))

        let answer = await receiver.receive(
            Wire.snappy(Wire.request(series(0, [(1, 1), (9000, 2)]), series(1, [(1, 3)]))))

        #expect(answer.status == 400)
        #expect(try await values(store, 0) == [0, 1])
        #expect(try await values(store, 1) == [1, 3])
    }

    @Test func `the bits of an absent cell come back as a NaN of a known series`() async throws {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        _ = await receiver.receive(request(0..<1, 0))
        let absent = Double(bitPattern: 0x7ff0_0000_0000_0003)

        #expect(await receiver.receive(Wire.snappy(series1([(1, absent), (2, 0)]))).status == 204)

        let found = try await values(store, 0)
        #expect(found.count == 3)
        #expect(found[1].isNaN)
    }

    private func series1(_ samples: [(Int64, Double)]) -> [UInt8] { Wire.request(series(0, samples)) }

    @Test func `exemplars are kept, of new series, of known ones, and without a sample`() async throws {
        let store = try Store(disk: disk, now: start)
        let receiver = receiver(store)
        for (time, samples) in [(0, [(Int64(0), 1.0)]), (10, [(10, 2.0)]), (20, [])] {
            var message = series(0, samples)
            message.append(protobufField: 3, bytes: exemplar("trace-\(time)", Double(time), Int64(time)))
            #expect(await receiver.receive(Wire.snappy(Wire.request(message))).status == 204)
        }
        disk.crash()

        for store in [store, try Store(disk: disk, now: start)] {
            let found = store.exemplars(
                [[Matcher(equal: "__name__", "metric")]], in: start...start + .seconds(60))
            #expect(found.map { $0.labels["instance"] } == ["host-0:9100"])
            #expect(
                found.first?.exemplars
                    == [0, 10, 20].map {
                        Exemplar(
                            labels: Labels(["trace_id": "trace-\($0)"]), value: Double($0),
                            timestamp: start + .seconds($0))
                    })
        }
        #expect(try await values(store, 0) == [1, 2])
    }

    private func exemplar(_ trace: String, _ value: Double, _ time: Int64) -> [UInt8] {
        var label: [UInt8] = []
        label.append(protobufField: 1, text: "trace_id")
        label.append(protobufField: 2, text: trace)
        var message: [UInt8] = []
        message.append(protobufField: 1, bytes: label)
        message.append(protobufField: 2, double: value)
        message.append(protobufField: 3, integer: start.milliseconds + time * 1000)
        return message
    }
}
