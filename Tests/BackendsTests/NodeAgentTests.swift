import Fleet
import Testing
import TimeSeries

@testable import Backends

@Suite struct NodeAgentTests {
    /// An agent, its clock, and what it asked for.
    private struct Bench {
        var agent: NodeAgent
        var uptime = Duration.zero

        init(lease: Duration = .seconds(3600)) {
            let spec = NodeSpec(id: NodeID("n1")!, capacity: Resources(milliCPU: 2000, memoryBytes: 1 << 30))
            agent = NodeAgent(options: NodeAgent.Options(spec: spec, lease: lease), uptime: .zero)
        }

        @discardableResult
        mutating func handle(_ occurrence: NodeAgent.Occurrence) -> [NodeAgent.Action] {
            agent.handle(occurrence, now: Timestamp(milliseconds: uptime.milliseconds), uptime: uptime)
        }

        @discardableResult
        mutating func tick(after duration: Duration) -> [NodeAgent.Action] {
            uptime += duration
            return handle(.tick)
        }

        var replica: Replica? { agent.replicas.first }

        /// Starts the replica and answers its launch.
        mutating func run(_ workload: Workload, pid: Int32 = 100) {
            handle(.start(NodeAgentTests.web1, workload))
            handle(.launched(NodeAgentTests.launch(1), pid: pid, port: 4000))
        }
    }

    private static let web1 = ReplicaID("web-1")!
    private static func launch(_ number: Int) -> NodeAgent.LaunchID {
        NodeAgent.LaunchID(replica: web1, number: number)
    }
    private let plain = Workload(id: WorkloadID("web")!, command: ["serve"], stopGrace: .seconds(5))
    private let checked = Workload(
        id: WorkloadID("web")!, command: ["serve"],
        health: Workload.HealthCheck(
            interval: .seconds(1), failureThreshold: 2, startPeriod: .seconds(10)),
        stopGrace: .seconds(5))

    @Test func `a replica without health check is ready once it runs`() {
        var bench = Bench()

        #expect(bench.handle(.start(Self.web1, plain)) == [.launch(Self.launch(1), plain, port: nil)])
        #expect(bench.replica?.phase == .starting)
        bench.handle(.launched(Self.launch(1), pid: 100, port: 4000))

        #expect(bench.replica?.phase == .ready)
        #expect(bench.replica?.address == "127.0.0.1:4000")
    }

    @Test func `a replica with a health check is ready once it passes`() {
        var bench = Bench()
        bench.run(checked)
        #expect(bench.tick(after: .zero) == [.probe(Self.launch(1), port: 4000, checked.health!)])
        #expect(bench.tick(after: .seconds(5)) == [])

        bench.handle(.probed(Self.launch(1), failure: "connection refused"))
        #expect(bench.replica?.phase == .starting)
        bench.handle(.probed(Self.launch(1), failure: nil))

        #expect(bench.replica?.phase == .ready)
        #expect(bench.tick(after: .milliseconds(900)) == [])
        #expect(bench.tick(after: .milliseconds(100)).count == 1)
    }

    @Test func `a failing health check makes it unready and then restarts it`() {
        var bench = Bench()
        bench.run(checked)
        bench.handle(.probed(Self.launch(1), failure: nil))

        bench.handle(.probed(Self.launch(1), failure: "answered 500"))
        #expect(bench.replica?.phase == .ready)
        bench.handle(.probed(Self.launch(1), failure: "answered 500"))
        #expect(bench.replica?.phase == .unready)
        bench.handle(.probed(Self.launch(1), failure: "answered 500"))
        let actions = bench.handle(.probed(Self.launch(1), failure: "answered 500"))

        #expect(actions == [.terminate(Self.launch(1), pid: 100)])
        bench.handle(.exited(Self.launch(1), "exited with status 0"))
        #expect(bench.replica?.phase == .crashed)
        #expect(bench.replica?.message == "restarted, health check: answered 500")
        #expect(bench.tick(after: .milliseconds(500)) == [.launch(Self.launch(2), checked, port: 4000)])
    }

    @Test func `failures during the start period do not count`() {
        var bench = Bench()
        bench.run(checked)

        for _ in 0..<20 { #expect(bench.handle(.probed(Self.launch(1), failure: "refused")) == []) }
        bench.uptime = .seconds(11)
        for _ in 0..<3 { bench.handle(.probed(Self.launch(1), failure: "refused")) }

        #expect(bench.handle(.probed(Self.launch(1), failure: "refused")).count == 1)
    }

    @Test func `a crash loop slows down and never runs hot`() {
        var bench = Bench()
        bench.run(plain)
        var launches = 1
        bench.handle(.exited(Self.launch(1), "exited with status 1"))
        for _ in 0..<36_000 {
            for case .launch(let id, _, _) in bench.tick(after: .milliseconds(100)) {
                launches += 1
                bench.handle(.launched(id, pid: 100, port: 4000))
                bench.handle(.exited(id, "exited with status 1"))
            }
        }

        #expect((60...70).contains(launches))
        #expect(bench.replica?.restarts == launches)
        #expect(bench.replica?.message == "exited with status 1")
    }

    @Test func `a replica that was stable starts again without long delay`() {
        var bench = Bench()
        bench.run(plain)
        for number in 1...8 {
            bench.handle(.exited(Self.launch(number), "exited with status 1"))
            bench.tick(after: .seconds(60))
            bench.handle(.launched(Self.launch(number + 1), pid: 100, port: 4000))
        }
        bench.tick(after: .seconds(61))

        bench.handle(.exited(Self.launch(9), "exited with status 1"))

        #expect(bench.tick(after: .milliseconds(500)).count == 1)
    }

    @Test func `a stopped replica is killed after its grace and then forgotten`() {
        var bench = Bench()
        bench.run(plain)

        #expect(bench.handle(.stop(Self.web1, grace: .seconds(3))) == [.terminate(Self.launch(1), pid: 100)])
        #expect(bench.replica?.phase == .stopping)
        #expect(bench.tick(after: .milliseconds(2900)) == [])
        #expect(bench.tick(after: .milliseconds(100)) == [.kill(Self.launch(1), pid: 100)])
        #expect(bench.tick(after: .seconds(10)) == [])
        #expect(bench.handle(.exited(Self.launch(1), "killed by SIGKILL")) == [.forget(Self.web1)])
        #expect(bench.agent.replicas.isEmpty)
    }

    @Test func `a stop overtakes a launch that is under way`() {
        var bench = Bench()
        bench.handle(.start(Self.web1, plain))
        #expect(bench.handle(.stop(Self.web1, grace: .seconds(3))) == [])

        #expect(
            bench.handle(.launched(Self.launch(1), pid: 100, port: 4000))
                == [.terminate(Self.launch(1), pid: 100)])
    }

    @Test func `what is heard of an earlier launch is ignored`() {
        var bench = Bench()
        bench.run(plain)
        bench.handle(.exited(Self.launch(1), "exited with status 1"))
        bench.tick(after: .seconds(1))
        bench.handle(.launched(Self.launch(2), pid: 101, port: 4001))

        bench.handle(.exited(Self.launch(1), "exited with status 1"))

        #expect(bench.replica?.phase == .ready)
        #expect(bench.replica?.restarts == 1)
    }

    @Test func `without renewal the lease ends the replicas and then the node`() {
        var bench = Bench(lease: .seconds(30))
        bench.run(plain)
        bench.tick(after: .seconds(29))
        bench.handle(.leaseRenewed)
        #expect(bench.tick(after: .seconds(29)) == [])

        #expect(bench.tick(after: .seconds(2)) == [.leaseExpired, .terminate(Self.launch(1), pid: 100)])
        #expect(bench.agent.objection(toStarting: ReplicaID("web-2")!, plain) != nil)
        #expect(
            bench.handle(.exited(Self.launch(1), "killed by SIGTERM")) == [.forget(Self.web1)])
        #expect(bench.agent.isFinished)
    }

    @Test func `a stopped node without replicas is finished at once`() {
        var bench = Bench()
        #expect(!bench.agent.isFinished)

        bench.handle(.stopNode)

        #expect(bench.agent.isFinished)
    }

    @Test func `the revision rises with what an inventory shows, and only then`() {
        var bench = Bench()
        bench.run(plain)
        let before = bench.agent.revision

        bench.tick(after: .seconds(1))
        bench.handle(.leaseRenewed)
        #expect(bench.agent.revision == before)
        bench.handle(.exited(Self.launch(1), "exited with status 1"))

        #expect(bench.agent.revision > before)
    }
}
