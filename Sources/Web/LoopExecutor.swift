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

/// Serves each connection on the thread of its event loop.
struct LoopBoundChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger)
    }

    func handle(value: Base.Value, logger: Logger) async {
        let executor = LoopExecutor(value.channel.eventLoop)
        await LoopExecutor.$current.withValue(executor) {
            await withTaskExecutorPreference(executor) { await base.handle(value: value, logger: logger) }
        }
    }
}
