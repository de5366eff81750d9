import Foundation
import Testing

extension EndToEnd {
    /// The page in a real browser.
    struct PageTests {
        @Test func `the page shows the fleet in a real browser and breaks no rule of its own policy`()
            async throws
        {
            try await withSandbox { sandbox in
                let demo = try await DemoFleet.start(sandbox, replicas: 2, policies: true)
                try await Task.sleep(for: .seconds(5))
                let decision = try await Self.decision(of: "reactive", demo)

                let answer = try await Sandbox.run(
                    "/usr/bin/chromium",
                    [
                        "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
                        "--user-data-dir=" + sandbox.folder + "/browser", "--virtual-time-budget=8000",
                        "--dump-dom",
                        demo.server.url + "/#\(decision)",
                    ])

                #expect(answer.status == 0)
                #expect(!answer.output.contains("Content Security Policy directive"), "\(answer.output)")
                for expected in ["n1", "n2", "n3", "web"] { #expect(answer.output.contains(expected)) }
                #expect(answer.output.contains("<canvas"))
                // The decision that the address names: what it knew, how it came about, what else it might have been.
                for expected in [
                    "What it knew", "How it was decided", "Had it been otherwise", "without the windows",
                    "What was sent", "flyball audit replay \(decision)",
                ] { #expect(answer.output.contains(expected), "\(expected)") }
                try await demo.server.interrupt()
            }
        }

        /// The id of the newest decision of a policy.
        private static func decision(of policy: String, _ demo: DemoFleet) async throws -> String {
            let path = "/api/v1/scaling/decisions/\(policy)"
            let text = String(decoding: try await FlyballServer.get(demo.server.url + path), as: UTF8.self)
            let id = try #require(text.firstMatch(of: /"id":"(d[0-9]+-[0-9]+)"/))
            return String(id.output.1)
        }
    }
}
