/// The bounds of a log.
package struct LogConfiguration: Hashable, Sendable {
    /// Bytes of a file after which the next one is begun.
    package var segmentSize: Int
    /// Bytes that may wait for a commit; an append beyond is refused.
    package var pendingLimit: Int

    package init(segmentSize: Int = 64 << 20, pendingLimit: Int = 256 << 20) {
        self.segmentSize = segmentSize
        self.pendingLimit = pendingLimit
    }
}
