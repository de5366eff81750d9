import Foundation
import Testing

extension EndToEnd {
    /// The bounded part of `make torture`.
    struct TortureTests {
        @Test func `200 times killed and 50 times without power, nothing acknowledged is lost`() async throws
        {
            let program = URL(fileURLWithPath: Sandbox.binary).deletingLastPathComponent()
                .appendingPathComponent("storage-benchmark").path
            let answer = try await Sandbox.run(
                "/usr/bin/env",
                [
                    "python3", Sandbox.root + "/Benchmarks/torture.py", program, "--cycles", "200",
                    "--power-cuts", "50", "--seed", "\(UInt16.random(in: 1 ... .max))",
                ])

            print(answer.output)
            #expect(answer.status == 0, "\(answer.output)")
            let lines = answer.output.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("kill -9: 200 cycles, ") && $0.contains(" 0 lost, ") })
            // Where nothing can be mounted, the power cuts are left out and it is said why.
            #expect(
                lines.contains {
                    $0.hasPrefix("power cut: 50 cycles, ") && $0.contains(" 0 lost, ")
                        || $0.hasPrefix("power cut: left out")
                })
        }
    }
}
