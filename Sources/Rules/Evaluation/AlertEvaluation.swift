import PromQL
import TimeSeries

/// One evaluation of an alerting rule: the elements for which its condition holds, expanded, then the alerts moved on.
struct AlertEvaluation {
    let rule: Rule
    let alerting: Rule.Alerting
    let group: RuleGroup
    let moment: Timestamp

    /// An element as it asks for an alert.
    struct Candidate {
        var labels: Labels
        var annotations: Annotations
        var value: Double
    }

    /// How many different queries the templates of one element may ask.
    static let maxTemplateQueries = 16

    // MARK: Expansion

    /// - Throws: where two elements would be one alert.
    func candidates(
        _ elements: [VectorElement], in environment: RuleEnvironment
    ) async throws(RuleFailure) -> [Candidate] {
        var answers: [String: [VectorElement]] = [:]
        var seen: Set<Labels> = []
        var result: [Candidate] = []
        for element in elements {
            var context = TemplateContext(
                labels: element.labels, value: element.number, externalLabels: environment.externalLabels,
                externalURL: environment.externalURL, now: moment, answers: answers)
            var pairs = element.labels.pairs.filter { $0.name != "__name__" }
            for label in rule.labels {
                pairs.append((label.name, await expand(label.template, &context, environment)))
            }
            pairs.append(("alertname", rule.name))
            var annotations: [(name: String, value: String)] = []
            for annotation in alerting.annotations {
                annotations.append(
                    (annotation.name, await expand(annotation.template, &context, environment)))
            }
            answers = context.answers
            let labels = Labels(pairs)
            guard seen.insert(labels).inserted else { throw .duplicateAlerts }
            result.append(
                Candidate(labels: labels, annotations: Annotations(annotations), value: element.value ?? 0))
        }
        return result
    }

    /// A failing template costs its text, never the alert.
    private func expand(
        _ template: Template, _ context: inout TemplateContext, _ environment: RuleEnvironment
    ) async -> String {
        for _ in 0...Self.maxTemplateQueries {
            do {
                return try template.expand(context)
            } catch {
                switch error {
                case .failed(let problem): return "<error expanding template: \(problem.message)>"
                case .needsAnswer(let query):
                    do throws(QueryError) {
                        let expression = try Expression.parse(query)
                        let time = moment - group.queryOffset
                        context.answers[query] = try await environment.vector(expression, at: time)
                    } catch {
                        return "<error expanding template: query \(Labels.quoted(query)): \(error.message)>"
                    }
                }
            }
        }
        return "<error expanding template: more than \(Self.maxTemplateQueries) queries>"
    }

    // MARK: Life cycle

    /// Moves the alerts on and returns the transitions. Resolved alerts are kept for `Alert.resolvedRetention`.
    func advance(
        _ alerts: inout [Labels: Alert], with candidates: [Candidate], restoration: inout AlertRestoration
    ) throws(RuleFailure) -> [AlertTransition] {
        var transitions: [AlertTransition] = []
        for candidate in candidates {
            if let known = alerts[candidate.labels], known.state != .inactive {
                alerts[candidate.labels]?.value = candidate.value
                alerts[candidate.labels]?.annotations = candidate.annotations
            } else {
                let activeAt = restoration.activeAt(
                    of: candidate.labels, at: moment, holdDuration: alerting.holdDuration)
                alerts[candidate.labels] = Alert(
                    labels: candidate.labels, annotations: candidate.annotations, value: candidate.value,
                    activeAt: activeAt)
                transitions.append(transition(candidate.labels, from: .inactive, to: .pending))
            }
        }
        let holding = Set(candidates.map(\.labels))
        for labels in alerts.keys.sorted() {
            guard let before = alerts[labels] else { continue }
            let after = holding.contains(labels) ? held(before) : notHeld(before)
            if (after?.state ?? .inactive) != before.state {
                transitions.append(transition(labels, from: before.state, to: after?.state ?? .inactive))
            }
            alerts[labels] = after
        }
        let active = alerts.values.count { $0.state != .inactive }
        if group.limit > 0, active > group.limit {
            alerts = [:]
            throw .limit(group.limit, found: active, what: "alerts")
        }
        return transitions
    }

    private func transition(_ labels: Labels, from: AlertState, to: AlertState) -> AlertTransition {
        AlertTransition(labels: labels, from: from, to: to, at: moment)
    }

    /// The condition holds.
    private func held(_ alert: Alert) -> Alert {
        var alert = alert
        alert.keepFiringSince = nil
        let isDue = moment - alert.activeAt >= alerting.holdDuration
        if alert.state == .pending, isDue {
            alert.state = .firing
            alert.firedAt = moment
        } else if alert.state == .firing, !isDue {
            // A reload made `for` longer.
            alert.state = .pending
            alert.firedAt = nil
            alert.lastSentAt = nil
        }
        return alert
    }

    /// The condition does not hold; nil where the alert is to be forgotten.
    private func notHeld(_ alert: Alert) -> Alert? {
        var alert = alert
        switch alert.state {
        case .pending: return nil
        case .inactive:
            guard let resolvedAt = alert.resolvedAt else { return nil }
            return moment - resolvedAt > Alert.resolvedRetention ? nil : alert
        case .firing:
            let since = alert.keepFiringSince ?? moment
            if alerting.keepFiringFor > .zero, moment - since < alerting.keepFiringFor {
                alert.keepFiringSince = since
            } else {
                alert.state = .inactive
                alert.resolvedAt = moment
            }
            return alert
        }
    }

    // MARK: What goes out

    /// ALERTS and ALERTS_FOR_STATE of the active alerts.
    func samples(_ alerts: [Alert]) -> [SeriesSamples] {
        let time = moment - group.queryOffset
        return alerts.filter { $0.state != .inactive }.flatMap { alert -> [SeriesSamples] in
            let pairs = alert.labels.pairs
            let state = Labels(pairs + [("__name__", "ALERTS"), ("alertstate", alert.state.rawValue)])
            let since = Labels(pairs + [("__name__", "ALERTS_FOR_STATE")])
            return [
                SeriesSamples(labels: state, samples: [Sample(time, 1)]),
                SeriesSamples(labels: since, samples: [Sample(time, alert.activeAt.seconds)]),
            ]
        }
    }

    /// What Alertmanager shall hear now; notes that it was sent.
    func notifications(
        _ alerts: inout [Labels: Alert], in environment: RuleEnvironment
    ) -> [AlertNotification] {
        let validity = max(group.interval, environment.resendDelay) * 4
        var result: [AlertNotification] = []
        for labels in alerts.keys.sorted() {
            guard let alert = alerts[labels],
                alert.needsSending(at: moment, resendDelay: environment.resendDelay)
            else { continue }
            alerts[labels]?.lastSentAt = moment
            result.append(
                AlertNotification(
                    labels: alert.labels, annotations: alert.annotations,
                    startsAt: alert.firedAt ?? alert.activeAt,
                    endsAt: alert.resolvedAt ?? moment + validity,
                    generatorURL: environment.externalURL + ExpressionLink.path(rule.query)))
        }
        return result
    }
}
