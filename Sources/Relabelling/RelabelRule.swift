package import TimeSeries

/// One rule of `relabel_configs`: reads some labels, and keeps, drops or rewrites the label set.
/// Means what it means in Prometheus, defaults included.
package struct RelabelRule: Hashable, Sendable {
    package enum Action: String, Hashable, Sendable, CaseIterable {
        case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep
        case lowercase, uppercase
    }

    package static let defaultSeparator = ";"
    package static let defaultRegex = "(.*)"
    package static let defaultReplacement = "$1"

    package var action: Action
    /// Their values, joined by `separator`, are what the rule looks at; an absent label counts as empty.
    package var sourceLabels: [String]
    package var separator: String
    package var pattern: Pattern
    /// For `hashmod`, at least 1.
    package var modulus: UInt64
    /// Where the result goes; `replace` may refer to groups of the pattern in it.
    package var targetLabel: String
    package var replacement: String

    /// Trusts that the fields fit the action, as `RelabelRule.read` checks.
    /// - Throws: `PatternError` for a regular expression that does not compile.
    package init(
        action: Action = .replace, sourceLabels: [String] = [], separator: String = defaultSeparator,
        regex: String = defaultRegex, modulus: UInt64 = 0, targetLabel: String = "",
        replacement: String = defaultReplacement
    ) throws(PatternError) {
        self.action = action
        self.sourceLabels = sourceLabels
        self.separator = separator
        self.pattern = try Pattern(regex)
        self.modulus = modulus
        self.targetLabel = targetLabel
        self.replacement = replacement
    }

    /// The labels after all rules in their order; nil where one of them dropped the set.
    package static func apply(_ rules: [RelabelRule], to labels: Labels) -> Labels? {
        if rules.isEmpty { return labels }
        var set = LabelSet(labels)
        for rule in rules {
            guard rule.rewrite(&set) else { return nil }
        }
        return set.isChanged ? set.labels : labels
    }

    /// Applies the rule; false where it drops the set.
    private func rewrite(_ set: inout LabelSet) -> Bool {
        switch action {
        case .keep: return pattern.matches(source(in: set))
        case .drop: return !pattern.matches(source(in: set))
        case .keepequal: return Labels.order(set[targetLabel], source(in: set)) == 0
        case .dropequal: return Labels.order(set[targetLabel], source(in: set)) != 0
        case .replace: replace(in: &set)
        case .lowercase: set[targetLabel] = source(in: set).lowercased()
        case .uppercase: set[targetLabel] = source(in: set).uppercased()
        case .hashmod:
            // The last eight bytes, big-endian: the shards that Prometheus computes.
            let digest = MD5.digest(Array(source(in: set).utf8))
            let hash = digest[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            set[targetLabel] = String(hash % max(1, modulus))
        case .labelmap:
            for (name, value) in set.pairs {
                if let target = pattern.expand(replacement, matching: name) { set[target] = value }
            }
        case .labeldrop:
            for (name, _) in set.pairs where pattern.matches(name) { set[name] = "" }
        case .labelkeep:
            for (name, _) in set.pairs where !pattern.matches(name) { set[name] = "" }
        }
        return true
    }

    private func replace(in set: inout LabelSet) {
        let source = source(in: set)
        let isConstant = !targetLabel.contains("$") && !replacement.contains("$")
        if isConstant, pattern.text == RelabelRule.defaultRegex {
            set[targetLabel] = replacement
            return
        }
        guard let target = pattern.expand(targetLabel, matching: source), !target.isEmpty,
            let value = pattern.expand(replacement, matching: source)
        else { return }
        set[target] = value
    }

    private func source(in set: LabelSet) -> String {
        sourceLabels.count == 1
            ? set[sourceLabels[0]] : sourceLabels.map { set[$0] }.joined(separator: separator)
    }
}

/// A label set under change. Few labels, so a list that is searched beats a table.
private struct LabelSet {
    private(set) var pairs: [(name: String, value: String)]
    private(set) var isChanged = false

    init(_ labels: Labels) { pairs = labels.pairs }

    var labels: Labels { Labels(pairs) }

    /// Empty where there is no such label; setting the empty text removes it.
    subscript(name: String) -> String {
        get { pairs.first { Labels.order($0.name, name) == 0 }?.value ?? "" }
        set {
            isChanged = true
            let index = pairs.firstIndex { Labels.order($0.name, name) == 0 }
            if newValue.isEmpty {
                if let index { pairs.remove(at: index) }
            } else if let index {
                pairs[index].value = newValue
            } else {
                pairs.append((name: name, value: newValue))
            }
        }
    }
}
