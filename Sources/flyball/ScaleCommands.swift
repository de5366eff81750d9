import ArgumentParser
import TimeSeries

/// `flyball scale WORKLOAD N`
struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set the count of a workload's replicas.",
        discussion: "A policy decides again at its next turn; pause the workload first to keep the count.")

    @Argument(help: "The workload's name.") var workload: String
    @Argument(help: "How many replicas.") var count: Int
    @Option(help: "Why; goes into the audit log.") var reason = "scaled by hand"
    @OptionGroup var owner: OwnerOption
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard count >= 0 else { throw ValidationError("the count cannot be negative") }
    }

    func run() async throws {
        let answer = try await server.post(
            "/api/v1/scaling/workloads/\(ServerOptions.segment(workload))/scale",
            owner.adding(to: ["count": count, "reason": reason]))
        print("\(workload) is to have \(count) replicas")
        // What is asked and why is known; what comes behind is what the service has to say of it.
        let entry = try? await server.get("/api/v1/scaling/decisions/\(answer["entry"].text)")
        for note in entry?["notes"].items.dropFirst(2) ?? [] { print(note.text) }
    }
}

/// Who asks, where that is not to be told from the address alone.
struct OwnerOption: ParsableArguments {
    @Option(help: "Who asks; goes into the audit log. The address of the caller without it.") var owner:
        String?

    func adding(to body: [String: Any]) -> [String: Any] {
        var body = body
        body["principal"] = owner
        return body
    }
}

/// `flyball pause [WORKLOAD] --reason TEXT --for DURATION`
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop scaling a workload, or all of them, until resumed or for a time.",
        discussion:
            "Survives a restart, is on the page and in the audit log. Lost replicas are still replaced.")

    @Argument(help: "The workload's name; all workloads without it.") var workload: String?
    @Option(help: "Why; goes into the audit log.") var reason: String
    @Option(name: .customLong("for"), help: "For how long, such as 30m or 2h.") var duration: String = "1h"
    @Option(help: "Only up or only down: the count may still move the other way.") var direction: String?
    @OptionGroup var owner: OwnerOption
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard direction == nil || direction == "up" || direction == "down" else {
            throw ValidationError("--direction must be up or down")
        }
        guard Duration(prometheus: duration) != nil else {
            throw ValidationError("--for must be a duration such as 30m or 2h, found \"\(duration)\"")
        }
    }

    func run() async throws {
        var body: [String: Any] = ["reason": reason, "for": duration]
        body["workload"] = workload
        body["direction"] = direction
        _ = try await server.post("/api/v1/scaling/pause", owner.adding(to: body))
        let way = direction.map { " \($0)wards" } ?? ""
        print("scaling of \(workload ?? "every workload")\(way) is paused for \(duration)")
    }
}

/// `flyball resume [WORKLOAD]`
struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a pause.")

    @Argument(help: "The workload's name; all workloads without it.") var workload: String?
    @Option(help: "Why; goes into the audit log.") var reason = "resumed by hand"
    @OptionGroup var owner: OwnerOption
    @OptionGroup var server: ServerOptions

    func run() async throws {
        var body: [String: Any] = ["reason": reason]
        body["workload"] = workload
        _ = try await server.post("/api/v1/scaling/resume", owner.adding(to: body))
        print("scaling of \(workload ?? "every workload") goes on")
    }
}
