import Control
import Documents
import Fleet
import Journal
import Scaling
import Testing
import TimeSeries

@testable import Audit

struct AuditLogTests {
    let disk = SimulatedDisk()

    @Test func `what was committed is there after a power cut, what was not is not`() throws {
        do {
            let log = try AuditLog(disk: disk)
            try write(3, to: log)
            try log.append([.tick], at: moment(4), effects: [.record(entry(4))])
        }
        disk.crash()

        let log = try AuditLog(disk: disk)

        #expect(log.count == 3)
        #expect(try log.entries(from: 0, count: 10).map(\.record.entry.id) == ["d1-1", "d1-2", "d1-3"])
        var replayed: [Event] = []
        try log.replay(after: 0) { _, batch in replayed += batch.events }
        #expect(replayed == [.tick, .tick, .tick])
    }

    @Test(arguments: 1...40)
    func `a disk that fails once breaks nothing, whatever power cut follows`(call: Int) throws {
        let log = try AuditLog(disk: disk)
        try write(3, to: log)
        try log.publish()
        disk.failCall(call)
        for number in 4...10 {
            try log.append([.tick], at: moment(number), effects: [.record(entry(number))])
            try? log.commit()
            try? log.publish()
        }
        disk.heal()
        try log.append([.tick], at: moment(11), effects: [.record(entry(11))])
        try log.commit()
        try log.publish()

        disk.crash { _, count in count / 2 }

        #expect(try AuditLog.verify(disk: disk).problems == [])
        #expect(try AuditLog(disk: disk).count == 11)
    }

    @Test func `an entry is found by its id, and its proof leads to the head`() throws {
        let log = try AuditLog(disk: disk)
        try write(20, to: log)

        let found = try #require(try log.entry("d1-7"))
        let proof = try #require(log.inclusionProof(of: found.index))

        #expect(found.index == 6)
        #expect(
            MerkleProof.verifyInclusion(
                .leaf(found.record.encoded), at: 6, in: 20, root: log.checkpoint.root, proof: proof))
        #expect(try log.entry("d1-21") == nil)
        #expect(try log.entry("d2-1") == nil)
        #expect(try log.entry("nonsense") == nil)
    }

    @Test func `a name finds what an active policy decided before what is recorded only`() throws {
        let log = try AuditLog(disk: disk)
        func decided(
            _ number: Int, _ policy: String, _ workload: String, _ kinds: [ScaleDecision.Reason.Kind]
        ) throws {
            var entry = entry(number)
            entry.kind = .scaling
            entry.workload = WorkloadID(workload)
            entry.decision = ScaleDecision(
                policy: policy, workload: WorkloadID(workload)!, at: moment(number), from: 1, desired: 2,
                reasons: kinds.map { ScaleDecision.Reason(kind: $0, subject: "s", count: 2, text: "t") })
            try log.append([.tick], at: moment(number), effects: [.record(entry)])
            try log.commit()
        }
        try decided(1, "web", "web", [.signal])
        try decided(2, "new", "web", [.signal, .shadow])
        try decided(3, "trial", "jobs", [.shadow])
        try log.append([.tick], at: moment(4), effects: [.record(entry(4))])
        try log.commit()

        func found(_ name: String) throws -> String? { try log.entry(named: name)?.record.entry.id }
        #expect(try found("last") == "d1-1")
        #expect(try found("web") == "d1-1")
        #expect(try found("new") == "d1-2")
        #expect(try found("jobs") == "d1-3")
        #expect(try found("d1-4") == "d1-4")
        #expect(try found("nothing") == nil)
    }

    @Test func `entries that have left memory are read from the journal`() throws {
        let log = try AuditLog(disk: disk)
        try write(1200, to: log)

        #expect(try log.entry("d1-1")?.record.entry.id == "d1-1")
        #expect(try log.newest(2).map(\.index) == [1199, 1198])
        #expect(try log.newest(700).count == 700)
        #expect(try log.newest(1, before: 3).map(\.index) == [2])
    }

    @Test func `verification finds nothing in a log that is whole`() throws {
        let log = try AuditLog(disk: disk)
        try write(5, to: log)
        try log.publish()

        let result = try AuditLog.verify(disk: disk)

        #expect(result.isIntact, "\(result.problems)")
        #expect(result.entries == 5)
        #expect(result.checkpointSize == 5)
        #expect(result.root == log.checkpoint.root)
    }

    @Test func `a leaf whose bytes were changed is named, and the log is not opened`() throws {
        try write(5, to: AuditLog(disk: disk))
        let log = try AuditLog(disk: disk)
        try log.publish()
        var leaves = try #require(disk.contents("control/leaves"))
        leaves[3 * 32 + 5] ^= 1
        disk.setContents("control/leaves", leaves)

        #expect(try AuditLog.verify(disk: disk).firstBad == 3)
        let error = #expect(throws: AuditError.self) { try AuditLog(disk: disk) }
        #expect(error?.description.hasPrefix("the audit log is broken at entry 3") == true)
    }

    @Test
    func `hashes that the disk cannot read are written anew where the checkpoint vouches for the entries`()
        throws
    {
        let log = try AuditLog(disk: disk)
        try write(300, to: log)
        try log.publish()
        let leaves = try #require(disk.contents("control/leaves"))
        disk.failReads(of: "control/leaves", 5000..<5001)
        #expect(
            try AuditLog.verify(disk: disk).problems.contains { $0.contains("control/leaves cannot be read") }
        )

        let reopened = try AuditLog(disk: disk)

        #expect(reopened.count == 300)
        #expect(disk.contents("control/leaves") == leaves)
        #expect(try AuditLog.verify(disk: disk).isIntact)
        // Hashes that can be read must be those of the entries.
        var changed = leaves
        changed[40] ^= 1
        disk.setContents("control/leaves", changed)
        disk.failReads(of: "control/leaves", 5000..<5001)
        #expect(throws: AuditError.self) { try AuditLog(disk: disk) }
    }

    @Test
    func
        `hashes that the disk cannot read stay as they are where the entries are not those of the checkpoint`()
        throws
    {
        let log = try AuditLog(disk: disk)
        let name = "control/journal/0000000001.log"
        try write(299, to: log)
        let end = try #require(disk.contents(name)).count
        try write(1, to: log)
        try log.publish()
        let leaves = try #require(disk.contents("control/leaves"))
        disk.failReads(of: "control/leaves", 5000..<5001)
        disk.failReads(of: name, end + 50..<end + 51)

        let error = #expect(throws: AuditError.self) { try AuditLog(disk: disk) }

        // What is wrong, why, and what to do.
        let text = try #require(error?.description)
        #expect(text.contains("the checkpoint counts 300 leaves") && text.contains("unreadable bytes"))
        #expect(text.contains("keep the folder as evidence and begin a new one"))
        #expect(disk.contents("control/leaves") == leaves)
    }

    @Test func `a checkpoint that the disk cannot read is told with a remedy`() throws {
        let log = try AuditLog(disk: disk)
        try write(5, to: log)
        try log.publish()
        disk.failReads(of: "control/checkpoint", 0..<1)

        let error = #expect(throws: AuditError.self) { try AuditLog(disk: disk) }

        #expect(error?.description.contains("put a copy of it back, or delete it") == true)
        disk.setContents("control/checkpoint", nil)
        #expect(try AuditLog(disk: disk).count == 5)
    }

    @Test func `a flipped bit in the journal never goes unnoticed`() throws {
        let log = try AuditLog(disk: disk)
        try write(6, to: log)
        try log.publish()
        let name = try #require(disk.paths.first { $0.hasPrefix("control/journal/") })
        let bytes = try #require(disk.contents(name))

        for offset in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[offset] ^= 0x10
            disk.setContents(name, damaged)
            let verified = try? AuditLog.verify(disk: disk)
            let opened = try? AuditLog(disk: disk)
            // Bytes that mean nothing (padding, reserved) may change without harm; then everything is still there.
            let isHarmless = verified?.isIntact == true && verified?.entries == 6
            #expect(verified == nil || verified?.isIntact == false || isHarmless, "offset \(offset)")
            #expect(opened == nil || opened?.count == 6, "offset \(offset)")
        }
        disk.setContents(name, bytes)
        #expect(try AuditLog.verify(disk: disk).isIntact)
    }

    @Test func `a lost stretch of the journal costs only the entries in it`() throws {
        let log = try AuditLog(disk: disk)
        let name = "control/journal/0000000001.log"
        try write(2, to: log)
        let start = try #require(disk.contents(name)).count
        try write(1, to: log)
        let end = try #require(disk.contents(name)).count
        try write(3, to: log)
        try log.publish()
        var bytes = try #require(disk.contents(name))
        bytes[(start + end) / 2] ^= 0x10
        disk.setContents(name, bytes)

        let found = try AuditLog.verify(disk: disk)

        #expect(found.firstBad == 2)
        #expect(found.problems.filter { $0.hasPrefix("entry") } == ["entry 2: missing"])
        #expect(found.root == log.checkpoint.root)
    }

    @Test func `damage at the very end is told, though no entry is in it`() throws {
        let log = try AuditLog(disk: disk)
        let name = "control/journal/0000000001.log"
        try write(2, to: log)
        try log.append([.tick], at: moment(3), effects: [])
        try log.commit()
        try log.publish()
        var bytes = try #require(disk.contents(name))
        bytes[bytes.count - 3] ^= 0x10
        disk.setContents(name, bytes)

        let found = try AuditLog.verify(disk: disk)

        #expect(found.entries == 2)
        #expect(found.problems.count == 1)
        #expect(found.problems.first?.contains(name) == true)
    }

    @Test func `a journal older than its checkpoint is refused`() throws {
        let log = try AuditLog(disk: disk)
        try write(2, to: log)
        let old = disk.paths.filter { $0.hasPrefix("control/journal/") }.map { ($0, disk.contents($0)) }
        try write(3, to: log)
        try log.publish()
        for (path, bytes) in old { disk.setContents(path, bytes) }

        #expect(throws: AuditError.self) { try AuditLog(disk: disk) }
        #expect(try AuditLog.verify(disk: disk).firstBad == 2)
    }

    @Test func `hashes behind the checkpoint that a power cut left as zeros are written anew`() throws {
        let log = try AuditLog(disk: disk)
        try write(3, to: log)
        try log.publish()
        try write(2, to: log)
        let leaves = try #require(disk.contents("control/leaves"))
        #expect(leaves.count == 5 * 32)
        disk.setContents("control/leaves", leaves[..<96] + [UInt8](repeating: 0, count: 64))

        #expect(try AuditLog(disk: disk).count == 5)
        #expect(disk.contents("control/leaves") == leaves)
    }

    @Test func `a head that was published is on the disk, with the hashes that it counts`() throws {
        let log = try AuditLog(disk: disk)
        for round in 1...2 {
            try write(3, to: log)
            try log.publish()

            let copy = disk.durableCopy()
            #expect(copy.contents("control/leaves")?.count == round * 3 * 32)
            #expect(copy.contents("control/checkpoint") == disk.contents("control/checkpoint"))
        }
    }

    @Test func `another past in the place of the one that the checkpoint vouches for is refused`() throws {
        let log = try AuditLog(disk: disk)
        try write(3, to: log)
        try log.publish()
        let checkpoint = disk.contents("control/checkpoint")
        let other = SimulatedDisk()
        let forged = try AuditLog(disk: other)
        for number in 4...6 {
            try forged.append([.tick], at: moment(number), effects: [.record(entry(number))])
            try forged.commit()
        }
        try forged.publish()
        #expect(try AuditLog.verify(disk: other).isIntact)

        other.setContents("control/checkpoint", checkpoint)

        #expect(throws: AuditError.self) { try AuditLog(disk: other) }
        #expect(!(try AuditLog.verify(disk: other).isIntact))
    }

    @Test func `a leaf is never larger than its limit`() throws {
        let log = try AuditLog(disk: disk)
        var large = entry(1)
        large.reasons = (0..<500).map { "reason \($0) " + String(repeating: "x", count: 200) }
        try log.append([.tick], at: moment(1), effects: [.record(large)])
        try log.commit()
        try log.publish()

        #expect(try #require(try log.entry("d1-1")).record.encoded.count <= AuditRecord.maxBytes)
        #expect(try AuditLog.verify(disk: disk).isIntact)
    }

    @Test func `leaves that a crash tore off a batch are appended again`() throws {
        let batch = EventRecord(at: moment(1), events: [.tick])
        let effects: [Effect] = [.record(entry(1)), .record(entry(2))]
        let log = try AuditLog(disk: disk)
        let sequence = try log.append(batch.events, at: batch.at, effects: [effects[0]])
        try log.commit()

        #expect(try log.complete(batch, at: sequence, effects: effects) == 1)
        #expect(try log.complete(batch, at: sequence, effects: effects) == 0)

        try log.publish()
        #expect(try AuditLog.verify(disk: disk).isIntact)
        #expect(try log.entries(from: 0, count: 9).map(\.record.entry.id) == ["d1-1", "d1-2"])
    }

    @Test func `an explanation says how much of the past is known where nothing is foreseen`() throws {
        var entry = entry(1)
        entry.kind = .scaling
        let web = WorkloadID("web")!
        let policy = ScalingPolicy(
            name: "p", workload: web, maxReplicas: 9,
            signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
            prediction: Prediction(signal: "load"))
        let signal = Signal(
            name: "load", reading: .value(60, measuredAt: moment(1)),
            history: Signal.History(known: 12, count: 30))
        let given = DecisionCase(
            policy: policy,
            measurement: Measurement(policy: "p", workload: web, at: moment(1), signals: [signal]),
            counts: ReplicaCounts(desired: 6, ready: 6, starting: 0), memory: ScalingMemory(), now: moment(1))

        // One that follows its own decisions, as a shadow does.
        entry.decision = ScaleDecision(
            policy: "p", workload: web, at: moment(1), from: 9, desired: 9, reasons: [])

        let text = Explanation.text(
            IndexedRecord(index: 3, record: AuditRecord(entry: entry, evidence: "ab12", sequence: 9)),
            given: given)

        #expect(
            text.contains("\n  replicas: 6 desired, 6 ready, 0 starting; 9 by its own decisions\n"), "\(text)"
        )
        #expect(text.contains("\n  history of load: 12 of 30 values known\n"), "\(text)")
    }

    @Test(arguments: [
        // A policy that asks for 2 replicas, or for 9, where there are 6.
        (20.0, ScaleDecision.Reason.Kind.held, "fell by half", 6, 6),
        (20, .paused, "by ada: fair", 6, 6),
        (20, .paused, "downwards by ada: fair", 6, 6),
        (90, .paused, "upwards by ada: fair", 6, 6),
        (90, .maximum, "a singleton has one replica", 1, 1),
    ])
    func `what holds whatever a policy decides holds in every other case`(
        load: Double, kind: ScaleDecision.Reason.Kind, text: String, count: Int, other: Int
    ) throws {
        let web = WorkloadID("web")!
        let policy = ScalingPolicy(
            name: "p", workload: web, maxReplicas: 99,
            signals: [SignalPolicy(name: "load", query: "load", target: .perReplica(10))],
            behaviour: ScalingBehaviour(
                up: .init(window: .zero, limit: .none), down: .init(window: .zero, limit: .none)))
        let given = DecisionCase(
            policy: policy,
            measurement: Measurement(
                policy: "p", workload: web, at: moment(1),
                signals: [Signal(name: "load", reading: .value(load, measuredAt: moment(1)))]),
            counts: ReplicaCounts(desired: 6, ready: 6, starting: 0), memory: ScalingMemory(), now: moment(1))
        let own = given.decided()
        var recorded = own
        recorded.desired = count
        recorded.reasons.append(.init(kind: kind, subject: "fleet", count: count, text: text))

        let others = Counterfactual.all(given, of: recorded)

        #expect(others.dropLast().allSatisfy { $0.desired == other }, "\(others)")
        #expect(
            others.last == Counterfactual(name: "without the fleet's pauses and guards", desired: own.desired)
        )
        #expect(Counterfactual.all(given, of: own).allSatisfy { $0.desired == own.desired })
        #expect(recorded.binding == recorded.reasons.last)
    }

    @Test func `an explanation says what was measured, what held it back and what was done`() throws {
        var entry = entry(1)
        let web = Workload(id: WorkloadID("web")!, command: ["run"])
        entry.kind = .scaling
        entry.workload = web.id
        entry.decision = ScaleDecision(
            policy: "reactive", workload: web.id, at: moment(1), from: 2, desired: 4,
            reasons: [
                .init(kind: .signal, subject: "load", count: 6, text: "60 at 10 each"),
                .init(
                    kind: .rateLimited, subject: "scale-up", count: 4, text: "100 % per 1m", until: moment(60)
                ),
            ])
        entry.commands = [
            Command(
                id: "e1-5",
                action: .start(replica: ReplicaID("web-1-3")!, workload: web, node: NodeID("n2")!),
                epoch: 1, issuedAt: moment(1), deadline: moment(9), reason: "web is to have 4")
        ]
        let record = AuditRecord(entry: entry, evidence: "ab12", sequence: 9)

        let text = Explanation.text(
            IndexedRecord(index: 3, record: record), proof: [.empty],
            checkpoint: Checkpoint(origin: "o", size: 8, root: .empty))

        #expect(
            text == """
                d1-1  1970-01-01T00:00:01Z  scaling of web: 2 -> 4
                Policy reactive decided, step by step:
                  measured load: 60 at 10 each  -> 6
                  rate limited scale-up: 100 % per 1m  -> 4, until 1970-01-01T00:01:00Z
                Binding: rate limited scale-up, lifts at 1970-01-01T00:01:00Z.
                Also:
                  because of 1
                Commands:
                  e1-5  start web-1-3 on n2  (web is to have 4)
                Record:
                  epoch 1, configuration generation 1
                  evidence: SHA-256 ab12 of journal record 9
                  entry 3 of 8 in the log o
                  root 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
                  proof 1: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
                Replay it to the same bytes: flyball audit replay d1-1

                """)
    }

    @Test func `what is recorded only is told once`() {
        var entry = entry(1)
        entry.decision = ScaleDecision(
            policy: "p", workload: WorkloadID("web")!, at: moment(1), from: 2, desired: 2,
            reasons: [
                .init(
                    kind: .shadow, subject: "shadow", count: 2, text: "shadow: recorded, nothing is changed")
            ])

        let text = Explanation.text(
            IndexedRecord(index: 3, record: AuditRecord(entry: entry, evidence: "ab12", sequence: 9)))

        #expect(text.contains("\n  shadow: recorded, nothing is changed  -> 2\n"), "\(text)")
    }

    @Test func `an explanation without the proof says where that is`() {
        let text = Explanation.text(
            IndexedRecord(index: 3, record: AuditRecord(entry: entry(1), evidence: "ab12", sequence: 9)),
            checkpoint: Checkpoint(origin: "o", size: 8, root: .empty))

        #expect(text.contains("\n  its proof: /api/v1/audit/proof/inclusion?index=3\n"), "\(text)")
    }

    private func moment(_ second: Int) -> Timestamp { Timestamp(milliseconds: Int64(second) * 1000) }

    private func entry(_ number: Int) -> AuditEntry {
        AuditEntry(
            id: "d1-\(number)", kind: .placement, at: moment(number), epoch: 1, generation: 1,
            reasons: ["because of \(number)"])
    }

    private func write(_ count: Int, to log: AuditLog) throws {
        let first = log.count + 1
        for number in first..<(first + count) {
            try log.append([.tick], at: moment(number), effects: [.record(entry(number))])
            try log.commit()
        }
    }
}
