import Exposition
import Testing
import TimeSeries

/// Real payloads, against a reader so simple that it cannot be wrong about them.
@Suite(.enabled(if: SharedFiles.folder != nil))
struct PayloadTests {
    @Test(arguments: [
        ("payloads/node_exporter_e2e.prom.xz", 3027), ("payloads/k8s_1_31__ksm.prom.xz", nil),
        ("payloads/k8s_1_31__controlplane_controller-manager.prom.xz", nil),
        ("payloads/k8s_1_31__controlplane_etcd.prom.xz", nil),
        ("payloads/k8s_1_31__controlplane_scheduler.prom.xz", nil),
        ("payloads/k8s_1_31__kubelet_cadvisor.prom.xz", nil),
        ("conformance/exposition/alltypes.237mfs.prom.txt", nil),
        ("conformance/exposition/alltypes.237mfs.nometa.prom.txt", nil),
    ])
    func `every line of a payload is read with its value`(path: String, count: Int?) throws {
        let bytes = try SharedFiles.read(path)
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            .filter { !$0.hasPrefix("#") && !$0.isEmpty }

        let samples = try ExpositionReaderTests.samples(bytes)

        #expect(samples.count == lines.count)
        if let count { #expect(samples.count == count) }
        var differing = 0
        for (line, sample) in zip(lines, samples) {
            let cut = line.range(closing: "}") ?? line.firstIndex(of: " ")!
            let fields = line[cut...].split(separator: " ")
            let value = Double(fields[0]) ?? .nan
            let isSame = value.isNaN ? sample.value.isNaN : value.bitPattern == sample.value.bitPattern
            let isNamed = line.hasPrefix(sample.labels.metricName)
            let isTimed = sample.timestamp == (fields.count > 1 ? Int64(fields[1]) : nil)
            if !isSame || !isNamed || !isTimed { differing += 1 }
        }
        #expect(differing == 0)
    }

    @Test(arguments: [
        "conformance/exposition/1histogram.om.txt", "conformance/exposition/alltypes.5mfs.om.txt",
    ])
    func `the OpenMetrics payloads are read`(path: String) throws {
        let bytes = try SharedFiles.read(path)
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let complete = text.contains("# EOF") ? bytes : bytes + Array("# EOF\n".utf8)

        #expect(try ExpositionReaderTests.samples(complete, .openMetrics).count == lines.count)
    }
}

extension String {
    /// The place behind the last closing brace.
    fileprivate func range(closing brace: Character) -> String.Index? {
        lastIndex(of: brace).map { index(after: $0) }
    }
}
