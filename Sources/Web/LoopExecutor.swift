import HummingbirdCore
import Logging
import NIOCore

/// Runs tasks on the thread of an event loop. A connection is read and written there; a task that runs elsewhere costs
/// two changes of threads for each of its parts, which is more than most answers take.
final class LoopExecutor: TaskExecutor {
    /// The executor of the connection whose request is answered; nil outside of one.
    @TaskLocal static var current: LoopExecutor?

    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    var isOnItsThread: Bool { loop.inEventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Serves each connection on the thread of its event loop, simple requests without the server's own handling.
struct LoopBoundChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let responder: WebResponder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            // Behind what watches the state of the connection, before what makes a sequence of its requests.
            let pipeline = channel.pipeline.syncOperations
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(
                DirectAnswers(responder, LoopExecutor(channel.eventLoop), logger), position: .after(state))
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async {
        let executor = LoopExecutor(value.channel.eventLoop)
        await LoopExecutor.$current.withValue(executor) {
            await withTaskExecutorPreference(executor) { await base.handle(value: value, logger: logger) }
        }
    }
}
