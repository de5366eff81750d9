import Documents
import PromQL
import TimeSeries

/// Reads the tree of a rule file. What is wrong goes to the document reader with its place.
final class RuleFileReader {
    private let document: DocumentReader
    private let options: RuleFile.Options
    private let source: ScalarSource
    private var written: [String: Position] = [:]
    private(set) var duplicates: [Problem] = []

    init(document: DocumentReader, options: RuleFile.Options, source: ScalarSource) {
        self.document = document
        self.options = options
        self.source = source
    }

    func groups(_ root: Node) -> [RuleGroup]? {
        document.mapping(root, "a rule file") { fields -> [RuleGroup] in
            acceptUnknown(fields)
            var names: Set<String> = []
            return fields.list("groups") { node in self.group(node, &names) } ?? []
        }
    }

    private func acceptUnknown(_ fields: FieldReader) {
        if options.ignoresUnknownKeys { _ = fields.all }
    }

    private func group(_ node: Node, _ names: inout Set<String>) -> RuleGroup? {
        document.mapping(node, "a rule group") { fields in
            acceptUnknown(fields)
            let name = fields.string("name") ?? ""
            if name.isEmpty {
                fields.report("a rule group needs a name that is not empty")
            } else if !names.insert(name).inserted {
                fields.report("group name \"\(name)\" is repeated in the same file", at: "name")
            }
            let labels = texts("labels", "label", fields)
            let interval = duration("interval", fields) ?? .zero
            return RuleGroup(
                name: name, file: document.file,
                interval: interval > .zero ? interval : options.interval,
                queryOffset: duration("query_offset", fields) ?? options.queryOffset,
                limit: fields.integer("limit", in: Int.min...Int.max) ?? 0,
                rules: fields.list("rules") { self.rule($0, groupLabels: labels) } ?? [])
        } ?? nil
    }

    /// A key of a mapping with its text and its place.
    private struct Pair {
        var name: String
        var node: Node
        var text: String
    }

    /// The pairs of `labels` or `annotations`, names checked.
    private func texts(_ key: String, _ what: String, _ fields: FieldReader) -> [Pair] {
        let pairs = fields.mapping(key) { inner in
            inner.all.compactMap { pair -> Pair? in
                guard let name = document.string(pair.key, "the name of a \(what)"),
                    let text = document.string(pair.value, "\(what) \(name)")
                else { return nil }
                if name.isEmpty || (what == "label" && name == "__name__") {
                    document.report("invalid \(what) name \"\(name)\"", at: pair.key.position)
                }
                return Pair(name: name, node: pair.value, text: text)
            }
        }
        return (pairs ?? []).sorted { Labels.precedes($0.name, $1.name) }
    }

    private func duration(_ key: String, _ fields: FieldReader) -> Duration? {
        fields.scalar(key, expected: "a duration such as 30s or 1h30m") { Duration(prometheus: $0) }
    }

    private func rule(_ node: Node, groupLabels: [Pair]) -> Rule? {
        document.mapping(node, "a rule") { fields -> Rule? in
            acceptUnknown(fields)
            let record = fields.string("record") ?? ""
            let alert = fields.string("alert") ?? ""
            let hold = duration("for", fields) ?? .zero
            let keep = duration("keep_firing_for", fields) ?? .zero
            let own = texts("labels", "label", fields)
            let annotations = texts("annotations", "annotation", fields)
            if record.isEmpty == alert.isEmpty {
                fields.report(
                    record.isEmpty
                        ? "a rule needs \"record\" or \"alert\""
                        : "a rule is either \"record\" or \"alert\", not both; make two rules of it",
                    at: record.isEmpty ? nil : "alert")
            }
            if !record.isEmpty {
                checkRecording(record, fields, hold: hold, keep: keep, annotations: annotations)
            }
            let expression = expression(fields)
            let isAlert = !alert.isEmpty
            let labels = groupLabels.filter { pair in !own.contains { $0.name == pair.name } } + own
            let labelTexts = labels.map { text($0, isTemplate: isAlert) }
                .sorted { Labels.precedes($0.name, $1.name) }
            let annotationTexts = annotations.map { text($0, isTemplate: isAlert) }
            guard let expression else { return nil }
            let kind: Rule.Kind =
                isAlert
                ? .alerting(
                    Rule.Alerting(holdDuration: hold, keepFiringFor: keep, annotations: annotationTexts))
                : .recording
            let rule = Rule(
                kind: kind, name: isAlert ? alert : record, expression: expression, labels: labelTexts)
            noteDuplicate(rule, fields.position)
            return rule
        } ?? nil
    }

    private func checkRecording(
        _ record: String, _ fields: FieldReader, hold: Duration, keep: Duration, annotations: [Pair]
    ) {
        if !annotations.isEmpty { fields.report("a recording rule has no annotations", at: "annotations") }
        if hold != .zero { fields.report("a recording rule has no \"for\"; that is for alerts", at: "for") }
        if keep != .zero {
            fields.report(
                "a recording rule has no \"keep_firing_for\"; that is for alerts", at: "keep_firing_for")
        }
        if record.contains("{") || record.contains("}") {
            fields.report(
                "invalid name of a recording rule: \(record); braces belong to \"expr\", labels to \"labels\"",
                at: "record")
        }
    }

    private func expression(_ fields: FieldReader) -> Expression? {
        guard let node = fields.node("expr"), let text = node.text, !text.isEmpty else {
            if let node = fields.node("expr"), node.text == nil {
                document.report("expr must be a PromQL expression, found \(node.kindName)", at: node.position)
            } else {
                fields.report("a rule needs \"expr\", a PromQL expression")
            }
            return nil
        }
        do {
            return try Expression.parse(text, features: options.features)
        } catch {
            let place = place(in: node, text, line: error.line ?? 1, byteColumn: error.column ?? 1)
            document.report("could not parse expression: \(error.message)", at: place)
            return nil
        }
    }

    /// The place in the file of a line and a column that is counted in bytes.
    private func place(in node: Node, _ text: String, line: Int, byteColumn: Int) -> Position {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else {
            return source.position(in: node, line: line, column: 1)
        }
        let before = String(decoding: lines[line - 1].utf8.prefix(max(0, byteColumn - 1)), as: UTF8.self)
        let beyond = max(0, byteColumn - 1 - lines[line - 1].utf8.count)
        let column = before.unicodeScalars.count + beyond + 1
        return source.position(in: node, line: line, column: column)
    }

    private func text(_ pair: Pair, isTemplate: Bool) -> Rule.Text {
        guard isTemplate else { return Rule.Text(name: pair.name, template: Template(verbatim: pair.text)) }
        do {
            return Rule.Text(name: pair.name, template: try Template(pair.text))
        } catch {
            let place = source.position(in: pair.node, line: error.line, column: error.column)
            document.report("template of \(pair.name): \(error.message)", at: place)
            return Rule.Text(name: pair.name, template: Template(verbatim: pair.text))
        }
    }

    private func noteDuplicate(_ rule: Rule, _ position: Position) {
        let identity = (rule.isAlerting ? "alert " : "record ") + rule.name + rule.labelTexts.description
        if let first = written[identity] {
            let message =
                "\(identity) stands at line \(first.line) already; give it other labels or delete it"
            duplicates.append(Problem(file: document.file, position: position, message: message))
        } else {
            written[identity] = position
        }
    }
}
