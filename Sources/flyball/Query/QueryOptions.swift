import ArgumentParser
import Foundation

/// How the answer of a query is shown.
struct QueryPresentation: ParsableArguments {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, csv, sparkline, promql }

    @Option(name: .shortAndLong, help: "table, json, csv, sparkline, or promql as promtool prints it.")
    var output = Output.table
    @Flag(help: "Show how the query was planned and what each part of it cost.") var explain = false
    @Option(help: "The longest time it may take.") var timeout: DurationArgument?
    @Option(help: "At most so many series.") var limit: Int?

    /// What they say to the API.
    var parameters: [(String, String)] {
        var parameters: [(String, String)] = []
        if explain { parameters.append(("explain", "true")) }
        if let timeout { parameters.append(("timeout", timeout.text)) }
        if let limit { parameters.append(("limit", "\(limit)")) }
        return parameters
    }

    func show(_ envelope: JSON) throws {
        let answer = QueryAnswer(envelope)
        for warning in answer.warnings { Terminal.error(Terminal.paint("warning: " + warning, .yellow)) }
        for info in answer.infos { Terminal.error("info: " + info) }
        for line in lines(answer) { print(line) }
        if explain, output != .json {
            guard answer.explanation.isPresent else {
                throw Failure("this server does not explain queries")
            }
            print("")
            for line in ExplanationRendering.lines(answer.explanation) { print(line) }
        }
    }

    func lines(_ answer: QueryAnswer) -> [String] {
        switch output {
        case .table: QueryRendering.table(answer)
        case .json: [answer.json.pretty]
        case .csv: QueryRendering.csv(answer)
        case .sparkline: QueryRendering.sparklines(answer)
        case .promql: QueryRendering.promql(answer)
        }
    }
}

/// Which series are looked up, and how they are shown.
struct LookupOptions: ParsableArguments {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

    @Option(parsing: .unconditional, help: "Only with a sample since then.") var start: TimeArgument?
    @Option(parsing: .unconditional, help: "Only with a sample until then.") var end: TimeArgument?
    @Option(help: "At most so many.") var limit: Int?
    @Option(name: .shortAndLong, help: "table, json or csv.") var output = Output.table

    func parameters(now: Date) -> [(String, String)] {
        var parameters: [(String, String)] = []
        if let start { parameters.append(("start", start.seconds(now: now))) }
        if let end { parameters.append(("end", end.seconds(now: now))) }
        if let limit { parameters.append(("limit", "\(limit)")) }
        return parameters
    }

    /// A line for each item; `name` writes one that has labels.
    func show(_ envelope: JSON, name: ([(name: String, value: String)]?) -> String?) {
        for warning in envelope["warnings"].items {
            Terminal.error(Terminal.paint("warning: " + warning.text, .yellow))
        }
        let items = envelope["data"].items
        switch output {
        case .json: print(envelope["data"].pretty)
        case .csv where items.contains { $0.string == nil }:
            let rows = items.map { QueryAnswer.Series(labels: QueryAnswer.Series.labels($0), points: []) }
            for line in QueryRendering.csv(labels: rows) { print(line) }
        case .table, .csv:
            for item in items { print(item.string ?? name(QueryAnswer.Series.labels(item)) ?? "") }
        }
    }
}
