/// A workload's replicas in a backtest: started ones are ready after the start-up time, removed ones are gone
/// at once, those that still start first.
struct SimulatedFleet {
    private(set) var ready: Int
    /// The seconds at which replicas become ready, ascending.
    private var starting: [Int] = []
    private let startUp: Int

    init(ready: Int, startUp: Int) {
        self.ready = ready
        self.startUp = startUp
    }

    var startingCount: Int { starting.count }
    var total: Int { ready + starting.count }

    mutating func advance(to now: Int) {
        var arrived = 0
        while arrived < starting.count, starting[arrived] <= now { arrived += 1 }
        guard arrived > 0 else { return }
        ready += arrived
        starting.removeFirst(arrived)
    }

    mutating func scale(to count: Int, at now: Int) {
        if count > total {
            if startUp == 0 {
                ready = count
            } else {
                starting += [Int](repeating: now + startUp, count: count - total)
            }
        } else if count < total {
            let cancelled = min(starting.count, total - count)
            starting.removeLast(cancelled)
            ready = min(ready, count)
        }
    }
}
