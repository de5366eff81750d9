import ArgumentParser
import Testing

@testable import flyball

struct BacktestOptionsTests {
    @Test func `options with several values take them at once and one by one`() throws {
        let trace = ["--trace", "demand.csv"]
        for arguments in [
            ["--policy", "web", "hpa-v2"] + trace, trace + ["--policy", "web", "--policy", "hpa-v2"],
            ["--policy=web"] + trace + ["--policy", "hpa-v2"],
        ] {
            let command = try BacktestCommand.parse(["--policies", "a.yml", "b.yml"] + arguments)
            #expect(command.policy == ["web", "hpa-v2"])
            #expect(command.policies == ["a.yml", "b.yml"])
            #expect(command.trace == "demand.csv")
        }
    }
}
