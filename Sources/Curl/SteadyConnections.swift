/// The steady connections of a loop, by URL and by descriptor. Lives on the loop's thread only.
final class SteadyConnections {
    /// What becomes of a request.
    enum Start {
        case sent
        /// A connection is to be made for it, and handed to `adopt`.
        case needsConnection
        /// It is libcurl's altogether.
        case foreign
    }

    /// A request that libcurl has to take over.
    struct Returned {
        var job: CurlJob
        /// Memory for the answer.
        var body: [UInt8]
    }

    private let limit: Int
    private let events: CurlEvents
    private var idle: [String: SteadyConnection] = [:]
    private var open: [Int32: SteadyConnection] = [:]
    /// Descriptors by the request that waits on them.
    private var asked: [UInt64: Int32] = [:]
    /// URLs whose answers are libcurl's.
    private var foreign: Set<String> = []
    private var returned: [Returned] = []
    private var scratch = [UInt8](repeating: 0, count: 64 << 10)
    /// Not later than the first deadline of all; in milliseconds of the loop's clock.
    private(set) var nextDeadline: Int64?

    private static let foreignLimit = 4096

    /// - Parameter limit: how many connections are kept.
    init(limit: Int, _ events: CurlEvents) {
        self.limit = limit
        self.events = events
    }

    func start(_ job: CurlJob, body: [UInt8]) -> Start {
        let request = job.request
        guard request.isRepeated, !foreign.contains(request.url) else { return .foreign }
        if let connection = idle.removeValue(forKey: request.url) {
            if !request.isRepetition(of: connection.request) {
                guard let message = request.steadyMessage else {
                    close(connection)
                    return .foreign
                }
                connection.settle(request, message)
            }
            send(job, body, on: connection)
            return .sent
        }
        return open.count < limit && request.steadyMessage != nil ? .needsConnection : .foreign
    }

    /// Takes over a connected socket, and sends the request that it was made for.
    func adopt(_ descriptor: Int32, _ job: CurlJob, body: [UInt8]) {
        let connection = SteadyConnection(descriptor, job.request, job.request.steadyMessage ?? [])
        open[descriptor] = connection
        events.add(descriptor)
        send(job, body, on: connection)
    }

    private func send(_ job: CurlJob, _ body: [UInt8], on connection: SteadyConnection) {
        asked[job.id] = connection.descriptor
        if connection.ask(job, body: body) {
            expect(connection)
        } else {
            conclude(connection, connection.broken())
        }
    }

    private func expect(_ connection: SteadyConnection) {
        nextDeadline = min(nextDeadline ?? .max, connection.deadline)
    }

    /// Reads what has arrived on a descriptor; false where it is none of these.
    func receive(on descriptor: Int32) -> Bool {
        guard let connection = open[descriptor] else { return false }
        let outcome = connection.receive(&scratch, now: CurlEvents.now)
        if case .incomplete = outcome { return true }
        conclude(connection, outcome)
        return true
    }

    /// Answers or passes on the request of a connection, and keeps or closes that.
    private func conclude(_ connection: SteadyConnection, _ outcome: SteadyConnection.Outcome) {
        let (job, body) = connection.release()
        if case .answered = outcome, connection.isUsable, idle[connection.request.url] == nil {
            idle[connection.request.url] = connection
            expect(connection)
        } else {
            close(connection)
        }
        guard let job else { return }
        asked[job.id] = nil
        switch outcome {
        case .answered(let response): job.continuation.resume(returning: .success(response))
        case .failed(let error): job.continuation.resume(returning: .failure(error))
        case .foreign:
            if foreign.count < SteadyConnections.foreignLimit { foreign.insert(job.request.url) }
            returned.append(Returned(job: job, body: body))
        case .stale, .incomplete: returned.append(Returned(job: job, body: body))
        }
    }

    private func close(_ connection: SteadyConnection) {
        if idle[connection.request.url] === connection { idle[connection.request.url] = nil }
        events.remove(connection.descriptor)
        open[connection.descriptor] = nil
    }

    /// Cancels a request; false where it does not wait here.
    func cancel(_ id: UInt64) -> Bool {
        guard let descriptor = asked[id], let connection = open[descriptor] else { return false }
        conclude(connection, .failed(.cancelled))
        return true
    }

    /// The requests that libcurl has to take over.
    func takeReturned() -> [Returned] {
        defer { returned = [] }
        return returned
    }

    /// Ends what has waited for too long.
    func expire(at now: Int64) {
        guard let next = nextDeadline, next <= now else { return }
        for descriptor in open.keys.sorted() {
            guard let connection = open[descriptor], connection.deadline <= now else { continue }
            conclude(connection, .failed(.timedOut))
        }
        nextDeadline = open.values.map(\.deadline).min()
    }

    /// Cancels what runs.
    func retire() {
        for id in asked.keys.sorted() { _ = cancel(id) }
        for connection in idle.values { close(connection) }
    }
}
