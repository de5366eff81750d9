package import Documents

/// Policies of other autoscalers in our letter, and what of them has no equivalent.
package struct PolicyImport: Sendable {
    /// A policy file: it passes `PolicyFile.parse`.
    package var text: String
    /// What was left out or needs a look, with its place.
    package var notes: [Problem]

    package enum Source: String, Sendable, CaseIterable {
        /// Kubernetes' HorizontalPodAutoscaler, v1 and v2.
        case hpa
        /// KEDA's ScaledObject, and the HTTPScaledObject of its HTTP add-on.
        case keda
        /// Nomad's `scaling` blocks, in HCL or JSON.
        case nomad
    }

    /// - Throws: what makes the file unreadable, or leaves no policy.
    package init(_ source: Source, text: String, file: String) throws(DocumentError) {
        let log = ImportLog(file: file)
        var drafts: [PolicyDraft] = []
        switch source {
        case .hpa, .keda:
            for document in try Self.documents(text, file: file) {
                for (object, kind) in Self.objects(document) {
                    switch (source, kind) {
                    case (.hpa, "HorizontalPodAutoscaler"):
                        drafts += HorizontalPodAutoscalerImport(log).draft(object).map { [$0] } ?? []
                    case (.keda, "ScaledObject"):
                        drafts += ScaledObjectImport(log).draft(object).map { [$0] } ?? []
                    case (.keda, "HTTPScaledObject"):
                        drafts += HTTPScaledObjectImport(log).draft(object).map { [$0] } ?? []
                    case (.keda, "ScaledJob"):
                        log.note(
                            "ScaledJob has no equivalent: replicas here go on; let workers take one job after the other",
                            object)
                    default:
                        if !object.isNull {
                            log.note("\(kind ?? "this") is not looked at", object)
                        }
                    }
                }
            }
        case .nomad: drafts = try NomadImport(log).drafts(text)
        }
        Self.settle(&drafts, log)
        guard !drafts.isEmpty else {
            let why =
                Self.template(text, file: file)
                ?? Problem(file: file, position: nil, message: "no policy could be made of it")
            throw DocumentError(log.problems + [why])
        }
        self.text = "policies:\n" + drafts.map(\.text).joined(separator: "\n")
        notes = log.problems
    }

    /// Gives each draft a name of its own and leaves out what our own reader refuses, so that what is printed passes it.
    private static func settle(_ drafts: inout [PolicyDraft], _ log: ImportLog) {
        var names: Set<String> = []
        var active: [String: String] = [:]
        drafts = drafts.compactMap { draft in
            var draft = draft
            let before = log.problems.count
            let wish = draft.name
            var number = 2
            while names.contains(draft.name) {
                draft.name = "\(wish.prefix(58))-\(number)"
                number += 1
            }
            if draft.most > PolicyReader.maxCount {
                log.note(
                    "\(draft.name): max \(draft.most) is taken for \(PolicyReader.maxCount), the most there is",
                    nil)
                draft.most = PolicyReader.maxCount
                draft.least = min(draft.least, draft.most)
            }
            let target = "\(draft.isNodePool ? "node pool" : "workload") \(draft.workload)"
            if draft.mode == .active, let first = active[target] {
                draft.mode = .shadow
                log.note(
                    "\(draft.name): \(target) is decided by \(first) already, so this one is in shadow mode; "
                        + "where another one is meant, name it", nil)
            }
            draft.notes += log.messages(since: before)
            do throws(DocumentError) {
                _ = try PolicyFile.parse("policies:\n" + draft.text, file: log.file)
            } catch {
                let reasons = error.problems.map(\.message).joined(separator: "; ")
                log.note("no policy for \(draft.name): \(reasons)", nil)
                return nil
            }
            names.insert(draft.name)
            if draft.mode == .active { active[target] = draft.name }
            return draft
        }
    }

    /// The documents of a file, each with the positions it has in the whole.
    private static func documents(_ text: String, file: String) throws(DocumentError) -> [Documents.Node] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var roots: [Documents.Node] = []
        var start = 0
        for index in 0...lines.count where index == lines.count || lines[index].hasPrefix("---") {
            let part = lines[start..<index]
            if part.contains(where: { !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix("#") }) {
                let blank = String(repeating: "\n", count: start)
                do {
                    roots.append(try YAMLDocument.parse(blank + part.joined(separator: "\n"), file: file))
                } catch {
                    throw template(text, file: file).map { DocumentError(error.problems + [$0]) } ?? error
                }
            }
            start = index + 1
        }
        return roots
    }

    /// Why nothing can be read out of a file that is a template of one; nil where it is none.
    private static func template(_ text: String, file: String) -> Problem? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let line = lines.firstIndex(where: { $0.contains("{{") }) else { return nil }
        return Problem(
            file: file, position: Position(line: line + 1, column: 1),
            message: "a template: render it, for instance by `helm template`, and import the result")
    }

    /// With their kinds, which the items of a `HorizontalPodAutoscalerList` leave out.
    private static func objects(_ root: Documents.Node) -> [(object: Documents.Node, kind: String?)] {
        let kind = root["kind"]?.text
        guard let kind, kind.hasSuffix("List"), case .sequence(let items)? = root["items"]?.content else {
            return [(root, kind)]
        }
        let own = kind == "List" ? nil : String(kind.dropLast(4))
        return items.map { ($0, $0["kind"]?.text ?? own) }
    }
}

/// What an import has to say, in the order of the file.
final class ImportLog {
    let file: String
    private(set) var problems: [Problem] = []

    init(file: String) { self.file = file }

    func note(_ message: String, _ node: Documents.Node?) { note(message, at: node?.position) }

    func note(_ message: String, at position: Position?) {
        guard problems.count < DocumentReader.maxProblems else { return }
        problems.append(Problem(file: file, position: position, message: message))
    }

    /// A whole number; tells of what stands there and is none, such as a placeholder of a template.
    func integer(_ node: Documents.Node?, _ what: String, assumed: Int? = nil) -> Int? {
        guard let node, !node.isNull else { return nil }
        if let number = node.integer { return number }
        let taken = assumed.map { "\($0) is taken for it" } ?? "it is left out"
        note(
            "\(what) is no whole number, found \(node.text.map { "\"\($0)\"" } ?? node.kindName): \(taken)",
            node)
        return nil
    }

    /// Tells which keys of a mapping were not looked at.
    func unread(_ node: Documents.Node?, known: Set<String>, of what: String) {
        for pair in node?.pairs ?? [] {
            guard let key = pair.key.text, !known.contains(key.lowercased()), pair.value.text != "false",
                pair.value.text != "", !pair.value.isNull
            else { continue }
            note("\(key) of \(what) has no equivalent", pair.key)
        }
    }

    /// The messages since a moment, for the comments of a draft.
    func messages(since count: Int) -> [String] {
        problems.dropFirst(count).map { problem in
            (problem.position.map { "line \($0.line): " } ?? "") + problem.message
        }
    }
}

extension Documents.Node {
    var items: [Documents.Node] { if case .sequence(let items) = content { items } else { [] } }

    var pairs: [(key: Documents.Node, value: Documents.Node)] {
        if case .mapping(let pairs) = content { pairs } else { [] }
    }

    var integer: Int? { text.flatMap { Int($0) } }

    func at(_ path: String...) -> Documents.Node? {
        path.reduce(self as Documents.Node?) { $0?[$1] }
    }
}
