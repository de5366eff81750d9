import Documents
import Fleet
import PromQL
import TimeSeries

/// Reads `schedules`.
enum ScheduleReader {
    static let mostSchedules = 100

    /// Nil where there are none.
    static func schedules(_ fields: FieldReader, _ document: DocumentReader) -> [ScalingSchedule]? {
        let schedules = fields.list("schedules") { schedule($0, document) } ?? []
        if schedules.count > mostSchedules {
            fields.report("at most \(mostSchedules) schedules are allowed", at: "schedules")
        }
        var seen: Set<String> = []
        for schedule in schedules where !seen.insert(schedule.name).inserted {
            fields.report("two schedules are named \"\(schedule.name)\"", at: "schedules")
        }
        return schedules.isEmpty ? nil : schedules
    }

    private static func schedule(_ node: Documents.Node, _ document: DocumentReader) -> ScalingSchedule? {
        document.mapping(node, "a schedule") { fields -> ScalingSchedule? in
            let name = fields.require("name").flatMap { PolicyReader.label($0, "name", document) }
            let zone =
                fields.scalar(
                    "zone", expected: "a time zone such as Europe/Berlin, or UTC"
                ) { ZoneTable($0)?.name } ?? "UTC"
            let times = fields.has("cron") ? cron(fields) : daily(fields)
            let counts = 0...PolicyReader.maxCount
            let least = fields.integer("min", in: counts)
            let most = fields.integer("max", in: counts)
            let exactly = fields.integer("replicas", in: counts)
            if exactly != nil ? least != nil || most != nil : least == nil && most == nil {
                fields.report("a schedule needs \"min\", \"max\" or both, or \"replicas\" alone")
            }
            if let least, let most, least > most {
                fields.report("min \(least) is above max \(most)", at: "min")
            }
            guard let name, let times else { return nil }
            return ScalingSchedule(
                name: name, times: times, zone: zone, least: least, most: most, exactly: exactly)
        } ?? nil
    }

    private static func cron(_ fields: FieldReader) -> ScalingSchedule.Times? {
        for key in ["days", "from", "to"] where fields.has(key) {
            fields.report("\"\(key)\" does not go with \"cron\"", at: key)
        }
        let cron = fields.scalar(
            "cron", expected: "five fields such as \"30 7 * * mon-fri\"", CronExpression.init(_:))
        if cron?.comes == false {
            fields.report("none of its months has such a day: it never comes", at: "cron")
        }
        guard fields.require("for") != nil,
            let lasts = fields.duration("for", in: .seconds(60)...(.seconds(31 * 86_400))), let cron
        else { return nil }
        return .cron(cron, lasts: lasts)
    }

    private static func daily(_ fields: FieldReader) -> ScalingSchedule.Times? {
        if fields.has("for") { fields.report("\"for\" belongs to \"cron\"", at: "for") }
        let days =
            fields.has("days")
            ? fields.scalar("days", expected: "days such as mon-fri or sat,sun", CronExpression.weekdays)
            : Array(0...6)
        func time(_ key: String) -> Int? {
            guard fields.require(key) != nil else { return nil }
            return fields.scalar(key, expected: "a time of day such as \"07:30\", in quotes", minutes)
        }
        // Both are read, so that both are known.
        let from = time("from")
        let to = time("to")
        guard let from, let to, let days else { return nil }
        return .daily(days: days, from: from, to: to)
    }

    /// `07:30`; `24:00` ends a day.
    private static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24 || (hour == 24 && minute == 0),
            minute < 60
        else { return nil }
        return hour * 60 + minute
    }
}

/// Reads `victims`.
enum VictimReader {
    /// The choices that need no query.
    static let plain = VictimChoice.allCases.filter { $0 != .least }.map(\.rawValue)

    static func victims(
        _ node: Documents.Node, _ document: DocumentReader, _ source: ScalarSource
    ) -> (choice: VictimChoice, query: String?)? {
        if node.text != nil {
            let expected =
                plain.joined(separator: ", ") + ", or { least: QUERY } with numbers by the label replica"
            return document.scalar(node, "victims", expected: expected) { text in
                VictimChoice(rawValue: text).flatMap { $0 == .least ? nil : ($0, nil) }
            }
        }
        return document.mapping(node, "victims") { fields in
            fields.require("least").flatMap { SignalReader.query($0, document, source) }
                .map { (VictimChoice.least, $0) }
        } ?? nil
    }
}

/// What only a whole policy shows.
enum PolicyChecks {
    static func check(_ policy: ScalingPolicy, _ fields: FieldReader) {
        checkZero(policy, fields)
        checkCombination(policy, fields)
        checkSchedules(policy, fields)
        checkPool(policy, fields)
        if let fallback = policy.fallback, fallback.replicas > policy.maxReplicas {
            fields.report(
                "the fallback of \(fallback.replicas) replicas is above max \(policy.maxReplicas)", at: "when"
            )
        }
        for signal in policy.signals {
            guard let source = signal.learnsFrom else { continue }
            guard case .objective? = policy.signal(source)?.target else {
                fields.report(
                    "\"\(signal.name)\" learns from \"\(source)\", which must be a signal with an objective",
                    at: "signals")
                continue
            }
            if policy.signals.count(where: { $0.learnsFrom != nil }) > 1 {
                return fields.report("only one signal of a policy can be learned", at: "signals")
            }
        }
    }

    private static func checkPool(_ policy: ScalingPolicy, _ fields: FieldReader) {
        guard policy.nodePool != nil else { return }
        for key in ["size", "victims"] where fields.has(key) {
            fields.report("\"\(key)\" is about replicas, and nodes of a pool have none of it", at: key)
        }
    }

    private static func checkZero(_ policy: ScalingPolicy, _ fields: FieldReader) {
        guard policy.minReplicas == 0 else {
            if policy.idleAfter != nil {
                fields.report("\"idle\" needs \"replicas: { min: 0, ... }\"", at: "idle")
            }
            for signal in policy.signals where signal.activation != nil {
                fields.report(
                    "\"\(signal.name)\" has an activation, which needs \"replicas: { min: 0, ... }\"",
                    at: "signals")
            }
            return
        }
        if !policy.signals.contains(where: \.target.existsWithoutReplicas) {
            fields.report(
                "with \"min: 0\" a signal is needed that exists without replicas: per_replica, drain_rate or steps",
                at: "replicas")
        }
    }

    /// What would be clamped is a mistake: the bounds or the schedule are not what was meant.
    private static func checkSchedules(_ policy: ScalingPolicy, _ fields: FieldReader) {
        let bounds = policy.minReplicas...policy.maxReplicas
        for schedule in policy.schedules ?? [] {
            for (key, count) in [
                ("min", schedule.least), ("max", schedule.most), ("replicas", schedule.exactly),
            ] {
                guard let count, !bounds.contains(count) else { continue }
                fields.report(
                    "\"\(key): \(count)\" of the schedule \"\(schedule.name)\" is outside of \"replicas\", which is "
                        + "\(bounds.lowerBound) to \(bounds.upperBound)", at: "schedules")
            }
        }
    }

    private static func checkCombination(_ policy: ScalingPolicy, _ fields: FieldReader) {
        for signal in policy.signals where signal.weight != nil && policy.combination != .mean {
            fields.report(
                "\"\(signal.name)\" has a weight, which needs \"combine: mean\"", at: "signals")
        }
    }
}
