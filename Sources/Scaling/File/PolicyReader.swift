import Documents
import Fleet
import TimeSeries

/// Reads one policy out of a document, and checks everything that can be checked of it alone.
enum PolicyReader {
    static let maxCount = 1_000_000
    static let day = Duration.seconds(86_400)
    private static let nameNotation =
        "up to 63 small letters, digits, \"-\" or \".\", a letter or digit at either end"

    static func policy(
        _ node: Documents.Node, _ document: DocumentReader, _ source: ScalarSource
    ) -> ScalingPolicy? {
        document.mapping(node, "a policy") { fields -> ScalingPolicy? in
            let name = fields.require("name").flatMap { label($0, "name", document) }
            let pool = fields.scalar(
                "node_pool", expected: "a node pool's name, \(Self.nameNotation)", NodePoolID.init(_:))
            let target = fields.node(fields.has("node_pool") ? "node_pool" : "workload")
            if target == nil { fields.report("a policy needs \"workload\" or \"node_pool\"") }
            if fields.has("node_pool"), fields.has("workload") {
                fields.report("a policy is for a workload or for a node pool, not for both", at: "node_pool")
            }
            let workload = target.flatMap { node in
                document.scalar(
                    node, "workload", expected: "a workload's name, \(Self.nameNotation)", WorkloadID.init(_:)
                )
            }
            let mode = choice(fields, "mode", of: ScalingPolicy.Mode.self) ?? .active
            let bounds = fields.require("replicas").flatMap { replicas($0, document) }
            let interval = fields.duration("interval", in: .milliseconds(100)...(.seconds(3600)))
            let when = fields.node("when").flatMap { quality($0, document, isPolicy: true) } ?? Quality()
            let signals = fields.require("signals").flatMap { node -> [SignalPolicy]? in
                document.list(node, "signals") { SignalReader.signal($0, document, source, default: when) }
            }
            if let signals { checkNames(signals, fields) }
            let prediction = fields.node("predict").flatMap { PredictionReader.prediction($0, document) }
            if let prediction, let signals {
                check(prediction, signals, interval: interval ?? .seconds(15), fields)
            }
            let behaviour = fields.node("behaviour").flatMap { BehaviourReader.behaviour($0, document) }
            let combination = choice(fields, "combine", of: ScalingPolicy.Combination.self)
            let idleAfter = fields.mapping("idle") { fields in
                fields.duration("after", in: .zero...day) ?? .seconds(300)
            }
            let schedules = ScheduleReader.schedules(fields, document)
            let pauses = PauseReader.pauses(fields, document)
            let victims = fields.node("victims").flatMap { VictimReader.victims($0, document, source) }
            let sizing = fields.node("size")
            guard let name, let workload, let bounds, let signals, !signals.isEmpty else { return nil }
            var policy = ScalingPolicy(
                name: name, workload: workload, mode: mode, minReplicas: bounds.lowerBound,
                maxReplicas: bounds.upperBound, interval: interval ?? .seconds(15), signals: signals,
                prediction: prediction, behaviour: behaviour ?? ScalingBehaviour(),
                staleAfter: when.staleAfter, schedules: schedules)
            policy.nodePool = pool
            policy.pauses = pauses
            policy.combination = combination
            policy.idleAfter = idleAfter ?? (bounds.lowerBound == 0 ? .seconds(300) : nil)
            policy.partial = when.partial ?? ScalingPolicy.PartialRule(above: 0.8, scaleDown: 0.1)
            if when.ignoresPartial { policy.partial = nil }
            // What may fall to nothing is at zero often, and has its idle time instead.
            policy.suspectsZeroFor = when.zero ?? (bounds.lowerBound == 0 ? .zero : .seconds(600))
            policy.bridge = when.bridge ?? .seconds(900)
            policy.fallback = when.fallback
            policy.sizing = sizing.flatMap {
                SizingReader.sizing($0, document, source, workload: workload)
            }
            policy.victims = victims?.choice
            policy.victimQuery = victims?.query
            PolicyChecks.check(policy, fields)
            return policy
        } ?? nil
    }

    /// What `when` says.
    struct Quality {
        var staleAfter: Duration?
        var missing: ScalingPolicy.Distrust?
        var stale: ScalingPolicy.Distrust?
        var notFinite: ScalingPolicy.Distrust?
        var partial: ScalingPolicy.PartialRule?
        var ignoresPartial = false
        var zero: Duration?
        var bridge: Duration?
        var fallback: ScalingPolicy.Fallback?
    }

    /// - Parameter isPolicy: whether it is the policy's, which says more than a signal's.
    static func quality(_ node: Documents.Node, _ document: DocumentReader, isPolicy: Bool) -> Quality? {
        document.mapping(node, "when") { fields in
            var quality = Quality(
                missing: choice(fields, "missing", of: ScalingPolicy.Distrust.self),
                stale: choice(fields, "stale", of: ScalingPolicy.Distrust.self),
                notFinite: choice(fields, "not_a_number", of: ScalingPolicy.Distrust.self))
            guard isPolicy else { return quality }
            quality.staleAfter = fields.duration("stale_after", in: .milliseconds(100)...(.seconds(3600)))
            quality.zero = fields.duration("zero", in: .zero...day)
            quality.bridge = fields.duration("bridge", in: .zero...day)
            quality.fallback =
                fields.mapping("fallback") { fields -> ScalingPolicy.Fallback? in
                    let after = fields.duration("after", in: .zero...day) ?? .seconds(180)
                    guard fields.require("replicas") != nil,
                        let replicas = fields.integer("replicas", in: 0...maxCount)
                    else { return nil }
                    return ScalingPolicy.Fallback(replicas: replicas, after: after)
                } ?? nil
            if let node = fields.node("partial") {
                if node.text == "ignore" {
                    quality.ignoresPartial = true
                } else if node.text == "hold" {
                    quality.partial = ScalingPolicy.PartialRule(above: 1, scaleDown: 0)
                } else if let text = node.text {
                    fields.report(
                        "partial must be \"hold\", \"ignore\" or { above: 80%, scale_down: 10% }, found \"\(text)\"",
                        at: "partial")
                } else {
                    quality.partial = document.mapping(node, "partial") { fields in
                        ScalingPolicy.PartialRule(
                            above: fields.share("above", in: 0...1) ?? 0.8,
                            scaleDown: fields.share("scale_down", in: 0...1) ?? 0.1)
                    }
                }
            }
            return quality
        }
    }

    private static func replicas(_ node: Documents.Node, _ document: DocumentReader) -> ClosedRange<Int>? {
        document.mapping(node, "replicas") { fields -> ClosedRange<Int>? in
            let lowest = fields.integer("min", in: 0...maxCount) ?? (fields.has("min") ? nil : 1)
            guard fields.require("max") != nil, let highest = fields.integer("max", in: 1...maxCount),
                let lowest
            else { return nil }
            guard lowest <= highest else {
                fields.report("min \(lowest) is above max \(highest)", at: "min")
                return nil
            }
            return lowest...highest
        } ?? nil
    }

    /// A name that may stand in a metric's label, a path and a command line.
    static func label(_ node: Documents.Node, _ what: String, _ document: DocumentReader) -> String? {
        document.scalar(node, what, expected: "1 to 63 letters, digits, \"-\" or \"_\"") { text in
            let isLabel =
                (1...63).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
            return isLabel ? text : nil
        }
    }

    static func choice<Choice: RawRepresentable & CaseIterable>(
        _ fields: FieldReader, _ key: String, of type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        let all = Choice.allCases.map { "\"\($0.rawValue)\"" }
        return fields.scalar(key, expected: all.joined(separator: " or "), Choice.init(rawValue:))
    }

    private static func checkNames(_ signals: [SignalPolicy], _ fields: FieldReader) {
        if case .sequence(let items) = fields.node("signals")?.content, items.isEmpty {
            fields.report("a policy needs at least one signal", at: "signals")
        }
        var seen: Set<String> = []
        for signal in signals where !seen.insert(signal.name).inserted {
            fields.report("two signals are named \"\(signal.name)\"", at: "signals")
        }
    }

    private static func check(
        _ prediction: Prediction, _ signals: [SignalPolicy], interval: Duration, _ fields: FieldReader
    ) {
        let step = ForecastKey.step(prediction, interval: interval)
        if prediction.history < step * SignalForecast.leastValues {
            fields.report(
                "a history of \(prediction.history.prometheusText) has fewer than the "
                    + "\(SignalForecast.leastValues) values that a model needs, \(step.prometheusText) apart: it has to "
                    + "be longer, or step shorter", at: "predict")
        }
        for season in prediction.seasons ?? [] where season < step * 2 || season * 2 > prediction.history {
            fields.report(
                "a season of \(season.prometheusText) has to be of two steps (\(step.prometheusText)) or more, and to "
                    + "come twice within the history of \(prediction.history.prometheusText)", at: "predict")
        }
        guard let signal = signals.first(where: { $0.name == prediction.signal }) else {
            let known = signals.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return fields.report("no signal \"\(prediction.signal)\"; known are \(known)", at: "predict")
        }
        guard case .perReplica = signal.target else {
            return fields.report(
                "\"\(signal.name)\" cannot be predicted: only a total with \"per_replica\" keeps its meaning while "
                    + "the count changes", at: "predict")
        }
    }
}

extension FieldReader {
    /// A duration within a range.
    func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        let expected =
            "a duration such as 30s, 5m or 14d, from \(range.lowerBound.prometheusText) to "
            + range.upperBound.prometheusText
        return scalar(key, expected: expected) { text in
            Duration(prometheus: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A share written as a percentage.
    func share(_ key: String, in range: ClosedRange<Double>) -> Double? {
        let unit = SignalPolicy.Unit.share
        let expected = "a percentage from \(unit.text(range.lowerBound)) to \(unit.text(range.upperBound))"
        return scalar(key, expected: expected) { text in
            guard let quantity = Quantity(text), quantity.unit == .share, range.contains(quantity.value)
            else {
                return nil
            }
            return quantity.value
        }
    }
}
