import Codecs
import Journal
import Storage
import Testing
import TimeSeries

@testable import RemoteStorage

struct RemoteWriteReceiverTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)
    private let disk = SimulatedDisk()

    private func store(_ configuration: StoreConfiguration = StoreConfiguration()) throws -> Store {
        try Store(disk: disk, configuration: configuration, now: start)
    }

    private func receiver(
        _ store: Store, limits: RemoteWriteLimits = RemoteWriteLimits()
    ) -> RemoteWriteReceiver {
        RemoteWriteReceiver(
            sink: store, clock: ManualClock(now: start + .seconds(60)),
            durability: GroupCommit(
                durablePosition: { store.durablePosition }, commit: { try store.sync() }),
            limits: limits)
    }

    private func body(_ samples: [(Int64, Double)], name: String = "up") -> [UInt8] {
        Wire.snappy(
            Wire.request(
                Wire.series(
                    [("__name__", name)], samples.map { (start.milliseconds + $0.0 * 1000, $0.1) })))
    }

    private func values(_ store: Store, _ name: String) async throws -> [Double] {
        let selection = Selection(
            [Matcher(equal: "__name__", name)],
            in: .distantPast...Timestamp(milliseconds: 1 << 50))
        return try await store.select([selection])[0].flatMap(\.values)
    }

    @Test func `what was answered with 204 survives a power cut`() async throws {
        let first = try store()

        let answer = await receiver(first).receive(try Wire.golden())
        disk.crash()

        #expect(answer == RemoteWriteAnswer(204))
        let second = try store()
        #expect(try await values(second, "http_requests_total") == [1027, 1030.5])
        #expect(try await values(second, "température") == [-1.5])
        #expect(try await values(second, "latency_seconds") == [10])
        #expect(await second.metadata(of: "http_requests_total").values.first?.first?.kind == .counter)
    }

    @Test func `a request that is sent again does no harm`() async throws {
        let store = try store()
        let receiver = receiver(store)

        _ = await receiver.receive(body([(0, 1), (1, 2)]))
        let answer = await receiver.receive(body([(0, 1), (1, 2)]))

        #expect(answer.status == 204)
        #expect(try await values(store, "up") == [1, 2])
    }

    @Test func `late samples are taken within the window, and the first value of a moment stays`()
        async throws
    {
        let store = try store()
        let receiver = receiver(store)
        _ = await receiver.receive(body([(0, 1), (10, 2)]))

        let answer = await receiver.receive(body([(-700, 8), (5, 3), (10, 9), (20, 4)]))

        #expect(
            answer
                == RemoteWriteAnswer(
                    400,
                    "2 of 4 samples are refused, the others are kept: 1: duplicate sample for timestamp; 1: too old sample"
                ))
        #expect(try await values(store, "up") == [1, 3, 2, 4])
        #expect(receiver.statistics.samples == 4)
        #expect(receiver.statistics.refusedSamples == 2)
        #expect(receiver.statistics.requestsByStatus == [204: 1, 400: 1])
    }

    @Test func `invalid labels cost their series only`() async throws {
        let store = try store()
        let time = start.milliseconds
        let request = Wire.request(
            Wire.series([("job", "api")], [(time, 1)]), Wire.series([("__name__", "good")], [(time, 2)]))

        let answer = await receiver(store).receive(Wire.snappy(request))

        #expect(answer.status == 400)
        #expect(
            answer.message
                == #"1 of 2 samples are refused, the others are kept: 1: invalid metric name or labels: no metric name, got {job="api"}"#
        )
        #expect(try await values(store, "good") == [2])
    }

    @Test func `a full disk answers 503, and the same request is taken once there is room`() async throws {
        let store = try store()
        let receiver = receiver(store)
        disk.setCapacity(disk.byteCount)

        let full = await receiver.receive(body([(0, 1)]))
        disk.setCapacity(1 << 30)
        let again = await receiver.receive(body([(0, 1)]))

        #expect(full.status == 503)
        #expect(full.message.contains("No space left on device"))
        #expect(again.status == 204)
        disk.crash()
        let reopened = try self.store()
        #expect(try await values(reopened, "up") == [1])
    }

    @Test(arguments: 0..<30) func `a disk that fails at any call never acknowledges what it lost`(_ call: Int)
        async throws
    {
        let store = try store()
        let receiver = receiver(store)
        disk.failCall(call + 1)

        var acknowledged: [Double] = []
        for step in 0..<10 {
            let answer = await receiver.receive(body([(Int64(step), Double(step))]))
            #expect(answer.status == 204 || answer.status == 503)
            if answer.status == 204 { acknowledged.append(Double(step)) }
        }
        disk.crash()

        let kept = try await values(try self.store(), "up")
        #expect(Set(kept).isSuperset(of: acknowledged))
    }

    @Test(
        arguments: [
            ("text/plain", "snappy"), ("application/json", nil), ("application/x-protobuf", "gzip"),
            ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy"),
        ])
    func `another format is answered with 415`(_ type: String, _ encoding: String?) async throws {
        let answer = await receiver(try store()).receive(
            body([(0, 1)]), contentType: type, contentEncoding: encoding)

        #expect(answer.status == 415)
        #expect(answer.message.contains("expected") || answer.message.contains("accepted"))
    }

    @Test(
        arguments: [
            (nil, nil), ("application/x-protobuf", "snappy"), ("application/x-protobuf", "Snappy"),
            ("application/x-protobuf; proto=prometheus.WriteRequest", nil),
        ])
    func `version 1 is taken however it is named`(_ type: String?, _ encoding: String?) async throws {
        let answer = await receiver(try store()).receive(
            body([(0, 1)]), contentType: type, contentEncoding: encoding)

        #expect(answer.status == 204)
    }

    @Test func `a body cut anywhere or damaged is answered with 400 and stores nothing`() async throws {
        let store = try store()
        let receiver = receiver(store)
        let whole = try Wire.golden()

        for length in whole.indices {
            #expect(await receiver.receive(Array(whole[..<length])).status == 400, "\(length) bytes")
        }
        #expect(await receiver.receive(Array("up 1\n".utf8)).status == 400)
        #expect(store.statistics().samples == 0)
    }

    @Test func `a body that says it grows beyond the limit is refused before it is unpacked`() async throws {
        var bomb: [UInt8] = []
        bomb.append(varint: 4 << 30 - 1)

        let answer = await receiver(try store()).receive(bomb + [0xfe, 1, 0])

        #expect(answer.status == 400)
        #expect(answer.message.contains("above the limit"))
    }

    @Test func `series above the store's limit are refused and the known ones go on`() async throws {
        var configuration = StoreConfiguration()
        configuration.limits.series = 1
        let store = try store(configuration)
        let receiver = receiver(store)
        _ = await receiver.receive(body([(0, 1)]))

        let new = await receiver.receive(body([(1, 1)], name: "other"))
        let known = await receiver.receive(body([(1, 2)]))

        #expect(new.status == 400)
        #expect(
            new.message.hasSuffix(
                "1: storage.limits.series: the store holds its limit of 1 series; new ones are refused"))
        #expect(known.status == 204)
    }

    @Test func `metadata alone is durable before it is answered`() async throws {
        var metadata: [UInt8] = []
        metadata.append(protobufField: 1, integer: 1)
        metadata.append(protobufField: 2, text: "requests_total")
        metadata.append(protobufField: 4, text: "Requests so far.")
        var request: [UInt8] = []
        request.append(protobufField: 3, bytes: metadata)
        for isKnown in [false, true] {
            let first = try store()
            let receiver = receiver(first)
            if isKnown {
                // In memory since an answer that the disk did not allow.
                disk.failSynchronization()
                #expect(await receiver.receive(Wire.snappy(request)).status == 503)
                disk.heal()
            }
            #expect(await receiver.receive(Wire.snappy(request)).status == 204)
            disk.crash()
            let kinds = await (try store()).metadata(of: "requests_total").values.first?.map(\.kind)
            #expect(kinds == [.counter])
            for path in disk.paths { disk.setContents(path, nil) }
        }
    }

    @Test func `exemplars are durable before their request is answered`() async throws {
        var label: [UInt8] = []
        label.append(protobufField: 1, text: "trace_id")
        label.append(protobufField: 2, text: "abc")
        var exemplar: [UInt8] = []
        exemplar.append(protobufField: 1, bytes: label)
        exemplar.append(protobufField: 2, double: 1)
        exemplar.append(protobufField: 3, integer: start.milliseconds)
        var series = Wire.series([("__name__", "up")], [(start.milliseconds, 1)])
        series.append(protobufField: 3, bytes: exemplar)

        // The samples are durable at once.
        let first = try store(StoreConfiguration(sync: .always))
        #expect(await receiver(first).receive(Wire.snappy(Wire.request(series))).status == 204)
        disk.crash()

        let moments = start...start + .seconds(1)
        #expect(try store().exemplars([[Matcher(equal: "__name__", "up")]], in: moments).count == 1)
    }

    @Test func `a request of which the log has room for a part is taken as a whole`() async throws {
        let store = try store(StoreConfiguration(pendingLogSize: 4000))
        let receiver = receiver(store)
        #expect(await receiver.receive(body([(0, 1)])).status == 204)
        let filler = Labels(["__name__": "m", "filler": String(repeating: "x", count: 3800)])
        let waiting = store.append([SeriesSamples(labels: filler, samples: [Sample(start, 1)])])
        #expect(waiting.accepted == 1)

        let time = start.milliseconds
        let long = String(repeating: "y", count: 300)
        let request = Wire.request(
            Wire.series([("__name__", "up")], [(time + 1000, 2)]),
            Wire.series([("__name__", "other"), ("label", long)], [(time, 3)]))
        #expect(await receiver.receive(Wire.snappy(request)) == RemoteWriteAnswer(204))
        #expect(try await values(store, "up") == [1, 2])
        #expect(try await values(store, "other") == [3])

        // What will not fit however long it waits.
        let never = Wire.request(
            Wire.series(
                [("__name__", "other"), ("label", String(repeating: "z", count: 5000))], [(time, 3)]))
        let answer = await receiver.receive(Wire.snappy(never))
        #expect(answer.status == 503)
        #expect(answer.message.contains("more than 4000 bytes wait to be written"))
    }

    @Test func `many requests at once are all durable when they return`() async throws {
        let store = try store()
        let receiver = receiver(store)

        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<20 {
                let body = body([(0, Double(index))], name: "metric_\(index)")
                group.addTask { await receiver.receive(body).status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(statuses == Array(repeating: 204, count: 20))
        #expect(store.durablePosition == store.appendPosition)
    }

    @Test func `a receiver with no place left asks to come again`() async throws {
        var limits = RemoteWriteLimits()
        limits.requests = 0

        let answer = await receiver(try store(), limits: limits).receive(body([(0, 1)]))

        #expect(answer.status == 503)
    }

    @Test func `requests of more bytes than are taken at a time come again, one alone is taken`() {
        var limits = RemoteWriteLimits()
        limits.bytesAtATime = 100
        var running = RunningRequests()

        #expect(running.enter(200, limits) == nil)
        #expect(running.enter(1, limits) == "remote-write requests of 200 bytes are being written already")
        running.leave(200)
        #expect(running.enter(60, limits) == nil && running.enter(40, limits) == nil)
        #expect(running.enter(1, limits) != nil)
        running.leave(60)
        #expect(running.enter(1, limits) == nil)
    }

    @Test func `less memory takes smaller requests, and fewer bytes at a time`() {
        var limits = RemoteWriteLimits()
        limits.fit(memoryLimit: .max)
        #expect(limits == RemoteWriteLimits())
        limits.fit(memoryLimit: 80 << 20)
        #expect(limits.decodedBytes == 5 << 20 && limits.bytesAtATime == 4 << 20)
    }

    @Test func `limits of labels are those that were set last, and are told by their names`() async throws {
        let store = try store()
        let receiver = receiver(store)
        func push(_ count: Int, value: String = "v") async -> RemoteWriteAnswer {
            let labels =
                [("__name__", "many_\(count)_\(value.count)")] + (1..<count).map { ("n\($0)", value) }
            return await receiver.receive(
                Wire.snappy(Wire.request(Wire.series(labels, [(start.milliseconds, 1)]))))
        }
        let refused = await push(70)
        #expect(refused.status == 400 && refused.message.contains("70 labels, storage.limits.labels is 64"))
        #expect(
            await push(2, value: String(repeating: "x", count: 20_000)).message.contains("label_value_length")
        )

        var configuration = StoreConfiguration()
        configuration.limits.labels = 100
        configuration.limits.labelValueLength = 30_000
        store.apply(configuration)
        var limits = RemoteWriteLimits()
        limits.labels = 100
        limits.labelValueBytes = 30_000
        receiver.apply(limits)

        #expect(await push(70).status == 204)
        #expect(await push(2, value: String(repeating: "x", count: 20_000)).status == 204)
        #expect(await push(101).status == 400)
    }
}
