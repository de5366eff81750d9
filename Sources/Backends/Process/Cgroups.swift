import Fleet

/// The control groups of one node's replicas: `flyball/<node>/<replica>` below each mounted hierarchy, made, limited,
/// read and removed there and nowhere else. What the machine does not allow is left out and said once.
package struct Cgroups: Sendable {
    /// CPU time and memory of one replica.
    package struct Usage: Hashable, Sendable {
        package var cpuSeconds: Double?
        /// Without file pages that could be dropped at once, as the kubelet counts it.
        package var workingSetBytes: Double?
    }

    /// The folders of the node by what they serve; a kind that cannot be used is absent.
    private var folders: [String: CgroupMounts.Mount] = [:]
    /// Per controller, for a person: `cgroup v1`, or why there is no limit.
    package private(set) var support: [String: String] = [:]

    /// - Parameters:
    ///   - node: A name that no other node on this machine has.
    ///   - root: `/`, or a folder that stands for it in a test.
    package init(node: String, root: String = "/") {
        let root = root.hasSuffix("/") ? String(root.dropLast()) : root
        let mounts = CgroupMounts(mountinfo: SystemFile.text(root + "/proc/self/mountinfo") ?? "") {
            SystemFile.text(root + $0 + "/cgroup.controllers")
        }
        for kind in ["cpu", "memory", "cpuacct", "unified"] {
            guard let mount = mounts.controllers[kind] else {
                support[kind] = "none: not mounted"
                continue
            }
            let base = root + mount.path + "/flyball"
            let folder = "\(base)/\(node)"
            do throws(SystemFile.Failure) {
                try SystemFile.makeFolder(folder)
                if mount.version == .v2, kind == "cpu" || kind == "memory" {
                    // Controllers are handed down one level at a time; the root's own list is not ours to change.
                    try SystemFile.set("\(base)/cgroup.subtree_control", "+\(kind)")
                    try SystemFile.set("\(folder)/cgroup.subtree_control", "+\(kind)")
                }
                folders[kind] = CgroupMounts.Mount(version: mount.version, path: folder)
                support[kind] = mount.version == .v1 ? "cgroup v1" : "cgroup v2"
            } catch {
                support[kind] = "none: \(error)"
            }
        }
    }

    /// What is enforced, for a person: CPU and memory limits.
    package var limits: [String: String] { support.filter { $0.key == "cpu" || $0.key == "memory" } }

    /// Every folder once, sorted: several controllers may share one.
    private var paths: [String] { Set(folders.values.map(\.path)).sorted() }

    /// Makes the replica's groups, sets its limits and moves a process into them. Returns what did not work.
    func place(_ pid: Int32, of replica: ReplicaID, limit: Resources?) -> [String] {
        var problems: [String] = []
        func attempt(_ body: () throws(SystemFile.Failure) -> Void) {
            do throws(SystemFile.Failure) { try body() } catch { problems.append(error.description) }
        }
        for path in paths {
            let group = "\(path)/\(replica)"
            attempt { () throws(SystemFile.Failure) in try SystemFile.makeFolder(group) }
        }
        for (kind, file, value) in settings(of: replica, limit) {
            guard folders[kind] != nil else { continue }
            attempt { () throws(SystemFile.Failure) in try SystemFile.set(file, value) }
        }
        for path in paths {
            attempt { () throws(SystemFile.Failure) in
                try SystemFile.set("\(path)/\(replica)/cgroup.procs", "\(pid)")
            }
        }
        return problems
    }

    /// Changes the limits of a replica that runs. Returns what did not work, such as a limit below what is in use.
    func limit(_ replica: ReplicaID, to limit: Resources?) -> [String] {
        var problems: [String] = []
        for (_, file, value) in settings(of: replica, limit) where SystemFile.exists(file) {
            do throws(SystemFile.Failure) {
                try SystemFile.set(file, value)
            } catch {
                problems.append(error.description)
            }
        }
        return problems
    }

    /// The files that hold a limit. CPU is a quota of each 100 ms.
    private func settings(of replica: ReplicaID, _ limit: Resources?) -> [(String, String, String)] {
        guard let limit else { return [] }
        var settings: [(String, String, String)] = []
        if let cpu = folders["cpu"], limit.milliCPU > 0 {
            let quota = max(1000, limit.milliCPU * 100)
            settings.append(
                cpu.version == .v1
                    ? ("cpu", "\(cpu.path)/\(replica)/cpu.cfs_quota_us", "\(quota)")
                    : ("cpu", "\(cpu.path)/\(replica)/cpu.max", "\(quota) 100000"))
        }
        if let memory = folders["memory"], limit.memoryBytes > 0 {
            let file = memory.version == .v1 ? "memory.limit_in_bytes" : "memory.max"
            settings.append(("memory", "\(memory.path)/\(replica)/\(file)", "\(limit.memoryBytes)"))
        }
        return settings
    }

    func usage(of replica: ReplicaID) -> Usage {
        Usage(cpuSeconds: cpuSeconds(of: replica), workingSetBytes: workingSet(of: replica))
    }

    private func cpuSeconds(of replica: ReplicaID) -> Double? {
        guard let mount = folders["cpuacct"] else { return nil }
        let folder = "\(mount.path)/\(replica)"
        switch mount.version {
        case .v1:
            return SystemFile.text("\(folder)/cpuacct.usage").flatMap(Cgroups.number).map { $0 / 1e9 }
        case .v2:
            return SystemFile.text("\(folder)/cpu.stat").flatMap { Cgroups.field("usage_usec", $0) }
                .map { $0 / 1e6 }
        }
    }

    private func workingSet(of replica: ReplicaID) -> Double? {
        guard let mount = folders["memory"] else { return nil }
        let folder = "\(mount.path)/\(replica)"
        let (file, inactive) =
            mount.version == .v1
            ? ("memory.usage_in_bytes", "total_inactive_file") : ("memory.current", "inactive_file")
        guard let used = SystemFile.text("\(folder)/\(file)").flatMap(Cgroups.number),
            let stat = SystemFile.text("\(folder)/memory.stat")
        else { return nil }
        return max(0, used - (Cgroups.field(inactive, stat) ?? 0))
    }

    /// Kills whatever is left in a replica's groups, then removes them. False while something is still in them.
    func clear(_ replica: String) -> Bool {
        var isClear = true
        for path in paths where SystemFile.exists("\(path)/\(replica)") {
            let group = "\(path)/\(replica)"
            if SystemFile.exists("\(group)/cgroup.kill") { try? SystemFile.set("\(group)/cgroup.kill", "1") }
            for pid in Cgroups.processes(in: group) { Signals.kill(pid) }
            if !SystemFile.removeFolder(group) { isClear = false }
        }
        return isClear
    }

    /// Every replica that has a group here, from this run or one before.
    var replicas: [String] {
        let names = paths.flatMap { path in
            SystemFile.list(path).filter { SystemFile.exists("\(path)/\($0)/cgroup.procs") }
        }
        return Set(names).sorted()
    }

    /// Removes the node's own groups, when no replica is left.
    func removeAll() {
        for path in paths { _ = SystemFile.removeFolder(path) }
    }

    /// Ids as this process sees them; a process that it cannot see is listed as 0.
    private static func processes(in group: String) -> [Int32] {
        (SystemFile.text("\(group)/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
            .filter { $0 > 0 }
    }

    private static func number(_ text: String) -> Double? {
        Double(text.prefix { !$0.isWhitespace })
    }

    /// The value of a `name value` line.
    private static func field(_ name: String, _ text: String) -> Double? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == name { return Double(parts[1]) }
        }
        return nil
    }
}
