/// Where time comes from. Services hold one; pure code receives `Timestamp`s.
/// `SystemClock` is the machine's, `ManualClock` is moved by hand.
package protocol Clock: Sendable {
    /// The wall clock. May jump.
    var now: Timestamp { get }
    /// Time since an arbitrary start that never goes back; for leases, deadlines and back-off.
    var uptime: Duration { get }
    /// Returns after `duration` of this clock's monotonic time; throws `CancellationError` when cancelled.
    func sleep(for duration: Duration) async throws
}
