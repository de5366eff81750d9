/// What a controller sees at a tick of a backtest. Nothing of it is younger than the sensor's delay, but for
/// the trace, which only the clairvoyant may read ahead.
package struct BacktestView: Sendable {
    /// Since the beginning of the trace.
    package var seconds: Int
    /// The demand as measured: the mean of two ticks, the newer one tick old.
    package var load: Double
    /// The mean utilisation of the ready replicas as measured over the same ticks; 1 at most. Nil without
    /// any.
    package var utilisation: Double?
    /// The same as if replicas could be used beyond their limit.
    package var unboundUtilisation: Double?
    /// Work that has arrived and not been done, in seconds of one replica's capacity.
    package var backlog: Double
    /// The same of requests, which wait for a time and then give up.
    package var queued: Double
    package var ready: Int
    package var starting: Int
    package var desired: Int
}

/// Decides a count at each tick of a backtest.
package protocol BacktestController: Sendable {
    var name: String { get }
    /// Whether it stands outside time: its replicas are ready at once.
    var isClairvoyant: Bool { get }
    mutating func desired(_ view: BacktestView) -> Int
}

extension BacktestController {
    package var isClairvoyant: Bool { false }
}
