import Glibc
import Journal
import Synchronization
import Testing

/// Short writes and EINTR, as the kernel makes them: a writer that waits for room in a pipe is interrupted by signals.
@Suite(.serialized) struct InterruptedWriteTests {
    @Test func `a write that signals interrupt again and again writes all its bytes, in order`() throws {
        let root = "/tmp/flyball-interrupted-\(getpid())"
        let disk = try RealDisk(root: root)
        defer { removeTree(root) }
        #expect(unsafe mkfifo(root + "/pipe", 0o600) == 0)
        // Opened for both ways, so that neither end waits for the other.
        let pipe = try disk.open("pipe", create: false)
        let reading = unsafe open(root + "/pipe", O_RDONLY | O_NONBLOCK)
        #expect(reading >= 0)
        defer { close(reading) }
        interruptions.store(0, ordering: .sequentiallyConsistent)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in
            interruptions.add(1, ordering: .sequentiallyConsistent)
        }
        // Without SA_RESTART a signal cuts a write short, or fails it with EINTR before its first byte.
        var before = sigaction()
        unsafe sigaction(SIGUSR2, &action, &before)
        defer { unsafe sigaction(SIGUSR2, &before, nil) }
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let isDone = Atomic(false)
        let failure = Mutex<String?>(nil)

        let thread = try Writer.start {
            do {
                try pipe.append(bytes)
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
            isDone.store(true, ordering: .sequentiallyConsistent)
        }
        var received: [UInt8] = []
        var idle = 0
        while received.count < bytes.count, idle < 2000 {
            // The second finds the writer before its first byte, as nobody made room since.
            for _ in 0..<2 {
                thread.signal()
                usleep(50)
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(reading, &buffer, buffer.count)
            if count > 0 { received += buffer[..<count] } else { sched_yield() }
            idle = count > 0 ? 0 : idle + (isDone.load(ordering: .sequentiallyConsistent) ? 1 : 0)
        }
        thread.join()

        #expect(interruptions.load(ordering: .sequentiallyConsistent) > 10)
        #expect(failure.withLock { $0 } == nil)
        #expect(received == bytes)
    }
}

/// How many signals came.
private let interruptions = Atomic(0)

/// A thread that can be sent signals.
private final class Writer: @unchecked Sendable {
    private var id = pthread_t()
    private let body: @Sendable () -> Void

    private init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func start(_ body: @escaping @Sendable () -> Void) throws -> Writer {
        let writer = Writer(body)
        let context = unsafe Unmanaged.passRetained(writer).toOpaque()
        let code = unsafe pthread_create(
            &writer.id, nil,
            { context in
                // Those who run tests take no signals, nor do the threads that they make.
                var signals = sigset_t()
                unsafe sigemptyset(&signals)
                unsafe sigaddset(&signals, SIGUSR2)
                unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                unsafe Unmanaged<Writer>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, context)
        #expect(code == 0)
        return writer
    }

    func signal() { pthread_kill(id, SIGUSR2) }

    func join() { pthread_join(id, nil) }
}
