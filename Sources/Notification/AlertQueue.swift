import Rules

/// The alerts that wait for one Alertmanager. When it is full the oldest go: what is newer says more.
struct AlertQueue {
    private(set) var alerts: [AlertNotification] = []
    let capacity: Int

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var isEmpty: Bool { alerts.isEmpty }

    /// Returns how many had to go.
    mutating func add(_ new: [AlertNotification]) -> Int {
        alerts += new
        let excess = max(0, alerts.count - capacity)
        alerts.removeFirst(excess)
        return excess
    }

    /// Puts a batch back in front, as far as there is room; returns how many had to go.
    mutating func putBack(_ batch: [AlertNotification]) -> Int {
        let kept = batch.suffix(max(0, capacity - alerts.count))
        alerts.insert(contentsOf: kept, at: 0)
        return batch.count - kept.count
    }

    mutating func takeBatch(of size: Int) -> [AlertNotification] {
        let batch = Array(alerts.prefix(size))
        alerts.removeFirst(batch.count)
        return batch
    }
}
