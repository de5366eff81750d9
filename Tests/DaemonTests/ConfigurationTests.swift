import Daemon
import Documents
import Foundation
import Storage
import Testing

@Suite struct ConfigurationTests {
    /// Prometheus' own test configurations, where they are beside the checkout.
    private static let folder =
        (ProcessInfo.processInfo.environment["FLYBALL_SHARED"]
            ?? URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "shared").path) + "/conformance/config"
    private static let files =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yml") }
        .sorted()

    private func read(_ text: String) throws(DocumentError) -> Configuration {
        try ConfigurationReader(file: "flyball.yml").read(text)
    }

    @Test func `the log's policy and the limits of the store are read`() throws {
        let storage = try read(
            """
            storage:
              wal: { sync: always, interval: 250ms }
              limits: { series: 1000, series_per_target: 100, labels: 10, label_value_length: 64 }
            """
        ).storage

        #expect(storage.sync == .always)
        #expect(storage.syncInterval == .milliseconds(250))
        #expect(storage.limits.series == 1000)
        #expect(storage.limits.seriesPerTarget == 100)
        #expect(storage.limits.labels == 10)
        #expect(storage.limits.labelNameLength == StoreConfiguration.Limits().labelNameLength)
        #expect(storage.limits.labelValueLength == 64)
    }

    @Test func `windows of rollups and the number of exemplars are read`() throws {
        let standard = try read("storage: {}").storage
        #expect(standard.rollups == RollupRule.standard)
        #expect(standard.maxExemplars == 100_000)

        let storage = try read(
            "storage: { rollups: { 1d: 5y, 10m: 30d }, exemplars: { max_exemplars: 7 } }"
        ).storage
        #expect(
            storage.rollups == [
                RollupRule(resolution: .seconds(600), retention: .seconds(30 * 86_400)),
                RollupRule(resolution: .seconds(86_400), retention: .seconds(5 * 365 * 86_400)),
            ])
        #expect(storage.maxExemplars == 7)
        #expect(try read("storage: { rollups: {} }").storage.rollups.isEmpty)
    }

    @Test(arguments: [
        ("storage: { rollups: { 90s: 90d } }", "whole minutes"),
        ("storage: { memory: { limit: 1KiB } }", "at least 1MiB"),
        ("storage: { retention: 0s }", "longer than 0s"),
        ("storage: { path: \"\" }", "must not be empty"),
        ("storage: { rollups: { 1h: 5m } }", "longer duration"),
        ("storage: { rollups: { 5m: 90d, 7m: 90d } }", "multiple"),
        ("storage: { wal: { sync: sometimes } }", "always, interval, none"),
        ("storage: { wal: { interval: 0s } }", "at least 10ms"),
        ("storage: { limits: { series: 0 } }", "at least 1"),
        ("storage: { limits: { serie: 1 } }", "serie"),
    ])
    func `a wrong setting of the store is refused with its place and what is allowed`(
        text: String, allowed: String
    ) {
        let error = #expect(throws: DocumentError.self) { try read(text) }

        #expect("\(error!)".contains(allowed))
        #expect("\(error!)".contains("flyball.yml:1:"))
    }

    @Test(.enabled(if: !Self.files.isEmpty), arguments: Self.files)
    func `Prometheus' own configurations load, and its broken ones do not`(name: String) throws {
        let path = Self.folder + "/" + name
        let text = try FileSource().text(path)
        var problems: [Substring] = []
        do {
            _ = try ConfigurationReader(file: path).read(text)
        } catch {
            problems = "\(error)".split(separator: "\n")
        }

        if name.hasSuffix(".bad.yml") || name.contains(".incompatible.") {
            #expect(!problems.isEmpty)
        } else if name.hasSuffix(".good.yml") {
            // Mechanisms of discovery and of authentication that are not there yet are refused by name.
            #expect(problems.filter { !$0.contains("is not supported yet") } == [])
        }
    }
}
