import Synchronization

/// Closed until it is opened, once and for good.
final class Gate: Sendable {
    private let state = Atomic<Bool>(false)

    var isOpen: Bool { state.load(ordering: .acquiring) }

    func open() { state.store(true, ordering: .releasing) }

    /// Returns when the gate is open; throws when cancelled before.
    func wait() async throws {
        while !isOpen { try await Task.sleep(for: .milliseconds(10)) }
    }
}
