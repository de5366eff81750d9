import TimeSeries

/// Which target starts next: a binary heap by time, then by number.
struct ScrapeQueue {
    struct Entry {
        var start: Timestamp
        var id: UInt64
    }

    private var heap: [Entry] = []

    var next: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, precedes(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The first entry, where it starts at `now` or before.
    mutating func pop(until now: Timestamp) -> Entry? {
        guard let first = heap.first, first.start <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
            guard let least = children.min(by: { precedes(heap[$0], heap[$1]) }),
                precedes(heap[least], heap[parent])
            else { return first }
            heap.swapAt(least, parent)
            parent = least
        }
    }

    /// The entries, in no order.
    var entries: [Entry] { heap }

    private func precedes(_ a: Entry, _ b: Entry) -> Bool { (a.start, a.id) < (b.start, b.id) }
}
