import Curl
import Glibc
import Synchronization
import Testing

/// Tasks that run on the thread that receives their answers.
@Suite(.timeLimit(.minutes(5)))
struct CurlExecutorTests {
    /// Many may ask it at once, each on a connection of its own.
    private let server = LoopbackServer { _ in
        .last(Array("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n7".utf8))
    }

    /// Asks `count` times at once, in tasks of the transport's executor, and works on each answer; the answers that came, and
    /// on how many threads they were worked on.
    private func ask(
        _ transport: CurlTransport, count: Int, work: @escaping @Sendable () -> Void = {}
    ) async -> (answers: Int, threads: Set<UInt>) {
        let url = server.url("/")
        return await withTaskGroup(of: (Bool, UInt).self) { group in
            for _ in 0..<count {
                group.addTask(executorPreference: transport.executor) {
                    let response = try? await transport.perform(
                        TransportRequest(url: url, timeout: .seconds(60)))
                    work()
                    return (response?.body == Array("7".utf8), UInt(pthread_self()))
                }
            }
            var (answers, threads) = (0, Set<UInt>())
            for await (isAnswered, thread) in group {
                answers += isAnswered ? 1 : 0
                threads.insert(thread)
            }
            return (answers, threads)
        }
    }

    @Test func `few answers are worked on where they arrive`() async {
        defer { server.stop() }
        let transport = CurlTransport()

        var threads = Set<UInt>()
        for _ in 0..<20 {
            let found = await ask(transport, count: 3)
            #expect(found.answers == 3)
            threads.formUnion(found.threads)
        }

        #expect(threads.count == 1)
        #expect(!threads.contains(UInt(pthread_self())))
    }

    @Test func `of many, other threads take their share, and none is lost`() async {
        defer { server.stop() }
        let transport = CurlTransport()
        let done = Mutex(0)

        let found = await ask(transport, count: 400) {
            done.withLock { $0 += 1 }
            usleep(1000)
        }

        #expect(found.answers == 400)
        #expect(done.withLock { $0 } == 400)
        #expect(found.threads.count > 1)
    }

    @Test func `a task whose transport is closed goes on elsewhere`() async {
        defer { server.stop() }
        let transport = CurlTransport()
        let hanging = LoopbackServer { _ in .silence }
        defer { hanging.stop() }
        let url = hanging.url("/")
        let executor = transport.executor
        let running = Task(executorPreference: executor) { () -> TransportError? in
            do throws(TransportError) {
                _ = try await transport.perform(TransportRequest(url: url, timeout: .seconds(30)))
                return nil
            } catch { return error }
        }
        while hanging.requests.isEmpty { await Task.yield() }

        transport.close()

        #expect(await running.value == .cancelled)
        let later = Task(executorPreference: executor) { 5 }
        #expect(await later.value == 5)
    }
}
