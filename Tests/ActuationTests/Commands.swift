import Control
import Fleet
import TimeSeries

let begin = Timestamp(milliseconds: 1_700_000_000_000)
let n1 = NodeID("n1")!
let web = Workload(id: WorkloadID("web")!, command: ["serve"])

func start(_ name: String, id: String = "e1-1", epoch: UInt64 = 1, lifetime: Duration = .seconds(10))
    -> Command
{
    Command(
        id: id, action: .start(replica: ReplicaID(name)!, workload: web, node: n1), epoch: epoch,
        issuedAt: begin, deadline: begin + lifetime, reason: "test")
}

func stop(_ name: String, id: String, epoch: UInt64 = 1, issuedAt: Timestamp = begin) -> Command {
    Command(
        id: id,
        action: .stop(replica: ReplicaID(name)!, workload: web.id, node: n1, grace: .seconds(1)),
        epoch: epoch, issuedAt: issuedAt, deadline: issuedAt + .seconds(10), reason: "test")
}
