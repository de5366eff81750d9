import Fleet
import Foundation
import Testing

@Suite struct DemoFleetTests {
    @Test func `the demo's fleet file is accepted, and twelve replicas fit on two of its nodes`() throws {
        let root = #filePath.components(separatedBy: "/Tests/")[0]
        let text = try String(contentsOfFile: root + "/fleet/demo.yml", encoding: .utf8)

        let web = try #require(FleetFile.parse(text: text, file: "fleet/demo.yml").workloads.first)

        #expect(web.id.name == "web")
        #expect(web.command.starts(with: ["flyball", "demo", "workload"]))
        let six = (0..<6).reduce(Resources.zero) { sum, _ in sum + web.request }
        #expect(six.fits(in: Resources(milliCPU: 1000, memoryBytes: 512 << 20)))
    }
}
