import Testing

@testable import Demo

@Suite struct WorkQueueTests {
    @Test func `what does not fit is turned away, the rest is done in order`() async {
        let queue = WorkQueue(concurrency: 1, length: 2)
        let (gate, opener) = AsyncStream<Void>.makeStream()

        let results = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await queue.run {
                    for await _ in gate {}
                    return true
                } ?? false
            }
            while queue.running < 1 { await Task.yield() }
            for expected in 1...2 {
                group.addTask { await queue.run { true } ?? false }
                while queue.waiting < expected { await Task.yield() }
            }
            #expect(await queue.run { true } == nil)
            opener.finish()
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(results == [true, true, true])
        #expect(queue.running == 0)
    }
}
