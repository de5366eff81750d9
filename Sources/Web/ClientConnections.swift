import Hummingbird
import NIOCore
import Synchronization

/// Knows which clients are still there, and how long they have waited. HTTP/1.1 has no other sign of a client that no
/// longer waits than the end of its connection; a request whose client went away is cancelled, so that nobody evaluates
/// a query for no one, and so is one whose time is over.
final class ClientConnections: Sendable {
    /// A request in progress.
    private struct Waiting {
        var deadline: ContinuousClock.Instant
        var cancel: @Sendable () -> Void
        var isLate = false
    }

    private struct State {
        /// Open connections, and whether their client has gone.
        var open: [ObjectIdentifier: Bool] = [:]
        /// The one request in progress of a connection, where there is one.
        var waiting: [ObjectIdentifier: Waiting] = [:]
        /// Whether a task looks for requests whose time is over: one for all, as a timer for each would cost more
        /// than most requests.
        var isWatching = false
    }

    private let state = Mutex(State())

    /// Takes note of the request of a channel; `cancel` is called once its client has gone or its time is over.
    func begin(
        _ channel: any Channel, until deadline: ContinuousClock.Instant,
        cancel: @escaping @Sendable () -> Void
    ) {
        let id = ObjectIdentifier(channel)
        let (isGone, startsWatch) = state.withLock { state in
            state.waiting[id] = Waiting(deadline: deadline, cancel: cancel)
            let startsWatch = !state.isWatching
            state.isWatching = true
            return (state.open[id] == true, startsWatch)
        }
        if isGone { cancel() }
        if startsWatch { Task { await watch() } }
    }

    /// The request of a channel is done; whether its time was over before.
    func end(_ channel: any Channel) -> Bool {
        state.withLock { $0.waiting.removeValue(forKey: ObjectIdentifier(channel))?.isLate ?? false }
    }

    /// Sleeps until the first deadline of the requests in progress, as long as there are any; for a second at most, as
    /// one that comes later may have the earlier deadline.
    private func watch() async {
        while let next = nextDeadline() {
            let look = min(next, ContinuousClock.now + .seconds(1))
            try? await Task.sleep(until: look, clock: .continuous)
            let now = ContinuousClock.now
            let late = state.withLock { state in
                var late: [@Sendable () -> Void] = []
                for (id, request) in state.waiting where request.deadline <= now && !request.isLate {
                    state.waiting[id]?.isLate = true
                    late.append(request.cancel)
                }
                return late
            }
            for cancel in late { cancel() }
        }
    }

    private func nextDeadline() -> ContinuousClock.Instant? {
        state.withLock { state in
            let next = state.waiting.values.lazy.filter { !$0.isLate }.map(\.deadline).min()
            state.isWatching = next != nil
            return next
        }
    }

    fileprivate func opened(_ channel: any Channel) {
        state.withLock { $0.open[ObjectIdentifier(channel)] = false }
    }

    fileprivate func gone(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let waiting = state.withLock { state in
            state.open[id] = true
            return state.waiting[id]
        }
        waiting?.cancel()
    }

    fileprivate func closed(_ channel: any Channel) {
        gone(channel)
        state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }
}

/// Tells `ClientConnections` what becomes of a connection.
final class ConnectionObserver: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    private let connections: ClientConnections

    init(_ connections: ClientConnections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connections.opened(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        connections.closed(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connections.gone(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }
}
