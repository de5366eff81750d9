/// Where each cgroup controller is mounted, as /proc/self/mountinfo says (proc(5)): per controller, as machines mix
/// version 1 and 2.
struct CgroupMounts: Hashable, Sendable {
    enum Version: Hashable, Sendable { case v1, v2 }

    struct Mount: Hashable, Sendable {
        var version: Version
        var path: String
    }

    /// By controller: `cpu`, `cpuacct`, `memory`, and under `unified` the version 2 hierarchy itself.
    private(set) var controllers: [String: Mount] = [:]

    /// - Parameters:
    ///   - mountinfo: The text of /proc/self/mountinfo.
    ///   - unifiedControllers: What `cgroup.controllers` at a version 2 mount point lists.
    init(mountinfo: String, unifiedControllers: (String) -> String?) {
        for line in mountinfo.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let left = halves[0].split(separator: " ")
            let right = halves[1].split(separator: " ")
            guard left.count >= 5, let kind = right.first, let options = right.last else { continue }
            let path = CgroupMounts.unescape(left[4])
            switch kind {
            case "cgroup2":
                controllers["unified"] = Mount(version: .v2, path: path)
                let names = unifiedControllers(path) ?? ""
                for name in names.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                    add(String(name), Mount(version: .v2, path: path))
                }
                // Version 2 counts CPU time whether the controller is there or not.
                add("cpuacct", Mount(version: .v2, path: path))
            case "cgroup":
                for name in options.split(separator: ",") where ["cpu", "cpuacct", "memory"].contains(name) {
                    controllers[String(name)] = Mount(version: .v1, path: path)
                }
            default: continue
            }
        }
    }

    /// A controller belongs to one hierarchy at a time; for the time counter version 1 is exact where it exists.
    private mutating func add(_ name: String, _ mount: Mount) {
        if controllers[name] == nil { controllers[name] = mount }
    }

    /// Blanks and their kind come as three octal digits.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(Substring(rest.prefix(3))), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
