import Fleet
import TimeSeries

extension ProcessBackend {
    /// Every node is asked to tell of its next change; one that goes away is a change at once, which is how the death
    /// of a node process is noticed within milliseconds.
    package func changes() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                await withDiscardingTaskGroup { group in
                    var watched: Set<NodeID> = []
                    while !Task.isCancelled {
                        for node in self.knownNodes() where watched.insert(node).inserted {
                            group.addTask { await self.watch(node) { continuation.yield() } }
                        }
                        try? await self.pause(.seconds(1))
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func watch(_ node: NodeID, _ announce: @Sendable () -> Void) async {
        var known: UInt64?
        while !Task.isCancelled {
            let next = await revision(of: node, after: known ?? 0)
            if next != known { announce() }
            known = next
            if next == nil { try? await pause(.milliseconds(250)) }
        }
    }
}
