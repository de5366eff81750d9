import Curl
import Synchronization
import Testing
import TimeSeries

@testable import Demo

@Suite struct LoadTests {
    private let shape = LoadShape(base: 15, peak: 100, period: .seconds(240))

    @Test func `the wave runs from its base to its peak and back, every day`() {
        #expect(shape.rate(at: .zero) == 15)
        #expect(abs(shape.rate(at: .seconds(120)) - 100) < 0.001)
        #expect(abs(shape.rate(at: .seconds(120 + 2400)) - 100) < 0.001)
        #expect(shape.rate(at: .seconds(239)) < 16)
    }

    @Test func `a burst adds a quarter for a short while`() {
        let before = shape.rate(at: .milliseconds(71_900))
        let during = shape.rate(at: .milliseconds(72_100))

        #expect((1.2...1.3).contains(during / before))
        #expect(stride(from: 0, to: 240, by: 1).map { shape.rate(at: .seconds($0)) }.max()! < 115)
    }

    @Test(.timeLimit(.minutes(1))) func `arrivals do not wait for answers`() async {
        // Nobody answers until as many have arrived as would fit into a second.
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let arrivals = Mutex(0)
        let transport = InMemoryTransport { _ throws(TransportError) in
            let count = arrivals.withLock { count in
                count += 1
                return count
            }
            if count == 20 { opener.finish() }
            for await _ in gate {}
            return TransportResponse(status: 200)
        }
        let options = DemoLoad.Options(
            url: "http://balancer/work", shape: LoadShape(base: 20, peak: 20, period: .seconds(60)),
            report: nil, duration: .seconds(2))
        let clock = ManualClock(now: Timestamp(milliseconds: 0))
        let generator = LoadGenerator(options, transport: transport, clock: clock)

        async let run: Void = generator.run(random: { 1 - 1 / 2.718281828 })
        // Time goes on only while the generator waits for it, or all of it might be over before the first arrival.
        let mover = Task {
            while !Task.isCancelled {
                if let deadline = clock.nextDeadline { clock.advance(by: deadline - clock.uptime) }
                await Task.yield()
            }
        }
        await run
        mover.cancel()

        #expect(arrivals.withLock { $0 } >= 20)
        #expect(generator.summary.contains("failed 0"))
    }

    @Test func `late and failed are told apart`() {
        var tally = LoadTally()
        tally.count(succeeded: true, latency: 0.1, lateAfter: 0.5)
        tally.count(succeeded: true, latency: 0.6, lateAfter: 0.5)
        tally.count(succeeded: false, latency: 0.1, lateAfter: 0.5)
        tally.drop()

        #expect([tally.ok, tally.late, tally.failed] == [1, 1, 2])
        #expect(
            tally.line(elapsed: .seconds(65), target: 20.4, over: 2)
                == "load 1m5s: wanted 20/s, sent 2/s, ok 1, late 1, failed 2, p50 100ms, p99 600ms")
    }
}
