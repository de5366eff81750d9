import Discovery
import Glibc
import Testing
import TimeSeries

struct FileDiscoveryTests {
    private let files = FileTable()
    private let configuration = FileDiscovery.Configuration(files: ["/sd/*.json", "/one.yml"])

    private func addresses(_ discovery: FileDiscovery) -> [String] {
        discovery.groups.flatMap { group in group.targets.compactMap { $0["__address__"] } }
    }

    @Test func `JSON and YAML files give groups with their path`() {
        files.write("/sd/b.json", #"[{"targets": ["b:1"], "labels": {"env": "prod"}}]"#)
        files.write("/sd/a.json", #"[{"targets": ["a:1", "a:2"]}]"#)
        files.write("/sd/a.txt", "no")
        files.write("/one.yml", "- targets: [ y:1 ]\n")
        var discovery = FileDiscovery(configuration)

        let changed = discovery.refresh(files.access, uptime: .zero)

        #expect(changed)
        #expect(addresses(discovery) == ["y:1", "a:1", "a:2", "b:1"])
        #expect(
            discovery.groups.last?.labels == Labels(["env": "prod", "__meta_filepath": "/sd/b.json"]))
    }

    @Test func `an unchanged file is not read again before its interval is over`() {
        files.write("/one.yml", "- targets: [ y:1 ]\n")
        var discovery = FileDiscovery(configuration)
        _ = discovery.refresh(files.access, uptime: .zero)

        let changed = discovery.refresh(files.access, uptime: .seconds(10))
        let readsBefore = files.reads
        _ = discovery.refresh(files.access, uptime: .seconds(301))

        #expect(!changed)
        #expect(readsBefore == 1)
        #expect(files.reads == 2)
    }

    @Test func `a changed file replaces its groups, a removed one takes them along`() {
        files.write("/one.yml", "- targets: [ y:1 ]\n")
        files.write("/sd/a.json", #"[{"targets": ["a:1"]}]"#)
        var discovery = FileDiscovery(configuration)
        _ = discovery.refresh(files.access, uptime: .zero)
        files.write("/one.yml", "- targets: [ y:2 ]\n")
        files.remove("/sd/a.json")

        let changed = discovery.refresh(files.access, uptime: .seconds(1))

        #expect(changed)
        #expect(addresses(discovery) == ["y:2"])
    }

    @Test func `a file that turns bad keeps its groups and says why`() {
        files.write("/one.yml", "- targets: [ y:1 ]\n")
        var discovery = FileDiscovery(configuration)
        _ = discovery.refresh(files.access, uptime: .zero)
        files.write("/one.yml", "- tragets: [ y:1 ]\n")

        _ = discovery.refresh(files.access, uptime: .seconds(1))

        #expect(addresses(discovery) == ["y:1"])
        #expect(discovery.failures.first?.contains("/one.yml:1:3: unknown key \"tragets\"") == true)
    }

    @Test func `the machine's files are read, listed and stamped`() throws {
        let folder = "/tmp/flyball-discovery-\(getpid())"
        unsafe mkdir(folder, 0o700)
        let path = folder + "/a.yml"
        let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        try #require(file >= 0)
        unsafe Glibc.write(file, "- targets: [ a:1 ]\n", 19)
        close(file)
        defer {
            unsafe unlink(path)
            unsafe rmdir(folder)
        }
        var discovery = FileDiscovery(FileDiscovery.Configuration(files: [folder + "/*.yml"]))

        let changed = discovery.refresh(.system, uptime: .zero)

        #expect(changed)
        #expect(addresses(discovery) == ["a:1"])
        #expect(FileAccess.system.stamp(path)?.size == 19)
    }
}
