import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers requests without a body whose route never blocks, as soon as they are read and on the thread of their
/// connection; all others go on to the server's own handling. Such an answer costs half: no sequence of parts, no
/// writer that waits for room, no task that is woken for each of them.
final class DirectAnswers: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let responder: WebResponder
    private let executor: LoopExecutor
    private let logger: Logger
    /// A request that is answered here once its end is read.
    private var head: (request: Request, match: RouteTable.Match)?
    private var isAnswering = false
    /// Requests answered here, the present one too.
    private var answered = 0
    /// Whether the present one is known to who looks after deadlines and clients.
    private var isWatched = false
    private var seen: WebResponder.Context?
    /// Requests that went on and are not answered yet: what follows them waits behind them.
    private var forwarded = 0
    /// What was read while a request is answered.
    private var waiting: [HTTPRequestPart] = []
    /// More is not read before that is taken: a client may send many requests without waiting for answers.
    private static let longestWait = 256
    private var isReadHeld = false

    init(_ responder: WebResponder, _ executor: LoopExecutor, _ logger: Logger) {
        self.responder = responder
        self.executor = executor
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isAnswering { waiting.append(part) } else { take(part, context) }
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count < Self.longestWait { context.read() } else { isReadHeld = true }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { forwarded -= 1 }
        context.write(data, promise: promise)
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let request):
            if forwarded == 0, let direct = responder.direct(request) {
                head = direct
            } else {
                forwarded += 1
                context.fireChannelRead(wrapInboundOut(part))
            }
        case .body:
            if let (request, _) = head {
                head = nil
                forwarded += 1
                context.fireChannelRead(wrapInboundOut(.head(request.head)))
            }
            context.fireChannelRead(wrapInboundOut(part))
        case .end:
            guard let (request, match) = head else { return context.fireChannelRead(wrapInboundOut(part)) }
            head = nil
            answer(request, match, context)
        }
    }

    private func answer(
        _ request: Request, _ match: RouteTable.Match, _ context: ChannelHandlerContext
    ) {
        isAnswering = true
        answered += 1
        let number = answered
        let seen = seen ?? WebResponder.Context(channel: context.channel, logger: logger, executor: executor)
        self.seen = seen
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let responder = responder
        let task = Task.immediate(executorPreference: executor) {
            let (status, headers, body) = await responder.parts(for: request, match, context: seen) {
                bound.value.0.endWatch(seen.channel)
            }
            let (handler, context) = bound.value
            _ = handler.endWatch(seen.channel)
            handler.finish(HTTPResponse(status: status, headerFields: headers), body, context)
        }
        // Most are answered by now; the others end when their time is over or their client is gone.
        guard isAnswering, answered == number else { return }
        isWatched = true
        let deadline = ContinuousClock.now + responder.limits.requestTimeout
        responder.connections.begin(seen.channel, until: deadline) { task.cancel() }
    }

    /// Whether the time of the request was over.
    private func endWatch(_ channel: any Channel) -> Bool {
        guard isWatched else { return false }
        isWatched = false
        return responder.connections.end(channel)
    }

    private func finish(_ response: HTTPResponse, _ body: [UInt8], _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        isAnswering = false
        var next = 0
        let parts = waiting
        waiting = []
        while next < parts.count, !isAnswering {
            take(parts[next], context)
            next += 1
        }
        waiting.insert(contentsOf: parts[next...], at: 0)
        if !parts.isEmpty { context.fireChannelReadComplete() }
        if isReadHeld, waiting.count < Self.longestWait {
            isReadHeld = false
            context.read()
        }
    }
}
