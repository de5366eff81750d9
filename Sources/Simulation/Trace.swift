import Audit
import Synchronization
import TimeSeries

/// What happened in a run, in order: the same seed gives the same lines. Also takes down what must never happen.
package final class Trace: Sendable {
    private struct State {
        var lines: [String] = []
        var violations: [String] = []
    }

    private let clock: any Clock
    private let start: Timestamp
    private let state = Mutex(State())

    init(clock: any Clock) {
        self.clock = clock
        start = clock.now
    }

    package var lines: [String] { state.withLock { $0.lines } }
    package var violations: [String] { state.withLock { $0.violations } }

    /// SHA-256 of all lines.
    package var hash: String {
        MerkleHash(sha256: Array(lines.joined(separator: "\n").utf8)).description
    }

    func note(_ what: String) {
        let line = "\(elapsed) \(what)"
        state.withLock { $0.lines.append(line) }
    }

    /// An invariant did not hold.
    func violate(_ what: String) {
        let line = "\(elapsed) VIOLATION \(what)"
        state.withLock { state in
            state.lines.append(line)
            state.violations.append(line)
        }
    }

    /// `12.500`: seconds since the start.
    private var elapsed: String {
        let milliseconds = (clock.now - start).milliseconds
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
