import Codecs
import Synchronization
package import TimeSeries

/// What a remote-write sender is told.
package struct RemoteWriteAnswer: Hashable, Sendable {
    /// 204 all is durable; 400 what was not taken never will be, the rest is durable; 415 another format; 503 come again.
    package var status: Int
    package var message: String

    package init(_ status: Int, _ message: String = "") {
        self.status = status
        self.message = message
    }
}

/// What a receiver has done so far.
package struct RemoteWriteStatistics: Hashable, Sendable {
    package var requestsByStatus: [Int: UInt64] = [:]
    /// Durable samples, native histograms and repeated ones included.
    package var samples: UInt64 = 0
    package var refusedSamples: UInt64 = 0
}

/// Takes in remote-write 1.0 requests: Snappy, protobuf, into the sink, and a 2xx only once all of it is durable.
///
/// A request with some samples that cannot be taken keeps the others and answers 400, so that the sender does not
/// send it again. When the disk refuses, the answer is 503: what is sent again and is here already does no harm.
package final class RemoteWriteReceiver: Sendable {
    /// The most bytes of a request as it is sent.
    package let bodyLimit: Int
    private let limits: Mutex<RemoteWriteLimits>
    private let sink: any SampleSink
    private let clock: any Clock
    private let durability: GroupCommit
    private let state = Mutex(RemoteWriteStatistics())
    private let running = Mutex(RunningRequests())
    /// The sink takes one request at a time.
    private let turns = Turns()
    /// The handles of the sink for series that were sent before.
    private let memo: Mutex<SeriesMemo>
    private let seed: UInt64

    package init(
        sink: any SampleSink, clock: any Clock, durability: GroupCommit,
        limits: RemoteWriteLimits = RemoteWriteLimits(), seed: UInt64 = .random(in: .min ... .max)
    ) {
        self.sink = sink
        self.clock = clock
        self.durability = durability
        self.limits = Mutex(limits)
        self.seed = seed
        bodyLimit = limits.decodedBytes
        memo = Mutex(SeriesMemo(limit: limits.rememberedSeries, now: clock.now))
    }

    /// Puts other limits to use, for the requests that come from here on.
    package func apply(_ new: RemoteWriteLimits) { limits.withLock { $0 = new } }

    package var statistics: RemoteWriteStatistics { state.withLock { $0 } }

    /// What it keeps to know series again that were sent before.
    package var memoryBytes: Int { memo.withLock { $0.byteCount } }

    /// Forgets series that were not sent for two hours, of some after one; cheap where there is nothing to do.
    package func forgetUnsent() { memo.withLock { $0.sweep(clock.now) } }

    /// - Parameters:
    ///   - contentType: of the request; nil and empty stand for version 1.0, as in Prometheus.
    ///   - contentEncoding: of the request; nil and empty stand for Snappy.
    package func receive(
        _ body: [UInt8], contentType: String? = nil, contentEncoding: String? = nil
    ) async -> RemoteWriteAnswer {
        let answer: RemoteWriteAnswer
        let limits = limits.withLock { $0 }
        var header = ByteCursor(count: body.count)
        let byteCount = min(Int(clamping: (try? header.varint(body.span)) ?? 0), limits.decodedBytes)
        if let refusal = RemoteWriteFormat.refusal(contentType, contentEncoding) {
            answer = RemoteWriteAnswer(415, refusal)
        } else if let refusal = running.withLock({ $0.enter(byteCount, limits) }) {
            answer = RemoteWriteAnswer(503, refusal)
        } else {
            answer = await write(body, limits)
            running.withLock { $0.leave(byteCount) }
        }
        state.withLock { $0.requestsByStatus[answer.status, default: 0] += 1 }
        return answer
    }

    private func write(_ body: [UInt8], _ limits: RemoteWriteLimits) async -> RemoteWriteAnswer {
        do {
            let message = try Snappy.decompress(body.span, limit: limits.decodedBytes)
            let request = try decode(message, limits) { series in memo.withLock { $0.handles(of: series) } }
            if let answer = await write(request) { return answer }
            // A series that was known is gone from the sink: with its labels it is taken as a new one.
            let anew = try decode(message, limits) {
                Array(repeating: KnownSamples.noHandle, count: $0.count)
            }
            return await write(anew)
                ?? RemoteWriteAnswer(503, "the series change faster than they are written")
        } catch {
            return RemoteWriteAnswer(400, "the remote-write request cannot be read: \(error)")
        }
    }

    private func decode(
        _ message: [UInt8], _ limits: RemoteWriteLimits, resolve: ([SeriesScan.Series]) -> [UInt32]
    ) throws(CodecError) -> WriteRequest {
        try WriteRequest(
            decoding: message.span, limits: limits, latest: clock.now + limits.ahead, seed: seed,
            resolve: resolve)
    }

    /// Nil where the sink does not know a handle any more; some of the request may be written then.
    private func write(_ request: WriteRequest) async -> RemoteWriteAnswer? {
        guard var report = await turns.take({ append(request) }) else { return nil }
        do {
            try await durability.reach(report.position)
            // The commit has made room in the log; what was taken is only repeated.
            if report.isFull {
                guard let second = await turns.take({ append(request) }) else { return nil }
                report = second
                try await durability.reach(report.position)
            }
        } catch {
            return RemoteWriteAnswer(503, "the samples are not durable: \(error)")
        }
        if report.isFull {
            return RemoteWriteAnswer(
                503, "the samples are not durable: \(report.refusal ?? "the log is full")")
        }
        return conclude(request, report)
    }

    private func conclude(_ request: WriteRequest, _ report: AppendReport) -> RemoteWriteAnswer {
        let refused = request.refusedCount + report.rejected
        let total = request.refusedCount + request.sampleCount
        state.withLock {
            $0.samples += UInt64(total - refused)
            $0.refusedSamples += UInt64(refused)
        }
        guard refused > 0 else { return RemoteWriteAnswer(204) }
        var reasons: [String] = []
        if let first = request.firstRefusal { reasons.append("\(request.refusedCount): \(first)") }
        reasons += report.reasons
        return RemoteWriteAnswer(
            400,
            "\(refused) of \(total) samples are refused, the others are kept: "
                + reasons.joined(separator: "; "))
    }

    private func append(_ request: WriteRequest) -> AppendReport? {
        var sum = AppendReport()
        if !request.metadata.isEmpty { sum.add(sink.describe(request.metadata)) }
        for part in request.parts {
            switch part {
            case .known(let samples):
                guard let report = sink.append(samples) else { return nil }
                sum.add(report)
            case .decoded(let batch, let keys):
                var handles: [UInt32] = []
                sum.add(sink.append(batch, handles: &handles))
                let now = clock.now
                memo.withLock { memo in
                    for (key, handle) in zip(keys, handles) {
                        if let key { memo.insert(key, handle, now: now) }
                    }
                }
            }
        }
        if !request.exemplars.isEmpty { sum.add(sink.append(request.exemplars)) }
        return sum
    }
}

extension AppendReport {
    /// In Prometheus' words where it has them.
    fileprivate var reasons: [String] {
        let counts = [
            (duplicate, "duplicate sample for timestamp"), (outOfOrder, "out of order sample"),
            (tooOld, "too old sample"), (limited, refusal ?? "above a limit of series, labels or memory"),
        ]
        return counts.filter { $0.0 > 0 }.map { "\($0.0): \($0.1)" }
    }
}
