package import PromQL
package import TimeSeries

/// A recording or an alerting rule as it was written, checked. Two rules are equal where they do the same.
package struct Rule: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case recording
        case alerting(Alerting)
    }

    /// What only an alerting rule has.
    package struct Alerting: Hashable, Sendable {
        /// How long the condition must hold before the alert fires.
        package var holdDuration: Duration
        /// How long it goes on firing after the condition ended.
        package var keepFiringFor: Duration
        package var annotations: [Text]

        package init(
            holdDuration: Duration = .zero, keepFiringFor: Duration = .zero, annotations: [Text] = []
        ) {
            self.holdDuration = holdDuration
            self.keepFiringFor = keepFiringFor
            self.annotations = annotations
        }
    }

    /// A named text: of a label or an annotation. In recording rules nothing in it is expanded.
    package struct Text: Hashable, Sendable {
        package var name: String
        package var template: Template

        package init(name: String, template: Template) {
            self.name = name
            self.template = template
        }
    }

    package var kind: Kind
    /// The series that is recorded, or the alert's name.
    package var name: String
    package var expression: Expression
    /// Ordered by name; those of the group are among them.
    package var labels: [Text]

    package init(kind: Kind, name: String, expression: Expression, labels: [Text] = []) {
        self.kind = kind
        self.name = name
        self.expression = expression
        self.labels = labels
    }

    /// PromQL in its canonical form.
    package var query: String { expression.description }

    /// The labels as written.
    package var labelTexts: Labels { Labels(labels.map { (name: $0.name, value: $0.template.text) }) }

    package var isAlerting: Bool { if case .alerting = kind { true } else { false } }
}
