/// Workers that take jobs from one queue in the order of their arrival (M/G/k). Those that are started are ready after the
/// start-up time; those that are removed finish the job that they do, the idle ones and those that start first.
struct WorkerPool {
    /// When each worker is free, as a heap with the earliest first.
    private var freeAt: [Double]
    /// When replicas become ready, ascending.
    private var starting: [Int] = []
    private let startUp: Int
    /// The next job to be begun, and the next to come.
    private var head = 0
    private var tail = 0
    private(set) var workerSeconds = 0.0

    init(ready: Int, startUp: Int) {
        freeAt = [Double](repeating: 0, count: ready)
        self.startUp = startUp
    }

    var ready: Int { freeAt.count }
    var startingCount: Int { starting.count }
    var waiting: Int { tail - head }

    func busy(at now: Int) -> Int { freeAt.reduce(0) { $0 + ($1 > Double(now) ? 1 : 0) } }

    mutating func begin(at now: Int, in jobs: JobStream) {
        while head < jobs.arrivals.count, jobs.arrivals[head] < Double(now) { head += 1 }
        tail = head
    }

    /// Works until `end`.
    /// - Parameter began: called with each job that is begun and how long it has waited.
    mutating func work(from now: Int, to end: Int, _ jobs: JobStream, began: (Int, Double) -> Void) {
        workerSeconds += Double((ready + starting.count) * (end - now))
        while head < jobs.arrivals.count, !freeAt.isEmpty {
            let start = max(jobs.arrivals[head], freeAt[0], Double(now))
            guard start < Double(end) else { break }
            began(head, start - jobs.arrivals[head])
            replaceFirst(start + jobs.services[head])
            head += 1
        }
        tail = max(tail, head)
        while tail < jobs.arrivals.count, jobs.arrivals[tail] < Double(end) { tail += 1 }
        var arrived = 0
        while arrived < starting.count, starting[arrived] <= end { arrived += 1 }
        for _ in 0..<arrived { insert(Double(end)) }
        starting.removeFirst(arrived)
    }

    /// What still waits, for how long by then.
    func left(at now: Int, _ jobs: JobStream, _ each: (Int, Double) -> Void) {
        for job in head..<tail { each(job, Double(now) - jobs.arrivals[job]) }
    }

    mutating func scale(to count: Int, at now: Int) {
        let total = ready + starting.count
        if count > total {
            starting += [Int](repeating: now + startUp, count: count - total)
        } else if count < total {
            let cancelled = min(starting.count, total - count)
            starting.removeLast(cancelled)
            while ready > count {
                workerSeconds += max(0, removeFirst() - Double(now))
            }
        }
    }

    private mutating func replaceFirst(_ value: Double) {
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < freeAt.count else { break }
            if child + 1 < freeAt.count, freeAt[child + 1] < freeAt[child] { child += 1 }
            guard freeAt[child] < value else { break }
            freeAt[place] = freeAt[child]
            place = child
        }
        freeAt[place] = value
    }

    private mutating func removeFirst() -> Double {
        let first = freeAt[0]
        let last = freeAt.removeLast()
        if !freeAt.isEmpty { replaceFirst(last) }
        return first
    }

    private mutating func insert(_ value: Double) {
        var place = freeAt.count
        freeAt.append(value)
        while place > 0, freeAt[(place - 1) / 2] > value {
            freeAt[place] = freeAt[(place - 1) / 2]
            place = (place - 1) / 2
        }
        freeAt[place] = value
    }
}
