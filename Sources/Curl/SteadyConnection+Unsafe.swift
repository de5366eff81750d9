import Glibc

/// A connection that libcurl has made and on which the same is asked again and again. Lives on the loop's thread only.
///
/// Safety: the descriptor is this object's own and closed with it; buffers are lent to a system call for its duration.
@safe final class SteadyConnection {
    /// What came of reading.
    enum Outcome {
        case incomplete
        case answered(TransportResponse)
        case failed(TransportError)
        /// The server had closed the connection before this request: it is to be sent on a new one.
        case stale
        /// An answer that libcurl is to ask for.
        case foreign
    }

    let descriptor: Int32
    /// What is asked here.
    private(set) var request: TransportRequest
    /// When the answer must be there, or, without a request, when the connection has been idle for too long; in
    /// milliseconds of the loop's clock.
    private(set) var deadline: Int64 = 0
    /// Whether another request may be sent.
    private(set) var isUsable = true
    private var message: [UInt8]
    private var job: CurlJob?
    private var answer = HTTPAnswer()
    private var body: [UInt8] = []
    private var hasAnswered = false
    private var hasReceived = false

    private static let idleMilliseconds: Int64 = 120_000
    private static let headBytes = 4 << 10

    /// - Parameters:
    ///   - descriptor: a connected socket, which this object closes.
    ///   - message: the request as it is sent.
    init(_ descriptor: Int32, _ request: TransportRequest, _ message: [UInt8]) {
        self.descriptor = descriptor
        self.request = request
        self.message = message
    }

    deinit { close(descriptor) }

    /// From now on something else is asked for.
    func settle(_ request: TransportRequest, _ message: [UInt8]) {
        self.request = request
        self.message = message
    }

    /// Sends the request.
    /// - Parameter body: memory for the answer; what is in it is thrown away.
    /// - Returns: false where the connection does not take it.
    func ask(_ job: CurlJob, body: [UInt8]) -> Bool {
        self.job = job
        self.body = body
        self.body.removeAll(keepingCapacity: true)
        deadline = job.deadline
        answer = HTTPAnswer()
        hasReceived = false
        let sent = unsafe message.withUnsafeBytes { bytes in
            unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        return sent == message.count
    }

    /// The request, which nothing here answers any more, and the memory for its answer.
    func release() -> (job: CurlJob?, body: [UInt8]) {
        defer { (job, body) = (nil, []) }
        return (job, body)
    }

    /// Reads what has arrived.
    /// - Parameter scratch: where bytes go that are not known to be body.
    func receive(_ scratch: inout [UInt8], now: Int64) -> Outcome {
        guard let job else { return .stale }
        let limit = job.request.maxBodyBytes
        var progress = HTTPAnswer.Progress.incomplete
        while case .incomplete = progress {
            let ahead = answer.bodyAhead
            // What comes with the head is copied; chunks have to be anyway.
            let unknown = hasReceived ? scratch.count : SteadyConnection.headBytes
            let wanted = ahead > 0 ? min(ahead, 1 << 20) : unknown
            let count = ahead > 0 ? receiveBody(wanted) : receive(wanted, into: &scratch)
            guard count > 0 else { return count == 0 || !isWaiting ? broken() : .incomplete }
            hasReceived = true
            progress =
                ahead > 0
                ? answer.tookBody(count) : answer.take(scratch.span.extracting(..<count), into: &body)
            guard body.count <= limit, answer.bodyAhead <= limit - body.count else {
                return .failed(.bodyTooLarge(limit: limit))
            }
            body.reserveCapacity(forAnswerOf: body.count + answer.bodyAhead)
            if case .incomplete = progress, count < wanted { return .incomplete }
        }
        let isRedirect = job.request.followsRedirects && answer.status / 100 == 3
        if case .foreign = progress { return .foreign }
        return isRedirect ? .foreign : .answered(finish(now: now))
    }

    private func finish(now: Int64) -> TransportResponse {
        let response = TransportResponse(
            status: answer.status, headers: answer.headers, body: body, wireBytes: answer.bodyCount)
        (body, hasAnswered, isUsable) = ([], true, !answer.isLast)
        deadline = now + SteadyConnection.idleMilliseconds
        return response
    }

    /// The connection has ended, or takes nothing more, before the answer.
    func broken() -> Outcome {
        if hasAnswered && !hasReceived { return .stale }
        return .failed(
            .failed(
                hasReceived ? "the connection ended in the middle of the answer" : "the server did not answer"
            ))
    }

    private var isWaiting: Bool { errno == EAGAIN || errno == EINTR }

    private func receiveBody(_ wanted: Int) -> Int {
        var count = 0
        body.append(addingCapacity: wanted) { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                unsafe count = recv(descriptor, buffer.baseAddress, wanted, 0)
                initialized = max(0, count)
            }
        }
        return count
    }

    private func receive(_ wanted: Int, into scratch: inout [UInt8]) -> Int {
        unsafe scratch.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, min(wanted, $0.count), 0)
        }
    }
}
