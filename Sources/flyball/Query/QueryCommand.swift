import ArgumentParser
import Foundation
import TimeSeries

/// `flyball query ...`
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate PromQL, or look up series and labels.",
        discussion: """
            flyball query up
            flyball query range 'sum(rate(http_requests_total[1m]))' --start -1h --step 15s --output sparkline
            flyball query series 'up{job="node"}'
            flyball query labels job

            Times are RFC 3339, Unix seconds, `now`, or relative to now: -1h, now-30m. Exit codes: 0 an answer (if an empty one), 1 none, 2 the
            query was refused.
            """,
        subcommands: [Instant.self, Range.self, Series.self, LabelsQuery.self],
        defaultSubcommand: Instant.self)

    /// `flyball query instant EXPRESSION`
    struct Instant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Evaluate at one moment; what `flyball query EXPRESSION` does.")

        @Argument(help: "The expression; - reads it from standard input.") var expression: String
        @Option(parsing: .unconditional, help: "The moment; now without it.") var time: TimeArgument?
        @Option(help: "A range that ends now and began so long ago, such as 10m; `range` has more to say.")
        var since: String?
        @Option(help: "The step of a range.") var step: DurationArgument?
        @OptionGroup var presentation: QueryPresentation
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let query = try QuerySource.text(expression)
            var parameters = [("query", query)] + presentation.parameters
            guard let since else {
                if let time { parameters.append(("time", time.seconds(now: Date()))) }
                return try presentation.show(try await server.query("/api/v1/query", parameters))
            }
            guard let span = DurationArgument(argument: since) else {
                throw ValidationError("--since must be like 10m or 1h30m")
            }
            let end = Date()
            let start = end.timeIntervalSince1970 - span.duration.inSeconds
            let step = step?.text ?? QuerySource.step(from: start, to: end.timeIntervalSince1970)
            parameters += [("start", "\(start)"), ("end", "\(end.timeIntervalSince1970)"), ("step", step)]
            try presentation.show(try await server.query("/api/v1/query_range", parameters))
        }
    }

    /// `flyball query range EXPRESSION`
    struct Range: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Evaluate at every step of a range of time.")

        @Argument(help: "The expression; - reads it from standard input.") var expression: String
        @Option(parsing: .unconditional, help: "The first moment.") var start = TimeArgument(argument: "-1h")!
        @Option(parsing: .unconditional, help: "The last moment.") var end = TimeArgument(argument: "now")!
        @Option(help: "The distance of steps; without it, so many that 250 fit.") var step: DurationArgument?
        @OptionGroup var presentation: QueryPresentation
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let now = Date()
            let (start, end) = (start.seconds(now: now), end.seconds(now: now))
            let step = step?.text ?? QuerySource.step(from: Double(start) ?? 0, to: Double(end) ?? 0)
            let parameters =
                [("query", try QuerySource.text(expression)), ("start", start), ("end", end), ("step", step)]
                + presentation.parameters
            try presentation.show(try await server.query("/api/v1/query_range", parameters))
        }
    }

    /// `flyball query series SELECTOR...`
    struct Series: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Find series by selectors.")

        @Argument(help: "Selectors such as up{job=\"node\"}.") var selectors: [String]
        @OptionGroup var lookup: LookupOptions
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let answer = try await server.query(
                "/api/v1/series", selectors.map { ("match[]", $0) } + lookup.parameters(now: Date()))
            lookup.show(answer) { labels in labels.map(QueryAnswer.Series.name) ?? "" }
        }
    }

    /// `flyball query labels [NAME]`
    struct LabelsQuery: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "labels", abstract: "List the names of labels, or the values of one.")

        @Argument(help: "The label whose values are wanted; without it, the names.") var name: String?
        @Option(name: .customLong("match"), help: "Only of series that meet a selector; repeated, of any.")
        var selectors: [String] = []
        @OptionGroup var lookup: LookupOptions
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "_"))
            let path =
                name.flatMap { $0.addingPercentEncoding(withAllowedCharacters: allowed) }
                .map { "/api/v1/label/\($0)/values" } ?? "/api/v1/labels"
            let answer = try await server.query(
                path, selectors.map { ("match[]", $0) } + lookup.parameters(now: Date()))
            lookup.show(answer) { _ in nil }
        }
    }
}

/// Where the text of a query comes from, and how fine a range is by default.
enum QuerySource {
    static func text(_ argument: String) throws -> String {
        guard argument == "-" else { return argument }
        let data = FileHandle.standardInput.readDataToEndOfFile()
        guard let text = String(data: data, encoding: .utf8) else {
            throw Failure("standard input is not UTF-8")
        }
        return text
    }

    /// A step at which 250 points make the range, at least a second.
    static func step(from start: Double, to end: Double) -> String {
        let step = ((end - start) / 250).rounded(.up)
        return step.isFinite && step >= 1 ? "\(step)" : "1"
    }
}
