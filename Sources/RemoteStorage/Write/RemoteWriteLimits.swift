/// What one remote-write request may cost. Checked before anything is allocated for it.
package struct RemoteWriteLimits: Hashable, Sendable {
    /// Bytes of the request behind Snappy.
    package var decodedBytes = 32 << 20
    /// Series and descriptions of metrics; senders put some thousands into a request.
    package var entries = 200_000
    /// Of `storage.limits`, as the next two.
    package var labels = 64
    package var labelNameBytes = 1024
    package var labelValueBytes = 16 << 10
    /// Requests that are being decoded or written at the same time; further ones are to come again.
    package var requests = 32
    /// Their bytes behind Snappy, all together; what is made of them takes several times that. One alone is always taken.
    package var bytesAtATime = 256 << 20
    /// Series whose labels are known again by their hash, about 30 bytes each; with more of them they are learnt anew.
    package var rememberedSeries = 4 << 20
    /// How far in the future a sample may lie, as in Prometheus.
    package var ahead: Duration = .seconds(600)

    package init() {}

    /// With such a share of the memory that samples may take as the limits above have of one without bounds.
    package mutating func fit(memoryLimit: Int) {
        decodedBytes = min(decodedBytes, max(4 << 20, memoryLimit / 16))
        bytesAtATime = min(bytesAtATime, max(4 << 20, memoryLimit / 64))
    }
}

/// Requests that are being decoded or written.
struct RunningRequests {
    private var count = 0
    /// Behind Snappy.
    private var byteCount = 0

    /// Nil, and the request is among them, or why it has to come again.
    mutating func enter(_ bytes: Int, _ limits: RemoteWriteLimits) -> String? {
        guard count < limits.requests else {
            return "\(limits.requests) remote-write requests are being written already"
        }
        guard count == 0 || byteCount + bytes <= limits.bytesAtATime else {
            return "remote-write requests of \(byteCount) bytes are being written already"
        }
        count += 1
        byteCount += bytes
        return nil
    }

    mutating func leave(_ bytes: Int) {
        count -= 1
        byteCount -= bytes
    }
}
