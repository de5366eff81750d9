import Hummingbird
import NIOCore
import Synchronization

/// Knows which clients are still there. HTTP/1.1 has no other sign of a client that no longer waits than the end of
/// its connection; a request whose client went away is cancelled, so that nobody evaluates a query for no one.
final class ClientConnections: Sendable {
    private struct State {
        /// Open connections, and whether their client has gone.
        var open: [ObjectIdentifier: Bool] = [:]
        /// The one request in progress of a connection, where there is one.
        var waiting: [ObjectIdentifier: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Returns when the client of this channel has gone, or when the caller is cancelled.
    func waitUntilGone(_ channel: any Channel) async {
        let id = ObjectIdentifier(channel)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    let isOver = Task.isCancelled || state.open[id] == true
                    if !isOver { state.waiting[id] = continuation }
                    return isOver
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    fileprivate func opened(_ channel: any Channel) {
        state.withLock { $0.open[ObjectIdentifier(channel)] = false }
    }

    fileprivate func gone(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let waiting = state.withLock { state in
            state.open[id] = true
            return state.waiting.removeValue(forKey: id)
        }
        waiting?.resume()
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
