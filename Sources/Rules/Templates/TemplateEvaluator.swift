/// Walks the tree of a template and writes its text.
struct TemplateEvaluator {
    private enum Flow { case next, breakLoop, continueLoop }

    /// What one expansion may cost.
    private static let maxSteps = 100_000
    /// How deep `template` may call itself.
    private static let maxCalls = 32

    let context: TemplateContext
    private let named: [String: [TemplateNode]]
    private var variables: [(name: String, value: TemplateValue)]
    private var bytes: [UInt8] = []
    private var isCut = false
    private var steps = 0
    private var calls = 0

    init(context: TemplateContext, named: [String: [TemplateNode]]) {
        self.context = context
        self.named = named
        variables = context.variables
    }

    var output: String {
        guard isCut else { return String(decoding: bytes, as: UTF8.self) }
        var end = Template.maxBytes - 3
        while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }

    mutating func run(_ nodes: [TemplateNode]) throws(Template.Failure) {
        _ = try walk(nodes, dot: context.root)
    }

    private mutating func walk(
        _ nodes: [TemplateNode], dot: TemplateValue
    ) throws(Template.Failure) -> Flow {
        for node in nodes where !isCut {
            let flow = try walk(node, dot: dot)
            if flow != .next { return flow }
        }
        return .next
    }

    private mutating func walk(
        _ node: TemplateNode, dot: TemplateValue
    ) throws(Template.Failure) -> Flow {
        switch node {
        case .text(let text): write(text)
        case .action(let pipeline):
            let value = try evaluate(pipeline, dot: dot)
            if pipeline.variables.isEmpty { write(value.text) }
        case .branch(let branch): return try walk(branch, dot: dot)
        case .template(let name, let argument, let position):
            try call(name, argument, position, dot: dot)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .next
    }

    private mutating func write(_ text: String) {
        bytes += text.utf8
        if bytes.count > Template.maxBytes { isCut = true }
    }

    private mutating func walk(
        _ branch: TemplateBranch, dot: TemplateValue
    ) throws(Template.Failure) -> Flow {
        let scope = variables.count
        defer { variables.removeSubrange(scope...) }
        if branch.kind == .range { return try loop(branch, dot: dot) }
        let value = try evaluate(branch.pipeline, dot: dot)
        guard value.isTrue else { return try walk(branch.otherwise, dot: dot) }
        return try walk(branch.body, dot: branch.kind == .with ? value : dot)
    }

    private mutating func loop(
        _ branch: TemplateBranch, dot: TemplateValue
    ) throws(Template.Failure) -> Flow {
        var pipeline = branch.pipeline
        pipeline.variables = []
        let value = try evaluate(pipeline, dot: dot)
        let items = try elements(of: value, at: pipeline.position)
        guard !items.isEmpty else { return try walk(branch.otherwise, dot: dot) }
        let scope = variables.count
        for (key, item) in items where !isCut {
            switch branch.pipeline.variables.count {
            case 1: set(branch.pipeline.variables[0], item, branch.pipeline.isAssignment)
            case 2:
                set(branch.pipeline.variables[0], key, branch.pipeline.isAssignment)
                set(branch.pipeline.variables[1], item, branch.pipeline.isAssignment)
            default: break
            }
            let flow = try walk(branch.body, dot: item)
            variables.removeSubrange(scope...)
            if flow == .breakLoop { break }
        }
        return .next
    }

    /// What `range` visits, maps in the order of their keys.
    private func elements(
        of value: TemplateValue, at position: TemplatePosition
    ) throws(Template.Failure) -> [(key: TemplateValue, value: TemplateValue)] {
        switch value {
        case .list(let items): return items.enumerated().map { (.integer(Int64($0.offset)), $0.element) }
        case .labels(let labels):
            return labels.sorted { precedes($0.key, $1.key) }.map { (.string($0.key), .string($0.value)) }
        case .map(let map): return map.sorted { precedes($0.key, $1.key) }.map { (.string($0.key), $0.value) }
        case .integer(let count):
            return (0..<max(0, min(count, Int64(Self.maxSteps)))).map { (.integer($0), .integer($0)) }
        case .none: return []
        default: throw failure("range can't iterate over \(value.text)", position)
        }
    }

    private func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

    private mutating func call(
        _ name: String, _ argument: TemplatePipeline?, _ position: TemplatePosition, dot: TemplateValue
    ) throws(Template.Failure) {
        guard let body = named[name] else { throw failure("template \"\(name)\" not defined", position) }
        guard calls < Self.maxCalls else {
            throw failure("templates call each other deeper than \(Self.maxCalls)", position)
        }
        var value = TemplateValue.none
        if let argument { value = try evaluate(argument, dot: dot) }
        let outer = variables
        variables = [("$", value)]
        calls += 1
        _ = try walk(body, dot: value)
        calls -= 1
        variables = outer
    }

    private mutating func set(_ name: String, _ value: TemplateValue, _ isAssignment: Bool) {
        if isAssignment, let index = variables.lastIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append((name, value))
        }
    }

    func failure(_ message: String, _ position: TemplatePosition) -> Template.Failure {
        .failed(position.error(message))
    }
}

// MARK: Pipelines

extension TemplateEvaluator {
    private mutating func evaluate(
        _ pipeline: TemplatePipeline, dot: TemplateValue
    ) throws(Template.Failure) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands {
            steps += 1
            guard steps <= Self.maxSteps else {
                throw failure("more than \(Self.maxSteps) steps", pipeline.position)
            }
            value = try evaluate(command, dot: dot, piped: value)
        }
        let result = value ?? .none
        for name in pipeline.variables { set(name, result, pipeline.isAssignment) }
        return result
    }

    private mutating func evaluate(
        _ command: [TemplateOperand], dot: TemplateValue, piped: TemplateValue?
    ) throws(Template.Failure) -> TemplateValue {
        let first = command[0]
        if case .function(let name) = first.kind, first.fields.isEmpty {
            return try invoke(name, command.dropFirst(), dot: dot, piped: piped, first.position)
        }
        guard command.count == 1, piped == nil else {
            throw failure("can't give argument to non-function", first.position)
        }
        return try evaluate(first, dot: dot)
    }

    private mutating func evaluate(
        _ operand: TemplateOperand, dot: TemplateValue
    ) throws(Template.Failure) -> TemplateValue {
        var value: TemplateValue
        switch operand.kind {
        case .dot: value = dot
        case .null: value = .none
        case .bool(let flag): value = .bool(flag)
        case .integer(let number): value = .integer(number)
        case .float(let number): value = .float(number)
        case .string(let text): value = .string(text)
        case .variable(let name): value = variables.last { $0.name == name }?.value ?? .none
        case .function(let name): value = try invoke(name, [], dot: dot, piped: nil, operand.position)
        case .pipeline(let pipeline):
            let scope = variables.count
            value = try evaluate(pipeline, dot: dot)
            variables.removeSubrange(scope...)
        }
        for name in operand.fields { value = try field(name, of: value, operand.position) }
        return value
    }

    private func field(
        _ name: String, of value: TemplateValue, _ position: TemplatePosition
    ) throws(Template.Failure) -> TemplateValue {
        switch value {
        case .labels(let labels): return .string(labels[name] ?? "")
        case .map(let map): return map[name] ?? .none
        case .record(let fields):
            if let field = fields.first(where: { $0.name == name }) { return field.value }
            let known = fields.map { "." + $0.name }.joined(separator: ", ")
            throw failure("can't evaluate field \(name); there are \(known)", position)
        case .none: throw failure("nil data; no entry for key \"\(name)\"", position)
        default: throw failure("can't evaluate field \(name) in type \(value.typeName)", position)
        }
    }

    /// `and` and `or` evaluate no further than they must; all others get their arguments' values.
    private mutating func invoke(
        _ name: String, _ operands: ArraySlice<TemplateOperand>, dot: TemplateValue, piped: TemplateValue?,
        _ position: TemplatePosition
    ) throws(Template.Failure) -> TemplateValue {
        var arguments: [TemplateValue] = []
        for operand in operands {
            let value = try evaluate(operand, dot: dot)
            if name == "and", !value.isTrue { return value }
            if name == "or", value.isTrue { return value }
            arguments.append(value)
        }
        if let piped { arguments.append(piped) }
        do {
            return try TemplateFunctions.call(name, arguments, in: context)
        } catch {
            switch error {
            case .message(let message): throw failure("error calling \(name): \(message)", position)
            case .needsAnswer(let query): throw .needsAnswer(query: query)
            }
        }
    }
}
