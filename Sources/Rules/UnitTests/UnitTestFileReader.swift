import Documents
import PromQL
import TimeSeries

/// Reads a rule unit test file.
struct UnitTestFileReader {
    let document: DocumentReader

    func file(_ root: Node) -> UnitTestFile? {
        document.mapping(root, "a rule unit test file") { fields in
            let interval = duration("evaluation_interval", fields) ?? .zero
            let evaluationInterval = interval > .zero ? interval : .seconds(60)
            let order = fields.strings("group_eval_order") ?? []
            if let index = order.indices.first(where: { order[..<$0].contains(order[$0]) }) {
                fields.report(
                    "group name repeated in evaluation order: \(order[index])", at: "group_eval_order")
            }
            var index = -1
            return UnitTestFile(
                ruleFiles: fields.strings("rule_files") ?? [], evaluationInterval: evaluationInterval,
                groupOrder: order, isFuzzy: fields.bool("fuzzy_compare") ?? false,
                tests: fields.list("tests") { node in
                    index += 1
                    return test(node, index, evaluationInterval)
                } ?? [])
        }
    }

    private func duration(_ key: String, _ fields: FieldReader) -> Duration? {
        fields.scalar(key, expected: "a duration such as 30s or 1h30m") { Duration(prometheus: $0) }
    }

    private func test(_ node: Node, _ index: Int, _ evaluationInterval: Duration) -> UnitTestFile.Test? {
        document.mapping(node, "a test") { fields in
            let interval = duration("interval", fields) ?? .zero
            let external = fields.stringMap("external_labels") ?? []
            return UnitTestFile.Test(
                name: fields.string("name") ?? "test \(index + 1)",
                interval: interval > .zero ? interval : evaluationInterval,
                start: start(fields) ?? Timestamp(milliseconds: 0),
                series: fields.list("input_series", series) ?? [],
                alerts: fields.list("alert_rule_test", alertCase) ?? [],
                expressions: fields.list("promql_expr_test", expressionCase) ?? [],
                externalLabels: Labels(external.map { (name: $0.key, value: $0.value) }),
                externalURL: fields.string("external_url") ?? "", position: node.position)
        }
    }

    private func start(_ fields: FieldReader) -> Timestamp? {
        fields.scalar(
            "start_timestamp", expected: "seconds since 1970 or a time such as 2024-01-01T00:00:00Z"
        ) {
            RFC3339.parse($0) ?? Double($0).flatMap { Timestamp(seconds: $0) }
        }
    }

    private func series(_ node: Node) -> SeriesNotation? {
        document.mapping(node, "an input series") { fields -> SeriesNotation? in
            let name = fields.requiredString("series")
            let values = fields.string("values") ?? ""
            guard let name else { return nil }
            do throws(QueryError) {
                return try SeriesNotation(name + " " + values)
            } catch {
                fields.report(error.message, at: "series")
                return nil
            }
        } ?? nil
    }

    private func alertCase(_ node: Node) -> UnitTestFile.AlertCase? {
        document.mapping(node, "an alert test") { fields in
            let name = fields.requiredString("alertname") ?? ""
            let expected = fields.list("exp_alerts") { node in
                document.mapping(node, "an expected alert") { fields in
                    UnitTestFile.ExpectedAlert(
                        labels: labels("exp_labels", fields).setting("alertname", to: name),
                        annotations: labels("exp_annotations", fields))
                }
            }
            return UnitTestFile.AlertCase(
                time: duration("eval_time", fields) ?? .zero, alertName: name, expected: expected ?? [],
                position: node.position)
        }
    }

    private func labels(_ key: String, _ fields: FieldReader) -> Labels {
        Labels((fields.stringMap(key) ?? []).map { (name: $0.key, value: $0.value) })
    }

    private func expressionCase(_ node: Node) -> UnitTestFile.ExpressionCase? {
        document.mapping(node, "an expression test") { fields in
            UnitTestFile.ExpressionCase(
                expression: fields.requiredString("expr") ?? "",
                time: duration("eval_time", fields) ?? .zero,
                expected: fields.list("exp_samples", expectedSample) ?? [], position: node.position)
        }
    }

    private func expectedSample(_ node: Node) -> UnitTestFile.ExpectedSample? {
        document.mapping(node, "an expected sample") { fields -> UnitTestFile.ExpectedSample? in
            let text = fields.string("labels") ?? ""
            let value = fields.scalar("value", expected: "a number") {
                GoNumber.parse($0.replacing(".inf", with: "Inf").replacing(".nan", with: "NaN"))
            }
            let histogram = fields.string("histogram") ?? ""
            do throws(QueryError) {
                let labels = text.isEmpty ? Labels.empty : try SeriesNotation.labels(text)
                guard !histogram.isEmpty else { return .init(labels: labels, number: .float(value ?? 0)) }
                let notation = try SeriesNotation("x " + histogram)
                guard case .histogram(let expected, _)? = notation.values.first else { return nil }
                return .init(labels: labels, number: .histogram(expected))
            } catch {
                fields.report(error.message, at: text.isEmpty ? "histogram" : "labels")
                return nil
            }
        } ?? nil
    }
}
