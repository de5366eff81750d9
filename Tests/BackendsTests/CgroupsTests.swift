import Fleet
import Testing

@testable import Backends

@Suite struct CgroupsTests {
    private let replica = ReplicaID("web-1")!
    private let limit = Resources(milliCPU: 250, memoryBytes: 64 << 20)

    /// A folder that stands for the root of a machine.
    private func root(mountinfo: String, files: [String: String]) throws -> String {
        let root = try TemporaryFolder.make()
        for (path, text) in files.merging(["/proc/self/mountinfo": mountinfo], uniquingKeysWith: { $1 }) {
            let folder = path[..<path.lastIndex(of: "/")!]
            try SystemFile.makeFolder(root + folder)
            try SystemFile.replace(root + path, Array(text.utf8))
        }
        return root
    }

    @Test func `controllers are found one by one where versions are mixed`() {
        let mounts = CgroupMounts(
            mountinfo: """
                32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
                33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:4 - cgroup cgroup rw,cpuacct
                41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw,relatime - cgroup2 cgroup2 rw
                """, unifiedControllers: { _ in "io memory\n" })

        #expect(mounts.controllers["cpu"] == .init(version: .v1, path: "/sys/fs/cgroup/cpu"))
        #expect(mounts.controllers["cpuacct"] == .init(version: .v1, path: "/sys/fs/cgroup/cpu,cpuacct"))
        #expect(mounts.controllers["memory"] == .init(version: .v2, path: "/sys/fs/cgroup/uni fied"))
    }

    @Test func `version 2 gets limits and is read in its own files`() throws {
        let group = "/sys/fs/cgroup/flyball/n1-x/web-1"
        let root = try root(
            mountinfo: "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
            files: [
                "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids",
                "/sys/fs/cgroup/flyball/cgroup.subtree_control": "",
                "/sys/fs/cgroup/flyball/n1-x/cgroup.subtree_control": "",
                "\(group)/cpu.max": "", "\(group)/memory.max": "", "\(group)/cgroup.procs": "",
                "\(group)/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
                "\(group)/memory.current": "5000\n",
                "\(group)/memory.stat": "anon 1\ninactive_file 1000\n",
            ])
        defer { TemporaryFolder.remove(root) }

        let cgroups = Cgroups(node: "n1-x", root: root)
        let problems = cgroups.place(4711, of: replica, limit: limit)

        #expect(problems == [])
        #expect(cgroups.limits == ["cpu": "cgroup v2", "memory": "cgroup v2"])
        #expect(SystemFile.text(root + group + "/cpu.max") == "25000 100000")
        #expect(SystemFile.text(root + group + "/memory.max") == "67108864")
        #expect(SystemFile.text(root + group + "/cgroup.procs") == "4711")
        #expect(cgroups.usage(of: replica) == Cgroups.Usage(cpuSeconds: 2.5, workingSetBytes: 4000))
    }

    @Test func `what is not mounted is left out and said`() throws {
        let root = try root(mountinfo: "23 1 0:1 / / rw - ext4 /dev/vda rw", files: [:])
        defer { TemporaryFolder.remove(root) }

        let cgroups = Cgroups(node: "n1-x", root: root)

        #expect(cgroups.limits == ["cpu": "none: not mounted", "memory": "none: not mounted"])
        #expect(cgroups.place(4711, of: replica, limit: limit) == [])
        #expect(cgroups.usage(of: replica) == Cgroups.Usage())
    }

    @Test func `a controller that may not be handed down gives no limit, with the reason`() throws {
        let root = try root(
            mountinfo: "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
            files: ["/sys/fs/cgroup/cgroup.controllers": "memory"])
        defer { TemporaryFolder.remove(root) }

        let support = Cgroups(node: "n1-x", root: root).limits["memory"]

        #expect(support?.hasPrefix("none: open") == true)
    }
}
