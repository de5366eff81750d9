import Fleet
import Placement
import TimeSeries

extension Turn {
    /// No pause lasts longer: what is to be off for ever belongs into the configuration.
    static let longestPause: Duration = .seconds(30 * 86_400)
    static let mostReplicas = 10_000
    static let mostRequests = 10_000

    /// Does what an operator asks, once for each request id.
    mutating func answer(_ request: OperatorRequest) {
        guard memory.requests[request.id] == nil else { return }
        let refusal =
            memory.requests.count >= Self.mostRequests ? "too many requests in a day" : fulfil(request)
        var reasons = [request.text, "reason: \(request.reason)"]
        if let refusal { reasons.append("refused: \(refusal)") }
        if refusal == nil, case .drain(let node) = request.action { reasons += forecastDrain(of: node) }
        if refusal == nil, case .scale(let workload, let count) = request.action {
            reasons += delay(of: workload, to: count).map { [$0] } ?? []
        }
        let entry = record(
            .request, workload: request.workload, node: request.node, reasons: reasons,
            principal: request.principal)
        memory.requests[request.id] = ControlMemory.RequestRecord(at: now, entry: entry, refusal: refusal)
    }

    /// Nil where it was done, else why not.
    private mutating func fulfil(_ request: OperatorRequest) -> String? {
        if let name = request.workload, memory.fleet.workloads[name] == nil, memory.pool(named: name) == nil {
            return "no workload or node pool is named \(name)"
        }
        if let node = request.node, memory.fleet.nodes[node] == nil { return "no node is named \(node)" }
        switch request.action {
        case .pause(let workload, let until, let direction):
            guard until > now else { return "the pause would be over already" }
            guard until - now <= Self.longestPause else {
                return "a pause lasts at most \(Self.longestPause.prometheusText)"
            }
            memory.fleet.apply(
                .paused(
                    Pause(
                        workload: workload, direction: direction, since: now, until: until,
                        owner: request.principal, reason: request.reason)))
        case .resume(let workload):
            guard memory.fleet.pauses.contains(where: { $0.workload == workload }) else {
                return "\(workload.map { "\($0)" } ?? "the whole fleet") is not paused"
            }
            memory.fleet.apply(.resumed(workload))
        case .scale(let id, let count):
            guard (0...Self.mostReplicas).contains(count) else {
                return "the count must be from 0 to \(Self.mostReplicas)"
            }
            if count > 1, memory.fleet.workloads[id]?.isSingleton == true {
                return "\(id) is a singleton: at most one replica"
            }
            if let pool = memory.pool(named: id) {
                guard count <= NodePool.mostNodes else {
                    return "a pool has at most \(NodePool.mostNodes) nodes"
                }
                setSize(of: pool, to: count)
            } else {
                setDesired(id, count)
            }
        case .drain(let node): memory.fleet.apply(.nodeDraining(node, true))
        case .cordon(let node): memory.fleet.apply(.nodeCordoned(node, true))
        case .resumeNode(let node):
            guard memory.retired[node] == nil else { return "\(node) is no longer configured" }
            memory.fleet.apply(.nodeDraining(node, false))
            memory.watches[node]?.quarantinedUntil = nil
        }
        return nil
    }

    /// What a count waits for that somebody asked for.
    private func delay(of workload: WorkloadID, to count: Int) -> String? {
        let isLower = count < memory.fleet.replicas(of: workload).count
        let lower = isLower ? memory.fleet.pause(of: workload, direction: .down) : nil
        guard let pause = memory.fleet.pause(of: workload) ?? lower else { return nil }
        return
            "not before \(pause.until.rfc3339): paused \(pause.direction.map { "\($0.rawValue)wards " } ?? "")by "
            + "\(pause.owner): \(pause.reason)"
    }

    /// What the packing says of a drain before it begins.
    private func forecastDrain(of node: NodeID) -> [String] {
        let evacuation = whatIf().evacuation(of: node, at: now)
        var lines = evacuation.moves.sorted { $0.key < $1.key }.map { "\($0.key) would fit on \($0.value)" }
        for (replica, refusals) in evacuation.stuck.sorted(by: { $0.key < $1.key }) {
            let why = refusals.map(\.text).joined(separator: ", ")
            lines.append("\(replica) has no other place: \(why.isEmpty ? "there is no other node" : why)")
        }
        return lines.isEmpty ? ["nothing runs on \(node)"] : lines
    }
}

extension OperatorRequest {
    var workload: WorkloadID? {
        switch action {
        case .pause(let workload, _, _), .resume(let workload): workload
        case .scale(let workload, _): workload
        case .drain, .cordon, .resumeNode: nil
        }
    }

    var node: NodeID? {
        switch action {
        case .drain(let node), .cordon(let node), .resumeNode(let node): node
        case .pause, .resume, .scale: nil
        }
    }

    /// For a person.
    package var text: String {
        switch action {
        case .pause(let workload, let until, let direction):
            "pause \(workload?.name ?? "the fleet")"
                + (direction.map { " \($0.rawValue)wards" } ?? "") + " until \(until.rfc3339)"
        case .resume(let workload): "resume \(workload?.name ?? "the fleet")"
        case .scale(let workload, let count): "scale \(workload) to \(count)"
        case .drain(let node): "drain \(node)"
        case .cordon(let node): "cordon \(node)"
        case .resumeNode(let node): "resume \(node)"
        }
    }
}
