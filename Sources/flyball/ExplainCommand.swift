import ArgumentParser

/// `flyball explain DECISION`
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why something was decided: what was measured, foreseen, clamped and commanded.",
        discussion:
            "DECISION is an id from `flyball audit list`, or `last`, or a workload, policy or node for the last about it. "
            + "Of a workload, what its active policy decided comes before what is recorded only."
    )

    @Argument(help: "The decision.") var decision: String
    @Flag(help: "Print the answer of the API as JSON.") var json = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let answer = try await server.get("/api/v1/scaling/decisions/\(ServerOptions.segment(decision))")
        if json { return print(answer.pretty) }
        print(answer["text"].string ?? answer.pretty + "\n", terminator: "")
    }
}
