package import PromQL
package import TimeSeries

/// What a template may see: the alert at hand, the server's names, and answers to its queries.
package struct TemplateContext: Sendable {
    package var labels: Labels
    package var value: VectorElement.Number
    package var externalLabels: Labels
    /// Where people reach this server, without a slash at the end.
    package var externalURL: String
    /// For the function `now`.
    package var now: Timestamp
    /// Results of `query`, by its text.
    package var answers: [String: [VectorElement]]

    package init(
        labels: Labels, value: VectorElement.Number, externalLabels: Labels = .empty,
        externalURL: String = "",
        now: Timestamp, answers: [String: [VectorElement]] = [:]
    ) {
        self.labels = labels
        self.value = value
        self.externalLabels = externalLabels
        self.externalURL = externalURL
        self.now = now
        self.answers = answers
    }

    /// The value of `.`.
    var root: TemplateValue {
        .record([
            .init(name: "Labels", value: TemplateValue(labels)),
            .init(name: "ExternalLabels", value: TemplateValue(externalLabels)),
            .init(name: "ExternalURL", value: .string(externalURL)),
            .init(name: "Value", value: TemplateValue(value)),
        ])
    }

    /// The variables that Prometheus declares in front of every template.
    static let variableNames = ["$", "$labels", "$externalLabels", "$externalURL", "$value"]

    var variables: [(name: String, value: TemplateValue)] {
        [
            ("$", root), ("$labels", TemplateValue(labels)),
            ("$externalLabels", TemplateValue(externalLabels)),
            ("$externalURL", .string(externalURL)), ("$value", TemplateValue(value)),
        ]
    }
}
