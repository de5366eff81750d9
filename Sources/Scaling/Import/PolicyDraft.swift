import Documents
import TimeSeries

/// A policy in the making, as text for a file. Only what differs from a default is written.
struct PolicyDraft {
    struct Signal {
        var name: String
        var query: String
        /// Keys behind the query, such as `per_replica: 50`.
        var settings: [String]
        /// As `steps` has them.
        private(set) var steps: [String] = []
        /// Whether it says that there is something to do, where nothing may be kept: what replicas use does not.
        var tellsOfWork = true

        /// Whether it says something where there is no replica.
        var existsWithoutReplicas: Bool {
            !steps.isEmpty || settings.contains { $0.hasPrefix("per_replica") }
        }

        /// Steps that add come first, and of one direction the farther bound, so that each may apply; false where there is
        /// one for this very bound.
        mutating func add(step text: String) -> Bool {
            guard let new = SignalPolicy.Step.parse(text)?.step else { return false }
            let known = steps.compactMap { SignalPolicy.Step.parse($0)?.step }
            guard !known.contains(where: { $0.condition == new.condition }) else { return false }
            let place = known.firstIndex { new.adds != $0.adds ? new.adds : $0.covers(new) } ?? known.count
            steps.insert(text, at: place)
            return true
        }

        /// A policy needs a signal; one that asks for nothing lets schedules decide.
        static let nothing = Signal(name: "nothing", query: "vector(0)", settings: ["per_replica: 1"])

        private var hasActivation: Bool { settings.contains { $0.hasPrefix("activation") } }

        /// Means are active above 0 here only where that is written.
        mutating func writeActivation() {
            if tellsOfWork, !existsWithoutReplicas, !hasActivation { settings.append("activation: 0") }
        }
    }

    struct Direction {
        var settings: [String] = []

        var window: String? {
            settings.first { $0.hasPrefix("window: ") }.map { String($0.dropFirst("window: ".count)) }
        }
    }

    struct Fallback: Hashable {
        var replicas: Int
        var seconds: Int
    }

    var name: String
    var workload: String
    /// Whether the count is that of a pool's nodes.
    var isNodePool = false
    var mode = ScalingPolicy.Mode.active
    var least: Int
    var most: Int
    var interval: String?
    var signals: [Signal] = []
    var combination: String?
    var idleAfter: String?
    var schedules: [String] = []
    var prediction: String?
    var up = Direction()
    var down = Direction()
    var fallback: Fallback?
    var staleAfter: String?
    var bridge: String?
    /// For Nomad, whose tolerance is one for both directions.
    var tolerance = "1%"
    /// Where it comes from, for the comment above.
    var origin: String
    /// What has no equivalent, for comments above.
    var notes: [String] = []

    /// An item of `policies`.
    var text: String {
        var lines = ["# From \(origin)."]
        lines += notes.map { "# " + $0 }
        lines += ["- name: \(name)", "  \(isNodePool ? "node_pool" : "workload"): \(workload)"]
        if mode != .active { lines.append("  mode: \(mode.rawValue)") }
        lines.append("  replicas: { min: \(least), max: \(most) }")
        if let interval { lines.append("  interval: \(interval)") }
        lines.append("  signals:")
        for signal in signals {
            lines.append("  - name: \(signal.name)")
            lines.append("    query: \(Self.quoted(signal.query))")
            if !signal.steps.isEmpty {
                lines.append("    steps: [ \(signal.steps.map { "'\($0)'" }.joined(separator: ", ")) ]")
            }
            lines += signal.settings.map { "    " + $0 }
        }
        if let combination { lines.append("  combine: \(combination)") }
        if let idleAfter { lines.append("  idle: { after: \(idleAfter) }") }
        if !schedules.isEmpty { lines += ["  schedules:"] + schedules.map { "  - " + $0 } }
        if let prediction { lines.append("  predict: \(prediction)") }
        let directions = [("scale_up", up), ("scale_down", down)].filter { !$0.1.settings.isEmpty }
        if !directions.isEmpty {
            lines.append("  behaviour:")
            for (key, direction) in directions {
                lines.append("    \(key): { \(direction.settings.joined(separator: ", ")) }")
            }
        }
        let when = [
            staleAfter.map { "stale_after: \($0)" },
            fallback.map { "fallback: { replicas: \($0.replicas), after: \($0.seconds)s }" },
            bridge.map { "bridge: \($0)" },
        ].compactMap { $0 }
        if !when.isEmpty { lines.append("  when: { \(when.joined(separator: ", ")) }") }
        return lines.joined(separator: "\n") + "\n"
    }

    static func quoted(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map {
            String($0.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: " ")
        return "'" + line.replacing("'", with: "''") + "'"
    }

    /// Letters, digits, `-` and `_`, at most 63; never empty.
    static func label(_ text: String) -> String {
        let label = text.unicodeScalars.map { scalar -> Character in
            let isAllowed =
                scalar.isASCII
                && (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                    || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "_")
            return isAllowed ? Character(scalar) : "-"
        }
        return label.isEmpty ? "signal" : String(label.prefix(63))
    }

    /// The name of a workload or pool: small letters, digits, `-` and `.`, a letter or digit at either end.
    static func target(_ text: String, _ log: ImportLog, _ node: Documents.Node?) -> String {
        let mapped = text.lowercased().unicodeScalars.map { scalar -> Character in
            let isAllowed =
                ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "." || scalar == "-"
            return isAllowed ? Character(scalar) : "-"
        }
        func isEnd(_ character: Character) -> Bool { character == "-" || character == "." }
        var name = mapped.drop(while: isEnd).prefix(63)
        while let last = name.last, isEnd(last) { name.removeLast() }
        let target = name.isEmpty ? "target" : String(name)
        if target != text {
            log.note(
                "\"\(text)\" is no name here: it is called \"\(target)\", and its series have to be", node)
        }
        return target
    }

    /// A count of replicas within the policy's own bounds, which no schedule leaves.
    func bounded(_ count: Int, _ what: String, _ log: ImportLog, _ node: Documents.Node?) -> Int {
        let kept = max(least, min(count, most))
        if kept != count {
            let (side, end) = count > most ? ("above", "largest") : ("below", "smallest")
            log.note("\(what) \(count) is \(side) the \(end) count, which holds: \(kept)", node)
        }
        return kept
    }

    /// A name that no signal has yet.
    func signalName(_ wish: String) -> String {
        let wish = Self.label(wish)
        let taken = Set(signals.map(\.name))
        if !taken.contains(wish) { return wish }
        var number = 2
        while taken.contains("\(wish.prefix(58))-\(number)") { number += 1 }
        return "\(wish.prefix(58))-\(number)"
    }
}

/// Numbers as Kubernetes writes them: `500m`, `1Gi`, `2k`, `1e3`.
enum KubernetesQuantity {
    private static let suffixes: [(String, Double)] = [
        ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624), ("Ei", 1_152_921_504_606_846_976),
        ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000), ("E", 1_000_000_000_000_000_000),
    ]
    /// Divided by, so that `500m` is exactly a half.
    private static let fractions: [(String, Double)] = [("m", 1000), ("u", 1_000_000), ("n", 1_000_000_000)]

    /// Above zero; nil for something else.
    static func parse(_ text: String) -> Double? { any(text).flatMap { $0 > 0 ? $0 : nil } }

    /// Any finite one; nil for something else.
    static func any(_ text: String) -> Double? {
        func number(_ text: some StringProtocol) -> Double? { Double(String(text)) }
        var value = number(text)
        if let (suffix, factor) = suffixes.first(where: { text.hasSuffix($0.0) }) {
            value = number(text.dropLast(suffix.count)).map { $0 * factor }
        } else if let (suffix, factor) = fractions.first(where: { text.hasSuffix($0.0) }) {
            value = number(text.dropLast(suffix.count)).map { $0 / factor }
        }
        return value.flatMap { $0.isFinite ? $0 : nil }
    }

    /// As a policy file takes it: digits and a point.
    static func text(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return "\(whole)" }
        let text = "\(value)"
        guard text.contains("e") else { return text }
        // Far below what anything is measured in.
        let scaled = Int(clamping: (value * 1_000_000_000).rounded()) ?? 0
        let digits = String(scaled)
        return "0." + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }
}
