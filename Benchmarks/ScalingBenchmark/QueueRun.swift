import Scaling

/// One controller over the jobs of a recording.
struct QueueRun {
    struct Score: Sendable {
        /// The share of the minutes in which no more than a hundredth of the jobs that came waited for longer than allowed,
        /// by how long is allowed.
        var kept: [Double]
        /// Worker-time, starting included, by the time that the work takes.
        var cost: Double
        var changesPerHour: Double
    }

    let jobs: JobStream
    /// How long a job may wait, in seconds.
    let allowed: [Double]
    let startUp: Int
    let maxReplicas: Int
    /// From where on it is judged, and from where on it runs.
    let judgedFrom: Int
    private static let latencyTicks = 8

    func score(_ controller: any QueueController, from begin: Int, needsLatency: Bool = false) -> Score {
        var controller = controller
        let tick = JobStream.tickSeconds
        let end = jobs.ticks * tick
        let workers = Int((jobs.measured.values[begin / tick] * JobStream.meanService).rounded(.up))
        var pool = WorkerPool(ready: max(1, workers), startUp: startUp)
        pool.begin(at: begin, in: jobs)
        var desired = pool.ready
        var minutes = Minutes(from: judgedFrom, to: end, allowed: allowed)
        var waits: [[Double]] = []
        var changes = 0
        var paidBefore = 0.0
        for now in stride(from: begin, to: end, by: tick) {
            if now == judgedFrom { paidBefore = pool.workerSeconds }
            let view = QueueView(
                seconds: now, arrivals: jobs.measured.values[now / tick], waiting: pool.waiting,
                busy: pool.busy(at: now), latency: needsLatency ? Self.latency(waits) : nil,
                ready: pool.ready,
                starting: pool.startingCount, desired: desired)
            let count = max(0, min(controller.desired(view), maxReplicas))
            if now >= judgedFrom, count != desired { changes += 1 }
            desired = count
            pool.scale(to: count, at: now)
            var begun: [Double] = []
            pool.work(from: now, to: now + tick, jobs) { job, wait in
                minutes.take(jobs.arrivals[job], waited: wait)
                if needsLatency { begun.append(wait) }
            }
            guard needsLatency else { continue }
            waits.append(begun)
            if waits.count > Self.latencyTicks { waits.removeFirst() }
        }
        pool.left(at: end, jobs) { job, wait in minutes.take(jobs.arrivals[job], waited: wait) }
        var work = 0.0
        for (arrival, service) in zip(jobs.arrivals, jobs.services) where arrival >= Double(judgedFrom) {
            work += service
        }
        return Score(
            kept: minutes.kept, cost: (pool.workerSeconds - paidBefore) / work,
            changesPerHour: Double(changes) * 3600 / Double(end - judgedFrom))
    }

    private static func latency(_ waits: [[Double]]) -> Double? {
        let sorted = waits.flatMap { $0 }.sorted()
        return sorted.isEmpty ? nil : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }
}

/// How many jobs came in each minute, and how many of them waited for too long.
private struct Minutes {
    private let from: Int
    private var came: [Int]
    private var late: [[Int]]
    private let allowed: [Double]

    init(from: Int, to end: Int, allowed: [Double]) {
        self.from = from
        self.allowed = allowed
        came = [Int](repeating: 0, count: (end - from + 59) / 60)
        late = allowed.map { _ in [Int](repeating: 0, count: (end - from + 59) / 60) }
    }

    mutating func take(_ arrival: Double, waited: Double) {
        guard arrival >= Double(from) else { return }
        let minute = (Int(arrival) - from) / 60
        came[minute] += 1
        for place in allowed.indices where waited > allowed[place] { late[place][minute] += 1 }
    }

    var kept: [Double] {
        late.map { late in
            let isKept = zip(came, late).reduce(0) { $0 + ($1.1 * 100 <= $1.0 ? 1 : 0) }
            return Double(isKept) / Double(max(1, came.count))
        }
    }
}
