import PromQL
package import TimeSeries

extension RuleGroup {
    /// Evaluates the rules in their order, each after what those before it recorded was handed to the sink.
    ///
    /// A failing rule fails alone: its last recorded values are marked stale, its alerts stay as they are.
    package func evaluate(
        at moment: Timestamp, in environment: RuleEnvironment, state: inout RuleGroupState
    ) async -> GroupOutcome {
        let start = environment.clock.uptime
        if state.restoration.isNeeded { await state.restoration.load(self, at: moment, in: environment) }
        state.restoration.begin(at: moment)
        state.iterations += 1
        var outcome = GroupOutcome()
        for index in rules.indices where !Task.isCancelled {
            await evaluate(rules[index], index, at: moment, in: environment, &state, &outcome)
        }
        markOrphansStale(at: moment, in: environment, &state)
        state.lastEvaluation = moment
        state.evaluationTime = environment.clock.uptime - start
        state.lastSamples = outcome.samples
        return outcome
    }

    private func evaluate(
        _ rule: Rule, _ index: Int, at moment: Timestamp, in environment: RuleEnvironment,
        _ state: inout RuleGroupState, _ outcome: inout GroupOutcome
    ) async {
        let start = environment.clock.uptime
        state.evaluations += 1
        var samples: [SeriesSamples] = []
        var failure: RuleFailure?
        do throws(RuleFailure) {
            samples = try await yield(of: rule, index, at: moment, in: environment, &state, &outcome)
        } catch {
            failure = error
        }
        if failure?.isCancellation == true { return }
        var problem = failure?.message
        if failure == nil || !rule.isAlerting {
            problem = append(samples, at: moment, in: environment, &state.rules[index]) ?? problem
        }
        if failure == nil { outcome.samples += samples.count }
        if let problem {
            state.failures += 1
            outcome.failures.append(GroupOutcome.Failure(rule: rule.name, message: problem))
        }
        state.rules[index].health = problem == nil ? .ok : .err
        state.rules[index].lastError = problem
        state.rules[index].lastEvaluation = moment
        state.rules[index].evaluationTime = environment.clock.uptime - start
    }

    /// The samples of a rule; of an alerting rule its alerts are moved on as well.
    private func yield(
        of rule: Rule, _ index: Int, at moment: Timestamp, in environment: RuleEnvironment,
        _ state: inout RuleGroupState, _ outcome: inout GroupOutcome
    ) async throws(RuleFailure) -> [SeriesSamples] {
        let time = moment - queryOffset
        let elements: [VectorElement]
        do {
            elements = try await environment.vector(rule.expression, at: time)
        } catch {
            throw .query(error)
        }
        guard case .alerting(let alerting) = rule.kind else {
            return try rule.record(elements, at: time, limit: limit)
        }
        let evaluation = AlertEvaluation(rule: rule, alerting: alerting, group: self, moment: moment)
        let candidates = try await evaluation.candidates(elements, in: environment)
        outcome.transitions += try evaluation.advance(
            &state.rules[index].alerts, with: candidates, restoration: &state.restoration)
        outcome.notifications += evaluation.notifications(&state.rules[index].alerts, in: environment)
        return evaluation.samples(state.rules[index].orderedAlerts)
    }

    /// Hands samples to the sink, and stale markers for what the rule no longer yields; returns what was refused.
    private func append(
        _ samples: [SeriesSamples], at moment: Timestamp, in environment: RuleEnvironment,
        _ state: inout RuleState
    ) -> String? {
        let report = samples.isEmpty ? AppendReport() : environment.sink.append(samples)
        let series = Set(samples.map(\.labels))
        markStale(state.series.subtracting(series), at: moment, in: environment)
        state.series = series
        guard report.rejected > 0 else { return nil }
        let reasons = [
            ("out of order", report.outOfOrder), ("too old", report.tooOld),
            ("with another value at the same time", report.duplicate),
            (report.refusal ?? "above a limit", report.limited),
        ].filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        return "\(report.rejected) of \(samples.count) samples refused: " + reasons.joined(separator: ", ")
    }

    /// Refusals are expected here: another rule may have taken over the series.
    private func markStale(_ series: Set<Labels>, at moment: Timestamp, in environment: RuleEnvironment) {
        guard !series.isEmpty else { return }
        let marker = Sample(moment - queryOffset, Marker.stale)
        _ = environment.sink.append(series.sorted().map { SeriesSamples(labels: $0, samples: [marker]) })
    }

    private func markOrphansStale(
        at moment: Timestamp, in environment: RuleEnvironment, _ state: inout RuleGroupState
    ) {
        let alive = state.rules.reduce(into: Set<Labels>()) { $0.formUnion($1.series) }
        markStale(state.orphans.subtracting(alive), at: moment, in: environment)
        state.orphans = []
    }
}
