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
        /// KEDA's ScaledObject.
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
                for object in Self.objects(document) {
                    switch (source, object["kind"]?.text) {
                    case (.hpa, "HorizontalPodAutoscaler"):
                        drafts += HorizontalPodAutoscalerImport(log).draft(object).map { [$0] } ?? []
                    case (.keda, "ScaledObject"):
                        drafts += ScaledObjectImport(log).draft(object).map { [$0] } ?? []
                    default:
                        if !object.isNull {
                            log.note("\(object["kind"]?.text ?? "this") is not looked at", object)
                        }
                    }
                }
            }
        case .nomad: drafts = try NomadImport(log).drafts(text)
        }
        guard !drafts.isEmpty else {
            throw DocumentError(
                log.problems + [Problem(file: file, position: nil, message: "no policy could be made of it")])
        }
        var names: Set<String> = []
        for index in drafts.indices {
            var name = drafts[index].name
            var number = 2
            while !names.insert(name).inserted {
                name = "\(drafts[index].name.prefix(58))-\(number)"
                number += 1
            }
            drafts[index].name = name
        }
        self.text = "policies:\n" + drafts.map(\.text).joined(separator: "\n")
        notes = log.problems
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
                roots.append(try YAMLDocument.parse(blank + part.joined(separator: "\n"), file: file))
            }
            start = index + 1
        }
        return roots
    }

    private static func objects(_ root: Documents.Node) -> [Documents.Node] {
        if root["kind"]?.text == "List" || root["kind"]?.text?.hasSuffix("List") == true,
            case .sequence(let items)? = root["items"]?.content
        {
            return items
        }
        return [root]
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
