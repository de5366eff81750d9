package import Documents
import TimeSeries

extension RelabelRule {
    /// Reads a list of rules (`relabel_configs` and its kin) under `key`; empty where the key is absent.
    package static func list(_ key: String, of fields: FieldReader) -> [RelabelRule] {
        fields.list(key) { read($0, fields.document) } ?? []
    }

    /// Reads one rule; reports what is wrong with it and returns nil.
    package static func read(_ node: Node, _ document: DocumentReader) -> RelabelRule? {
        if node.isNull {
            document.report("empty relabelling rule; it needs at least an action", at: node.position)
            return nil
        }
        return document.mapping(node, "a relabelling rule") { fields in read(fields) } ?? nil
    }

    private static func read(_ fields: FieldReader) -> RelabelRule? {
        let problems = fields.document.problems.count
        let action = readAction(fields)
        let sources = fields.strings("source_labels")
        let separator = text("separator", of: fields) ?? defaultSeparator
        let modulus = fields.integer("modulus") ?? 0
        let target = fields.string("target_label") ?? ""
        let replacement = text("replacement", of: fields) ?? defaultReplacement
        let regex = text("regex", of: fields)
        for name in sources ?? [] where name.isEmpty {
            fields.report("a source label must not be empty", at: "source_labels")
        }
        guard let action else { return nil }
        let rule: RelabelRule
        do {
            rule = try RelabelRule(
                action: action, sourceLabels: sources ?? [], separator: separator,
                regex: regex ?? defaultRegex,
                modulus: UInt64(modulus), targetLabel: target, replacement: replacement)
        } catch {
            fields.report("\(error)", at: "regex")
            return nil
        }
        check(rule, fields, hasSources: sources != nil)
        return fields.document.problems.count == problems ? rule : nil
    }

    private static func readAction(_ fields: FieldReader) -> Action? {
        guard let node = fields.node("action") else {
            if fields.has("action") {
                fields.report("action must not be empty", at: "action")
                return nil
            }
            return .replace
        }
        let known = Action.allCases.map(\.rawValue).sorted().joined(separator: ", ")
        return fields.document.scalar(node, "action", expected: "one of \(known)") {
            Action(rawValue: $0.lowercased())
        }
    }

    /// The text under a key, empty where the key stands there with nothing behind it; nil where it is absent.
    private static func text(_ key: String, of fields: FieldReader) -> String? {
        fields.string(key) ?? (fields.has(key) && fields.node(key) == nil ? "" : nil)
    }

    /// What an action needs and what it has no use for, as Prometheus has it.
    private static func check(_ rule: RelabelRule, _ fields: FieldReader, hasSources: Bool) {
        let action = rule.action
        switch action {
        case .hashmod where rule.modulus == 0:
            fields.report("hashmod needs a modulus of at least 1", at: "modulus")
        case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal:
            if rule.targetLabel.isEmpty {
                fields.report("action \(action.rawValue) needs target_label", at: "target_label")
            }
        case .labelmap where rule.replacement.isEmpty:
            fields.report("action labelmap needs a replacement that is a label name", at: "replacement")
        default: break
        }
        let hasReplacement = rule.replacement != defaultReplacement
        switch action {
        case .lowercase, .uppercase:
            if hasReplacement {
                fields.report("action \(action.rawValue) takes no replacement", at: "replacement")
            }
        case .keepequal, .dropequal:
            if hasReplacement || rule.pattern.text != defaultRegex || rule.modulus != 0
                || rule.separator != defaultSeparator
            {
                fields.report("action \(action.rawValue) takes only source_labels and target_label")
            }
        case .labeldrop, .labelkeep:
            if hasReplacement || hasSources || rule.modulus != 0 || !rule.targetLabel.isEmpty
                || rule.separator != defaultSeparator
            {
                fields.report("action \(action.rawValue) takes only regex")
            }
        default: break
        }
    }
}
