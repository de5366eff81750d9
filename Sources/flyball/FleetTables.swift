/// The answer of `/api/v1/fleet` as tables.
struct FleetTables {
    private let fleet: JSON

    init(_ fleet: JSON) { self.fleet = fleet }

    func show() {
        Terminal.table(
            [["NODE", "HEALTH", "CPU", "MEMORY", "REPLICAS", "NOTE"]]
                + fleet["nodes"].items.map { node in
                    let requested = node["requested"]
                    let capacity = node["allocatable"]
                    return [
                        node["name"].text, paint(node["health"].text),
                        "\(requested["cpu"].text)/\(capacity["cpu"].text)",
                        "\(mebibytes(requested["memory"]))/\(mebibytes(capacity["memory"])) MiB",
                        node["replicas"].text,
                        node["draining"].isTrue ? "draining" : node["cordoned"].isTrue ? "cordoned" : "",
                    ]
                })
        print()
        Terminal.table(
            [["WORKLOAD", "DESIRED", "READY", "POLICY", "NOTE"]]
                + fleet["workloads"].items.map { workload in
                    let pause = workload["pause"]
                    let note =
                        pause.isPresent
                        ? "paused: " + pause["reason"].text : workload["unplaced"].items.first?.text ?? ""
                    return [
                        workload["name"].text, workload["desired"].text, workload["ready"].text,
                        workload["policy"].text, note,
                    ]
                })
        print()
        Terminal.table(
            [["REPLICA", "NODE", "PHASE", "ADDRESS", "RESTARTS", "MESSAGE"]]
                + fleet["replicas"].items.map { replica in
                    [
                        replica["id"].text, replica["node"].text, paint(replica["phase"].text),
                        replica["address"].text,
                        replica["restarts"].text, replica["message"].text,
                    ]
                })
    }

    private func mebibytes(_ value: JSON) -> String { value.integer.map { "\($0 >> 20)" } ?? "?" }

    private func paint(_ state: String) -> String {
        switch state {
        case "ready": Terminal.paint(state, .green)
        case "lost", "crashed": Terminal.paint(state, .red)
        default: Terminal.paint(state, .yellow)
        }
    }
}
