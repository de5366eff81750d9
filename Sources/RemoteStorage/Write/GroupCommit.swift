/// Makes what was appended durable: one commit for all who wait at the same time.
package actor GroupCommit {
    private let durablePosition: @Sendable () -> UInt64
    private let commit: @Sendable () throws -> Void

    /// - Parameters:
    ///   - durablePosition: the log position up to which everything is on disk.
    ///   - commit: makes everything durable that was appended before the call; throws where the disk refuses.
    package init(
        durablePosition: @escaping @Sendable () -> UInt64, commit: @escaping @Sendable () throws -> Void
    ) {
        self.durablePosition = durablePosition
        self.commit = commit
    }

    /// Returns once everything up to `position` is durable. Who waited for another one's commit finds it done.
    package func reach(_ position: UInt64) throws {
        if durablePosition() < position { try commit() }
    }
}
