import Control
import Fleet
import TimeSeries

extension ControlRunner {
    typealias Answer = CheckedContinuation<ControlMemory.RequestRecord, any Error>

    /// What waits for the next batch.
    struct Inbox {
        private var events: [Event] = []
        private var waiters: [(id: String, answer: Answer)] = []
        private var generation: UInt64 = 0
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        mutating func nextGeneration(after known: UInt64) -> UInt64 {
            generation = max(generation, known) + 1
            return generation
        }

        mutating func add(_ event: Event) -> Bool {
            var event = event
            switch event {
            case .tick where events.last == .tick: return true
            case .observed, .observedUnchanged:
                // Each inventory is whole: a newer one makes room for itself.
                if events.count >= limit {
                    if case .observedUnchanged(let at) = event, let same = lastInventory {
                        event = .observed(same.seen(at: at))
                    }
                    events.removeAll(where: \.isReplaceable)
                }
            case .configured, .requested, .outcome, .began, .ended, .clockStepped:
                if events.count >= limit, let index = events.firstIndex(where: \.isExpendable) {
                    events.remove(at: index)
                }
            case .measured, .tick: break
            }
            guard events.count < limit else { return false }
            events.append(event)
            return true
        }

        /// The newest that waits; what is observed unchanged is compared with it.
        private var lastInventory: Inventory? {
            for case .observed(let inventory) in events.reversed() { return inventory }
            return nil
        }

        mutating func add(_ request: OperatorRequest, _ answer: Answer) -> Bool {
            guard add(.requested(request)) else { return false }
            waiters.append((request.id, answer))
            return true
        }

        mutating func drain() -> [Event] {
            defer { events = [] }
            return events
        }

        mutating func putBack(_ earlier: [Event]) {
            let later = events
            events = []
            for event in earlier + later { _ = add(event) }
        }

        mutating func takeWaiters() -> [Answer] {
            defer { waiters = [] }
            return waiters.map(\.answer)
        }

        mutating func takeAnswered(
            _ records: [String: ControlMemory.RequestRecord]
        ) -> [(Answer, ControlMemory.RequestRecord)] {
            guard !waiters.isEmpty else { return [] }
            var answered: [(Answer, ControlMemory.RequestRecord)] = []
            waiters.removeAll { waiter in
                guard let record = records[waiter.id] else { return false }
                answered.append((waiter.answer, record))
                return true
            }
            return answered
        }
    }
}

extension Inventory {
    fileprivate func seen(at moment: Timestamp) -> Inventory {
        var copy = self
        copy.observedAt = moment
        return copy
    }
}

extension Event {
    /// Whether nothing that waits builds upon it.
    fileprivate var isExpendable: Bool {
        if case .observed = self { false } else { isReplaceable }
    }

    /// Whether a later event of its kind says as much.
    fileprivate var isReplaceable: Bool {
        switch self {
        case .observed, .observedUnchanged, .measured, .tick: true
        case .began, .configured, .outcome, .requested, .ended, .clockStepped: false
        }
    }
}
