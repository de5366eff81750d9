import Synchronization

/// Lets so many in at once, makes so many more wait in order, and turns away the rest.
final class WorkQueue: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let concurrency: Int
    private let length: Int
    private let state = Mutex(State())

    init(concurrency: Int, length: Int) {
        self.concurrency = concurrency
        self.length = length
    }

    var waiting: Int { state.withLock { $0.waiting.count } }
    var running: Int { state.withLock { $0.running } }

    /// Does the work in its turn; nil where the queue is full.
    func run<Value>(_ work: () async -> Value) async -> Value? {
        guard await enter() else { return nil }
        let value = await work()
        leave()
        return value
    }

    private func enter() async -> Bool {
        enum Admission { case now, later, never }
        let admission: Admission = state.withLock { state in
            if state.running < concurrency {
                state.running += 1
                return .now
            }
            return state.waiting.count < length ? .later : .never
        }
        switch admission {
        case .now: return true
        case .never: return false
        case .later:
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    // Room may have come up since it was looked at.
                    guard state.running >= concurrency else {
                        state.running += 1
                        return true
                    }
                    state.waiting.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
            return true
        }
    }

    /// The place goes to who has waited longest.
    private func leave() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.running -= 1
            return nil
        }
        next?.resume()
    }
}
