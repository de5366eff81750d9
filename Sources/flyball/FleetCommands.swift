import ArgumentParser
import Foundation

/// `flyball fleet ...`
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Show the fleet, and take nodes out of it or back in.",
        subcommands: [List.self, Drain.self, ResumeNode.self, Cordon.self], defaultSubcommand: List.self)

    /// `flyball fleet list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show nodes, workloads and replicas.")

        @OptionGroup var server: ServerOptions
        @Flag(help: "Print the answer of the API as JSON.") var json = false

        func run() async throws {
            let fleet = try await server.get("/api/v1/fleet")
            if json { return print(fleet.pretty) }
            FleetTables(fleet).show()
        }
    }

    /// `flyball fleet drain NODE`
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move every replica away from a node and keep it empty.",
            discussion:
                "Replacements start first and must be ready before a replica stops. `flyball fleet resume` ends it."
        )

        @Argument(help: "The node's name.") var node: String
        @Option(help: "Why; goes into the audit log.") var reason = "drained by hand"
        @Flag(help: "Return when the node is empty.") var wait = false
        @OptionGroup var server: ServerOptions

        func run() async throws {
            _ = try await server.post(
                "/api/v1/fleet/nodes/\(ServerOptions.segment(node))/drain", ["reason": reason])
            print("\(node) is being drained")
            guard wait else { return }
            while true {
                let fleet = try await server.get("/api/v1/fleet")
                let left = fleet["replicas"].items.filter { $0["node"].string == node }.count
                if left == 0 { break }
                try await Task.sleep(for: .milliseconds(300))
            }
            print("\(node) is empty")
        }
    }

    /// `flyball fleet resume NODE`
    struct ResumeNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "End a drain or cordon: the node takes replicas again.")

        @Argument(help: "The node's name.") var node: String
        @Option(help: "Why; goes into the audit log.") var reason = "resumed by hand"
        @OptionGroup var server: ServerOptions

        func run() async throws {
            _ = try await server.post(
                "/api/v1/fleet/nodes/\(ServerOptions.segment(node))/resume", ["reason": reason])
            print("\(node) takes replicas again")
        }
    }

    /// `flyball fleet cordon NODE`
    struct Cordon: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a node keep its replicas and take no new ones.")

        @Argument(help: "The node's name.") var node: String
        @Option(help: "Why; goes into the audit log.") var reason = "cordoned by hand"
        @OptionGroup var server: ServerOptions

        func run() async throws {
            _ = try await server.post(
                "/api/v1/fleet/nodes/\(ServerOptions.segment(node))/cordon", ["reason": reason])
            print("\(node) takes no new replicas")
        }
    }
}
