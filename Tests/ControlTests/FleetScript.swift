import Control
import Fleet
import Scaling
import TimeSeries

@testable import Actuation

/// A script in an operator's words and the transcript that it yields. Each line above `----` is a command; below stand the
/// audit entries as they were written, each with its reasons and commands.
///
///     nodes a b cpu=2 memory=2GiB [label=value...]
///     workload web replicas=2 cpu=500m memory=64MiB priority=0 grace=2s [spread] [singleton] [after=db]
///     policy web target=10 replicas=1..8 down=30s [name=NAME] [mode=shadow]
///     limit starts=8 stops=4 freeze=20s
///     start | restart | run 10s | reload | remove workload web | remove node a | remove all workloads
///     load web 40 | load web none
///     kill a | cut a | reconnect a | crash web-1-1 [always] | unhealthy web-1-1
///     lose replies 1 | refuse 1 | lie 1 | drop 1 | hide replicas 3 for 2s | hide nodes 2 for 2s | blind | see
///     drain a | resume a | cordon a | pause web 30s | pause all 30s | unpause web | scale web 5
///     show
struct FleetScript {
    struct Failure: Error { var line: String, reason: String }

    private var world = FleetWorld()
    private var lines: [String] = []
    private var printed = 0

    static func run(_ text: String) throws -> (transcript: String, world: FleetWorld) {
        var script = FleetScript()
        for line in text.split(separator: "\n") {
            let words = line.split(separator: "#", omittingEmptySubsequences: false)[0].split(separator: " ")
                .map(
                    String.init)
            guard !words.isEmpty else { continue }
            do {
                try script.perform(words)
            } catch let failure as Failure {
                throw Failure(line: String(line), reason: failure.reason)
            }
            script.printNew()
        }
        return (script.lines.joined(separator: "\n"), script.world)
    }

    private mutating func perform(_ words: [String]) throws {
        switch (words[0], words.dropFirst().first) {
        case ("nodes", _): try addNodes(Array(words.dropFirst()))
        case ("workload", let name?): try addWorkload(name, Options(words.dropFirst(2)))
        case ("policy", let name?): try addPolicy(name, Options(words.dropFirst(2)))
        case ("limit", _): try setLimits(Options(words.dropFirst()))
        case ("start", _): world.begin()
        case ("restart", _): try world.restart()
        case ("reload", _): world.reconfigure()
        case ("remove", let kind?): try remove(kind, words[2])
        case ("run", let time?): world.run(try duration(time))
        case ("load", let name?): world.loads[name] = Double(words[2])
        case ("show", _): show()
        default:
            guard try disturb(words) || (try request(words)) else {
                throw Failure(line: "", reason: "unknown command")
            }
        }
    }

    private mutating func disturb(_ words: [String]) throws -> Bool {
        let now = world.now
        switch words[0] {
        case "kill": world.fleet.kill(try id(words[1]))
        case "cut": world.fleet.cutOff(try id(words[1]), at: now)
        case "reconnect": world.fleet.reconnect(try id(words[1]), at: now)
        case "crash": world.fleet.crash(try id(words[1]), at: now, always: words.last == "always")
        case "unhealthy": world.fleet.setHealthy(try id(words[1]), false, at: now)
        case "lose": world.lostReplies = Int(words[2]) ?? 0
        case "refuse": world.refusals = Int(words[1]) ?? 0
        case "lie": world.lies = Int(words[1]) ?? 0
        case "drop": world.dropped = Int(words[1]) ?? 0
        case "blind": world.isObserverDown = true
        case "see": world.isObserverDown = false
        case "hide":
            let count = Int(words[2]) ?? 0
            let until = now + (try duration(words[4]))
            world.hidden = words[1] == "nodes" ? (0, count, until) : (count, 0, until)
        default: return false
        }
        return true
    }

    private mutating func request(_ words: [String]) throws -> Bool {
        let scope: WorkloadID? = words[1] == "all" ? nil : try id(words[1])
        switch words[0] {
        case "drain": world.request(.drain(try id(words[1])))
        case "resume": world.request(.resumeNode(try id(words[1])))
        case "cordon": world.request(.cordon(try id(words[1])))
        case "pause": world.request(.pause(scope, until: world.now + (try duration(words[2]))))
        case "unpause": world.request(.resume(scope))
        case "scale": world.request(.scale(try id(words[1]), to: Int(words[2]) ?? -1))
        default: return false
        }
        return true
    }

    private mutating func remove(_ kind: String, _ name: String) throws {
        switch kind {
        case "workload": world.configuration.workloads.removeAll { $0.id.name == name }
        case "node": world.configuration.nodes.removeAll { $0.id.name == name }
        default: world.configuration.workloads = []
        }
    }

    private mutating func addNodes(_ words: [String]) throws {
        let names = words.prefix { !$0.contains("=") }
        let options = Options(words.dropFirst(names.count))
        let capacity = Resources(
            milliCPU: Quantity.milliCPU(options["cpu"] ?? "2")!,
            memoryBytes: Quantity.bytes(options["memory"] ?? "2GiB")!)
        let labels = options.values.filter { $0.key != "cpu" && $0.key != "memory" }
        for name in names {
            world.configuration.nodes.append(NodeSpec(id: try id(name), capacity: capacity, labels: labels))
        }
    }

    private mutating func addWorkload(_ name: String, _ options: Options) throws {
        let workload: WorkloadID = try id(name)
        var placement = PlacementRules()
        if options.flags.contains("spread") {
            placement.antiAffinity = [.init(workload: workload, weight: 10)]
        }
        world.configuration.workloads.append(
            Workload(
                id: workload, command: ["run"],
                request: Resources(
                    milliCPU: Quantity.milliCPU(options["cpu"] ?? "500m")!,
                    memoryBytes: Quantity.bytes(options["memory"] ?? "64MiB")!),
                priority: Int(options["priority"] ?? "0")!, isSingleton: options.flags.contains("singleton"),
                placement: placement, initialReplicas: Int(options["replicas"] ?? "1")!,
                stopGrace: try duration(options["grace"] ?? "2s")))
    }

    private mutating func addPolicy(_ workload: String, _ options: Options) throws {
        let bounds = (options["replicas"] ?? "1..10").split(separator: ".").compactMap { Int($0) }
        var behaviour = ScalingBehaviour()
        behaviour.down = .init(window: try duration(options["down"] ?? "30s"), limit: .none)
        behaviour.up.limit = .none
        world.configuration.policies.append(
            ScalingPolicy(
                name: options["name"] ?? workload, workload: try id(workload),
                mode: ScalingPolicy.Mode(rawValue: options["mode"] ?? "active")!, minReplicas: bounds[0],
                maxReplicas: bounds[1], interval: .seconds(5),
                signals: [
                    SignalPolicy(
                        name: "load", query: "load", target: .perReplica(Double(options["target"] ?? "10")!))
                ], behaviour: behaviour))
    }

    private mutating func setLimits(_ options: Options) throws {
        if let starts = options["starts"] { world.configuration.limits.startsPerMinute = Int(starts)! }
        if let stops = options["stops"] { world.configuration.limits.removalsPerMinute = Int(stops)! }
        if let share = options["stop-share"] {
            world.configuration.limits.removalsPerMinuteShare = Double(share)!
        }
        if let freeze = options["freeze"] { world.configuration.limits.freeze = try duration(freeze) }
    }

    private func id<Subject>(_ text: String) throws -> Identifier<Subject> {
        guard let id = Identifier<Subject>(text) else {
            throw Failure(line: "", reason: "not a name: \(text)")
        }
        return id
    }

    private func duration(_ text: String) throws -> Duration {
        guard let value = Duration(prometheus: text) else {
            throw Failure(line: "", reason: "not a duration: \(text)")
        }
        return value
    }
}

/// `key=value` words and plain ones.
private struct Options {
    var values: [String: String] = [:]
    var flags: Set<String> = []

    init(_ words: ArraySlice<String>) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { values[parts[0]] = parts[1] } else { flags.insert(word) }
        }
    }

    subscript(key: String) -> String? { values[key] }
}

extension FleetScript {
    private var clock: String {
        let seconds = world.now.milliseconds / 1000
        return "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    private mutating func printNew() {
        for batch in world.batches.dropFirst(printed) {
            for case .record(let entry) in batch.effects { write(entry, at: batch.at) }
        }
        printed = world.batches.count
    }

    private mutating func write(_ entry: AuditEntry, at: Timestamp) {
        let seconds = at.milliseconds / 1000
        var line = "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)  \(entry.kind.rawValue)"
        if let node = entry.node { line += " \(node)" }
        if let decision = entry.decision {
            line += " \(decision.workload) \(decision.from) -> \(decision.desired)"
            if decision.policy != decision.workload.name { line += " by \(decision.policy)" }
        } else if let workload = entry.workload {
            line += " \(workload)"
        }
        lines.append(line)
        for reason in entry.decision?.reasons ?? [] {
            lines.append("      \(reason.kind.rawValue): \(reason.text)")
        }
        for reason in entry.reasons { lines.append("      \(reason)") }
        for command in entry.commands { lines.append("      => \(command.text)") }
    }

    /// What really runs, next to what is believed.
    private mutating func show() {
        let view = world.loop.view
        for node in view.nodes {
            let real = world.fleet.replicas.values.map(\.replica).filter { $0.node == node.node.id }.sorted {
                $0.id < $1.id
            }
            var text = "\(clock)  \(node.node.id) \(node.node.health.word)"
            if node.node.isDraining {
                text += ", draining"
            } else if node.node.isCordoned {
                text += ", cordoned"
            }
            if node.quarantinedUntil != nil { text += ", quarantined" }
            text +=
                ":" + real.map { " \($0.id)\($0.phase == .ready ? "" : " (\($0.phase.rawValue))")" }.joined()
            lines.append(text)
        }
        for workload in view.workloads {
            var text = "\(clock)  \(workload.workload.id) \(workload.ready) of \(workload.desired) ready"
            if !workload.deferred.isEmpty { text += "; " + workload.deferred.joined(separator: "; ") }
            lines.append(text)
        }
        for command in view.openCommands { lines.append("\(clock)  open: \(command.text) \(command.state)") }
    }
}

extension Node.Health {
    fileprivate var word: String {
        switch self {
        case .expected: "expected"
        case .ready: "ready"
        case .suspect: "suspect"
        case .lost: "lost"
        }
    }
}
