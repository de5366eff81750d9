import Glibc

/// What /proc tells of processes: enough to know one again, and to add up a session where there is no cgroup.
struct ProcessTable: Sendable {
    struct Entry: Hashable, Sendable {
        var pid: Int32
        var session: Int32
        /// Ticks since boot; with the pid it names a process for ever.
        var startTicks: UInt64
        var cpuTicks: UInt64
        var residentPages: UInt64
        var isZombie: Bool
    }

    var root = "/proc"

    func entry(_ pid: Int32) -> Entry? {
        SystemFile.text("\(root)/\(pid)/stat").flatMap { ProcessTable.parse(pid, $0) }
    }

    /// CPU seconds and resident bytes of every process in a session.
    func usage(ofSession session: Int32) -> Cgroups.Usage {
        let entries = SystemFile.list(root).compactMap { Int32($0) }.compactMap(entry)
            .filter { $0.session == session }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        return Cgroups.Usage(
            cpuSeconds: entries.reduce(0) { $0 + Double($1.cpuTicks) } / ticks,
            workingSetBytes: entries.reduce(0) { $0 + Double($1.residentPages) } * page)
    }

    /// proc_pid_stat(5); the name in parentheses may itself hold blanks and parentheses.
    static func parse(_ pid: Int32, _ text: String) -> Entry? {
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 21, let session = Int32(fields[3]), let user = UInt64(fields[11]),
            let system = UInt64(fields[12]), let start = UInt64(fields[19]), let pages = UInt64(fields[21])
        else { return nil }
        // Of children that have ended and were waited for; a session's time must not go down when they do.
        let waited = (UInt64(fields[13]) ?? 0) &+ (UInt64(fields[14]) ?? 0)
        return Entry(
            pid: pid, session: session, startTicks: start, cpuTicks: user &+ system &+ waited,
            residentPages: pages, isZombie: fields[0] == "Z")
    }
}
