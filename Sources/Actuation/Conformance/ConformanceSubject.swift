package import Fleet
package import TimeSeries

/// A backend under test and the hands that its conformance kit needs. Each case gets a fresh one, without nodes.
package protocol ConformanceSubject: Sendable {
    /// The backend as it is now; another one after `reopen`.
    var backend: any NodeBackend { get async }
    var clock: any Clock { get }
    /// Nodes that do not run yet, at least two.
    var nodes: [NodeSpec] { get }
    /// Starts within `patience` rounds and stays up.
    var workload: Workload { get }
    /// Lets a little time pass, virtual or real, between two looks at the inventory.
    func pause() async throws
    /// So many pauses are enough for a start, stop or restart.
    var patience: Int { get }

    /// Makes another backend over the same nodes, as a service does that was restarted.
    func reopen() async throws
    /// Loses the answer to the next command, after it took effect. False where that cannot be arranged.
    func loseNextReply() async -> Bool
    /// Ends a replica's process as a crash would. False where that cannot be arranged.
    func crash(_ replica: ReplicaID) async -> Bool
    /// Ends a node's process without notice. False where that cannot be arranged.
    func kill(_ node: NodeID) async -> Bool
    /// Ends everything that the case started.
    func tearDown() async
}

/// What a backend did against its contract.
package struct ConformanceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
