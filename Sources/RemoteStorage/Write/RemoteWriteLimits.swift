/// What one remote-write request may cost. Checked before anything is allocated for it.
package struct RemoteWriteLimits: Hashable, Sendable {
    /// Bytes of the request behind Snappy.
    package var decodedBytes = 32 << 20
    /// Series and descriptions of metrics; senders put some thousands into a request.
    package var entries = 200_000
    package var labels = 64
    package var labelNameBytes = 1024
    package var labelValueBytes = 16 << 10
    /// Requests that are being decoded or written at the same time; further ones are to come again.
    package var requests = 32
    /// Series whose labels are known again by their hash, about 30 bytes each; with more of them they are learnt anew.
    package var rememberedSeries = 4 << 20
    /// How far in the future a sample may lie, as in Prometheus.
    package var ahead: Duration = .seconds(600)

    package init() {}
}
