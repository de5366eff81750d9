import Control
import Documents
package import Fleet

/// Where a node keeps its files, all of them readable by its user only.
package struct NodeFolder: Hashable, Sendable {
    /// A process that was started for a replica, to be found again by whoever comes after.
    struct Child: Hashable, Sendable, Codable {
        var replica: ReplicaID
        var pid: Int32
        var startTicks: UInt64
    }

    /// The most bytes of a unix socket's address (unix(7)), without its final zero.
    package static let maxSocketPath = 107

    package let path: String

    /// - Parameter path: From the working directory where it is relative.
    package init(_ path: String) { self.path = SystemFile.absolute(path) }

    package var socket: String { path + "/node.sock" }
    package var log: String { path + "/node.log" }
    var lock: String { path + "/lock" }
    var ledger: String { path + "/ledger.json" }
    var spec: String { path + "/node.json" }
    var children: String { path + "/children.json" }

    func log(of replica: ReplicaID) -> String { "\(path)/logs/\(replica).log" }

    /// Why the folder cannot serve, with the remedy; nil where it can.
    package var problem: String? {
        let length = socket.utf8.count
        guard length > Self.maxSocketPath else { return nil }
        return "\(socket) is \(length) bytes long, but a unix socket's path may have \(Self.maxSocketPath): "
            + "choose a shorter data directory"
    }

    /// A name for the node that no node of another data directory has (FNV-1a of the path).
    package func cgroupName(_ node: NodeID) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(node)-\(String(hash, radix: 16))"
    }

    func read<Value: Decodable>(_ type: Value.Type, from file: String) -> Value? {
        SystemFile.read(file).flatMap { try? CanonicalJSON.decode(type, from: $0) }
    }

    func write(_ value: some Encodable, to file: String) throws(SystemFile.Failure) {
        try SystemFile.replace(file, CanonicalJSON.encode(value))
    }

    /// Ends what an earlier node process left behind where no PID namespace did: processes by pid and start time,
    /// and whatever is in the node's cgroups. The caller holds the node's lock. Returns how many were found.
    func sweep(_ cgroups: Cgroups) -> Int {
        var count = 0
        let table = ProcessTable()
        for child in read([Child].self, from: children) ?? [] {
            guard let entry = table.entry(child.pid), entry.startTicks == child.startTicks else { continue }
            Signals.kill(session: child.pid)
            Signals.kill(child.pid)
            count += 1
        }
        // A process that was killed keeps its group until somebody has waited for it: then the next sweep clears it.
        let isClear = cgroups.replicas.reduce(true) { cgroups.clear($1) && $0 }
        if isClear { SystemFile.remove(children) }
        return count
    }
}
