import TimeSeries

/// Reads a promqltest script: `load`, `load_with_nhcb`, `clear` and `eval`, the deprecated forms included.
struct ScriptParser {
    struct Failure: Error {
        var line: Int
        var message: String
    }

    private let lines: [String]
    private var index = 0

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = ScriptParser.trim(line)
            return trimmed.hasPrefix("#") ? "" : trimmed
        }
    }

    private static func trim(_ text: some StringProtocol) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// The next command, nil at the end. After a failure the rest of its block is skipped.
    mutating func next() throws(Failure) -> ScriptCommand? {
        while index < lines.count, lines[index].isEmpty { index += 1 }
        guard index < lines.count else { return nil }
        let start = index
        let word =
            lines[index].split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map { $0.lowercased() }
            ?? ""
        do throws(QueryError) {
            return try command(word)
        } catch {
            let line = index
            if index == start { index += 1 }
            while index < lines.count, !lines[index].isEmpty { index += 1 }
            throw Failure(line: min(line, lines.count - 1) + 1, message: error.message)
        }
    }

    private mutating func command(_ word: String) throws(QueryError) -> ScriptCommand {
        if word == "clear" {
            index += 1
            return .clear
        }
        if word.hasPrefix("load") { return try load() }
        if word.hasPrefix("eval") { return try evaluation() }
        throw QueryError(.badData, "invalid command \(Labels.quoted(lines[index]))")
    }

    // MARK: - Load

    private mutating func load() throws(QueryError) -> ScriptCommand {
        let words = words(lines[index])
        guard words.count == 2, words[0] == "load" || words[0] == "load_with_nhcb" else {
            throw QueryError(.badData, "invalid load command, expected load[_with_nhcb] <step>")
        }
        let interval = try duration(words[1]).milliseconds
        var series: [ScriptStorage.Line] = []
        var pending: (labels: Labels, starts: [Int64?])?
        var shared: [Int64?]?
        index += 1
        while index < lines.count, !lines[index].isEmpty {
            let line = lines[index]
            if let (head, rest) = ScriptParser.startTimeLine(line) {
                let starts = try StartTimeNotation.parse(rest)
                if head.isEmpty {
                    shared = starts
                } else {
                    pending = (try SeriesNotation.labels(head), starts)
                }
            } else {
                let notation = try SeriesNotation(line)
                var starts: [Int64?]?
                if let known = pending {
                    guard known.labels == notation.labels, known.starts.count == notation.values.count else {
                        throw QueryError(.badData, "@st line does not fit the series behind it")
                    }
                    starts = known.starts
                } else if let shared, !shared.isEmpty {
                    starts = notation.values.indices.map { shared[$0 % shared.count] }
                }
                pending = nil
                // Of two definitions of a series the later one counts.
                series.removeAll { $0.labels == notation.labels }
                series.append(
                    ScriptStorage.Line(labels: notation.labels, values: notation.values, starts: starts))
            }
            index += 1
        }
        guard pending == nil else { throw QueryError(.badData, "@st line has no following sample line") }
        return .load(lines: series, interval: interval, withCustomBuckets: words[0] == "load_with_nhcb")
    }

    /// `series@st offsets`: what stands before `@st` and behind the space.
    private static func startTimeLine(_ line: String) -> (head: String, rest: String)? {
        guard let space = line.firstIndex(where: { $0 == " " || $0 == "\t" }), line[..<space].hasSuffix("@st")
        else {
            return nil
        }
        return (String(line[..<space].dropLast(3)), String(line[space...]))
    }

    // MARK: - Eval

    private mutating func evaluation() throws(QueryError) -> ScriptCommand {
        var test = try header()
        index += 1
        while index < lines.count, !lines[index].isEmpty {
            let line = lines[index]
            if line.hasPrefix("expected_fail_message") {
                test.failure = .text(ScriptParser.trim(line.dropFirst("expected_fail_message".count)))
            } else if line.hasPrefix("expected_fail_regexp") {
                test.failure = try pattern(ScriptParser.trim(line.dropFirst("expected_fail_regexp".count)))
            } else if line == "expect" || line.hasPrefix("expect ") {
                try expectation(line, &test)
            } else if let scalar = ScriptParser.scalar(line) {
                test.scalar = scalar
            } else {
                let notation = try SeriesNotation(line)
                guard notation.values.count <= 1 || !test.isInstant || test.rangeVector != nil else {
                    throw QueryError(
                        .badData, "expecting multiple values in instant evaluation not allowed")
                }
                test.series.append(ScriptCase.Series(labels: notation.labels, values: notation.values))
            }
            index += 1
        }
        return .evaluate(test)
    }

    /// `eval[_mode] instant [at T] QUERY` or `eval[_mode] range from A to B step S QUERY`.
    private func header() throws(QueryError) -> ScriptCase {
        var rest = Substring(lines[index])
        let command = ScriptParser.word(&rest).lowercased()
        let kind = ScriptParser.word(&rest)
        var test: ScriptCase
        switch kind {
        case "instant":
            var moment = Duration.zero
            let beforeAt = rest
            if ScriptParser.word(&rest) == "at" {
                moment = try duration(ScriptParser.word(&rest))
            } else {
                rest = beforeAt
            }
            let time = Timestamp(milliseconds: 0) + moment
            test = ScriptCase(
                line: index + 1, query: ScriptParser.trim(rest), range: .instant(time), isInstant: true)
        case "range":
            let range = try self.range(&rest)
            test = ScriptCase(
                line: index + 1, query: ScriptParser.trim(rest), range: range, isInstant: false)
        default:
            throw QueryError(
                .badData,
                "invalid evaluation command, expected eval instant at <time> <query> or "
                    + "eval range from <from> to <to> step <step> <query>")
        }
        switch command {
        case "eval": break
        case "eval_fail": test.failure = .any
        case "eval_warn": test.warnings = [.any]
        case "eval_info": test.infos = [.any]
        case "eval_ordered": test.isOrdered = true
        default: throw QueryError(.badData, "invalid command \(Labels.quoted(command))")
        }
        return test
    }

    /// `from A to B step S`.
    private func range(_ rest: inout Substring) throws(QueryError) -> EvaluationRange {
        var durations: [Duration] = []
        for keyword in ["from", "to", "step"] {
            guard ScriptParser.word(&rest) == keyword else {
                throw QueryError(.badData, "expected from <from> to <to> step <step>")
            }
            durations.append(try duration(ScriptParser.word(&rest)))
        }
        guard durations[0] <= durations[1] else {
            throw QueryError(.badData, "end timestamp is before start timestamp")
        }
        let zero = Timestamp(milliseconds: 0)
        return EvaluationRange(start: zero + durations[0], end: zero + durations[1], step: durations[2])
    }

    private func expectation(_ line: String, _ test: inout ScriptCase) throws(QueryError) {
        var rest = Substring(line)
        _ = ScriptParser.word(&rest)
        let kind = ScriptParser.word(&rest)
        let text = ScriptParser.trim(rest)
        switch kind {
        case "ordered" where text.isEmpty: test.isOrdered = true
        case "no_warn" where text.isEmpty: test.refusesWarnings = true
        case "no_info" where text.isEmpty: test.refusesInfos = true
        case "fail": test.failure = try match(text)
        case "warn": test.warnings.append(try match(text))
        case "info": test.infos.append(try match(text))
        case "string":
            guard let tokens = try? Lexer.tokens(of: text), tokens.count == 2,
                case .string(let value, nil) = tokens[0].kind
            else {
                throw QueryError(
                    .badData, "expected string literal not valid - check that the string is correctly quoted")
            }
            test.string = value
        case "range":
            var behind = Substring(text)
            guard ScriptParser.word(&behind) == "vector" else { throw badExpectation(line) }
            test.rangeVector = try range(&behind)
        default: throw badExpectation(line)
        }
        guard !(test.refusesWarnings && !test.warnings.isEmpty), !(test.refusesInfos && !test.infos.isEmpty)
        else {
            throw QueryError(
                .badData, "invalid expect lines, warn and no_warn, info and no_info exclude each other")
        }
    }

    private func badExpectation(_ line: String) -> QueryError {
        QueryError(
            .badData,
            "invalid expect statement \(Labels.quoted(line)), expected expect <type> [msg: <text>|regex: <pattern>]"
        )
    }

    private func match(_ text: String) throws(QueryError) -> ScriptCase.Match {
        if text.isEmpty { return .any }
        if text.hasPrefix("msg:") { return .text(ScriptParser.trim(text.dropFirst(4))) }
        guard text.hasPrefix("regex:") else { throw badExpectation(text) }
        return try pattern(ScriptParser.trim(text.dropFirst(6)))
    }

    /// A pattern that may match anywhere in a message.
    private func pattern(_ text: String) throws(QueryError) -> ScriptCase.Match {
        do {
            return .pattern(try Pattern("(?s:.*)(?:\(text))(?s:.*)"), text)
        } catch {
            throw QueryError(.badData, error.description)
        }
    }

    // MARK: - Words

    private func words(_ line: String) -> [String] {
        line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    }

    private static func word(_ text: inout Substring) -> String {
        text = text.drop { $0 == " " || $0 == "\t" }
        let word = text.prefix { $0 != " " && $0 != "\t" }
        text = text[word.endIndex...]
        return String(word)
    }

    private func duration(_ text: String) throws(QueryError) -> Duration {
        guard let duration = Duration(prometheus: text) else {
            throw QueryError(.badData, "not a valid duration string: \(Labels.quoted(text))")
        }
        return duration
    }

    private static func scalar(_ line: String) -> Double? {
        var rest = Substring(line)
        guard let value = SeriesNotation.number(&rest), rest.isEmpty else { return nil }
        return value
    }
}
