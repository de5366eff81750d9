/// A request on its way to the thread, with the one who waits for it.
struct CurlJob: Sendable {
    var id: UInt64
    var request: TransportRequest
    var continuation: CheckedContinuation<Result<TransportResponse, TransportError>, Never>
    /// When the answer must be there, by the loop's clock.
    var deadline: Int64
}

/// What has been handed to the thread and not yet fetched by it.
struct CurlInbox: Sendable {
    /// What becomes of something that was put in.
    enum Admission {
        /// The thread looks again before it sleeps.
        case noticed
        /// The thread sleeps, and whoever put this in wakes it.
        case asleep
        case refused
    }

    /// Bodies that nobody reads any more, for the answers to come.
    private static let spareLimit = 8
    private static let spareBytes = 1 << 20

    private var jobs: [CurlJob] = []
    private var work: [UnownedJob] = []
    private var cancellations: [UInt64] = []
    private var isClosed = false
    private var isAsleep = false
    /// Cancelled before their job arrived.
    private var early: Set<UInt64> = []
    /// Queued or running.
    private var open: Set<UInt64> = []
    private var lastID: UInt64 = 0
    private var spares: [[UInt8]] = []

    mutating func newID() -> UInt64 {
        lastID += 1
        return lastID
    }

    mutating func submit(_ job: CurlJob) -> Admission {
        guard !isClosed, !early.contains(job.id) else { return .refused }
        open.insert(job.id)
        jobs.append(job)
        return admit()
    }

    /// Puts in a piece of a task that is to run on the thread.
    mutating func submit(_ piece: UnownedJob) -> Admission {
        guard !isClosed else { return .refused }
        work.append(piece)
        return admit()
    }

    mutating func reclaim(_ body: [UInt8]) {
        if spares.count < CurlInbox.spareLimit, body.capacity <= CurlInbox.spareBytes { spares.append(body) }
    }

    mutating func cancel(_ id: UInt64) -> Admission {
        if open.contains(id) { cancellations.append(id) } else { early.insert(id) }
        return admit()
    }

    mutating func close() -> Admission {
        isClosed = true
        return admit()
    }

    private mutating func admit() -> Admission {
        defer { isAsleep = false }
        return isAsleep ? .asleep : .noticed
    }

    /// The caller has its answer: nothing of this request needs to be remembered.
    mutating func forget(_ id: UInt64) {
        open.remove(id)
        early.remove(id)
    }

    /// What the thread fetches at once.
    struct Arrival {
        var jobs: [CurlJob]
        var work: [UnownedJob]
        var cancellations: [UInt64]
        /// Memory for the answers to the jobs, for at most each of them.
        var spares: [[UInt8]]
        var isClosed: Bool
    }

    /// Hands over what has arrived; nil where nothing has.
    /// - Parameter isAsleep: the thread sleeps then, and whoever puts something in wakes it.
    mutating func take(isAsleep: Bool) -> Arrival? {
        if jobs.isEmpty && work.isEmpty && cancellations.isEmpty && !isClosed {
            self.isAsleep = isAsleep
            return nil
        }
        self.isAsleep = false
        let count = min(jobs.count, spares.count)
        defer {
            jobs = []
            work = []
            cancellations = []
            spares.removeLast(count)
        }
        return Arrival(
            jobs: jobs, work: work, cancellations: cancellations, spares: Array(spares.suffix(count)),
            isClosed: isClosed)
    }
}
