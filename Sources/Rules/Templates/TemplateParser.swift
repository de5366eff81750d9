/// Parses the tokens of a template. Variables and functions that do not exist are errors here and not when an alert
/// fires at night.
struct TemplateParser {
    /// The trees of a text: its own and those that `define` and `block` name.
    struct Trees: Hashable, Sendable {
        var root: [TemplateNode]
        var named: [String: [TemplateNode]]
    }

    /// How deep actions and parentheses may nest.
    static let maxDepth = 64

    private let functions: Set<String>
    private var tokens: [TemplateToken]
    private var index = 0
    private var variables: [String]
    private var named: [String: [TemplateNode]] = [:]
    private var depth = 0
    private var loops = 0

    static func parse(
        _ text: String, variables: [String], functions: Set<String>
    ) throws(TemplateError) -> Trees {
        let tokens = try TemplateLexer.tokens(of: text)
        var parser = TemplateParser(functions: functions, tokens: tokens, variables: variables)
        let (root, stop) = try parser.list()
        if stop.keyword != nil { throw stop.position.error("unexpected {{\(stop.keyword ?? "")}}") }
        return Trees(root: root, named: parser.named)
    }

    private init(functions: Set<String>, tokens: [TemplateToken], variables: [String]) {
        self.functions = functions
        self.tokens = tokens
        self.variables = variables
    }

    /// What ended a list: the keyword `end` or `else`, behind which the parser stands, or the end of the text.
    private struct Stop {
        var keyword: String?
        var position: TemplatePosition
    }

    private var current: TemplateToken { tokens[index] }

    private mutating func next() -> TemplateToken {
        defer { if index + 1 < tokens.count { index += 1 } }
        return tokens[index]
    }

    private mutating func list() throws(TemplateError) -> (nodes: [TemplateNode], stop: Stop) {
        var nodes: [TemplateNode] = []
        while true {
            let token = next()
            switch token.kind {
            case .text(let text): nodes.append(.text(text))
            case .open:
                if case .identifier(let word) = current.kind, word == "end" || word == "else" {
                    return (nodes, Stop(keyword: word, position: next().position))
                }
                if let node = try action() { nodes.append(node) }
            default: return (nodes, Stop(keyword: nil, position: token.position))
            }
        }
    }

    private mutating func action() throws(TemplateError) -> TemplateNode? {
        let token = current
        guard case .identifier(let word) = token.kind else { return try pipelineAction() }
        switch word {
        case "if": return try branch(.condition)
        case "with": return try branch(.with)
        case "range": return try branch(.range)
        case "define":
            try define()
            return nil
        case "block": return try block()
        case "template": return try callTemplate()
        case "break", "continue":
            guard loops > 0 else { throw token.position.error("{{\(word)}} outside {{range}}") }
            index += 1
            try expectClose(word)
            return word == "break" ? .breakLoop : .continueLoop
        default: return try pipelineAction()
        }
    }

    private mutating func pipelineAction() throws(TemplateError) -> TemplateNode {
        let pipeline = try pipeline("command")
        try expectClose("command")
        return .action(pipeline)
    }

    /// Behind `if`, `with` or `range`, up to and with its `{{end}}`.
    private mutating func branch(_ kind: TemplateBranch.Kind) throws(TemplateError) -> TemplateNode {
        let start = next().position
        try enter(start)
        let scope = variables.count
        if kind == .range { loops += 1 }
        let pipeline = try pipeline("\(kind)", allowsTwo: kind == .range)
        try expectClose("\(kind)")
        let (body, stop) = try list()
        if kind == .range { loops -= 1 }
        let otherwise = try alternative(stop, start: start)
        variables.removeSubrange(scope...)
        depth -= 1
        return .branch(TemplateBranch(kind: kind, pipeline: pipeline, body: body, otherwise: otherwise))
    }

    /// What stands behind `else`; nothing where the list ended with `end`.
    private mutating func alternative(
        _ stop: Stop, start: TemplatePosition
    ) throws(TemplateError) -> [TemplateNode] {
        guard let keyword = stop.keyword else { throw start.error("missing {{end}}") }
        if keyword == "end" {
            try expectClose("end")
            return []
        }
        if case .identifier(let word) = current.kind, word == "if" || word == "with" {
            return [try branch(word == "if" ? .condition : .with)]
        }
        try expectClose("else")
        let (nodes, last) = try list()
        guard last.keyword == "end" else { throw last.position.error("expected {{end}} behind {{else}}") }
        try expectClose("end")
        return nodes
    }

    private mutating func define() throws(TemplateError) {
        let start = next().position
        let name = try templateName("define")
        try expectClose("define")
        try namedBody(name, start)
    }

    private mutating func block() throws(TemplateError) -> TemplateNode {
        let start = next().position
        let name = try templateName("block")
        let argument = try pipeline("block")
        try expectClose("block")
        try namedBody(name, start)
        return .template(name: name, argument: argument, start)
    }

    /// A body of its own: the variables around it are not seen in it.
    private mutating func namedBody(_ name: String, _ start: TemplatePosition) throws(TemplateError) {
        try enter(start)
        let (outer, outerLoops) = (variables, loops)
        (variables, loops) = (["$"], 0)
        let (nodes, stop) = try list()
        guard stop.keyword == "end" else { throw start.error("missing {{end}} of \"\(name)\"") }
        try expectClose("end")
        (variables, loops) = (outer, outerLoops)
        named[name] = nodes
        depth -= 1
    }

    private mutating func callTemplate() throws(TemplateError) -> TemplateNode {
        let start = next().position
        let name = try templateName("template")
        var argument: TemplatePipeline?
        if current.kind != .close { argument = try pipeline("template") }
        try expectClose("template")
        return .template(name: name, argument: argument, start)
    }

    private mutating func templateName(_ context: String) throws(TemplateError) -> String {
        let token = next()
        guard case .string(let name) = token.kind else {
            throw token.position.error("\(context) needs a name in quotes")
        }
        return name
    }

    private mutating func expectClose(_ context: String) throws(TemplateError) {
        let token = next()
        guard token.kind == .close else {
            throw token.position.error("unexpected token in \(context), expected }}")
        }
    }

    private mutating func enter(_ position: TemplatePosition) throws(TemplateError) {
        depth += 1
        guard depth <= Self.maxDepth else {
            throw position.error("nested deeper than \(Self.maxDepth) levels")
        }
    }
}

// MARK: Pipelines

extension TemplateParser {
    private mutating func pipeline(
        _ context: String, allowsTwo: Bool = false
    ) throws(TemplateError) -> TemplatePipeline {
        var pipeline = TemplatePipeline(position: current.position)
        try declarations(&pipeline, allowsTwo: allowsTwo)
        while true {
            let command = try command(context)
            if !pipeline.commands.isEmpty, !isExecutable(command[0]) {
                let stage = pipeline.commands.count + 1
                throw command[0].position.error("non executable command in pipeline stage \(stage)")
            }
            pipeline.commands.append(command)
            guard current.kind == .pipe else { break }
            index += 1
        }
        if !pipeline.isAssignment { variables += pipeline.variables }
        return pipeline
    }

    private mutating func declarations(
        _ pipeline: inout TemplatePipeline, allowsTwo: Bool
    ) throws(TemplateError) {
        guard case .variable(let first) = current.kind, index + 1 < tokens.count else { return }
        switch tokens[index + 1].kind {
        case .declare, .assign:
            pipeline.variables = [first]
            pipeline.isAssignment = tokens[index + 1].kind == .assign
            index += 2
        case .comma where allowsTwo:
            guard index + 3 < tokens.count, case .variable(let second) = tokens[index + 2].kind,
                tokens[index + 3].kind == .declare || tokens[index + 3].kind == .assign
            else { throw current.position.error("range can only declare variables: {{range $i, $e := ...}}") }
            pipeline.variables = [first, second]
            pipeline.isAssignment = tokens[index + 3].kind == .assign
            index += 4
        default: return
        }
        if pipeline.isAssignment, let unknown = pipeline.variables.first(where: { !variables.contains($0) }) {
            throw pipeline.position.error("undefined variable \"\(unknown)\"")
        }
    }

    private func isExecutable(_ operand: TemplateOperand) -> Bool {
        switch operand.kind {
        case .bool, .integer, .float, .string, .null: false
        case .dot: !operand.fields.isEmpty
        default: true
        }
    }

    private mutating func command(_ context: String) throws(TemplateError) -> [TemplateOperand] {
        var operands: [TemplateOperand] = []
        while let operand = try operand() {
            operands.append(operand)
            guard current.isSpaced || [.close, .pipe, .rightParenthesis].contains(current.kind) else {
                throw current.position.error("unexpected token; arguments are separated by spaces")
            }
        }
        guard !operands.isEmpty else { throw current.position.error("missing value for \(context)") }
        return operands
    }

    /// A value with the fields behind it, or nil where none starts here.
    private mutating func operand() throws(TemplateError) -> TemplateOperand? {
        let token = current
        guard var operand = try term(token) else { return nil }
        while case .field(let name) = current.kind, !current.isSpaced {
            switch operand.kind {
            case .dot where operand.fields.isEmpty, .bool, .integer, .float, .string, .null:
                throw current.position.error("unexpected .\(name) behind a value that has no fields")
            default: break
            }
            operand.fields.append(name)
            index += 1
        }
        return operand
    }

    private mutating func term(_ token: TemplateToken) throws(TemplateError) -> TemplateOperand? {
        func make(_ kind: TemplateOperand.Kind, _ fields: [String] = []) -> TemplateOperand {
            TemplateOperand(kind: kind, fields: fields, position: token.position)
        }
        switch token.kind {
        case .dot: index += 1; return make(.dot)
        case .field(let name): index += 1; return make(.dot, [name])
        case .integer(let value): index += 1; return make(.integer(value))
        case .float(let value): index += 1; return make(.float(value))
        case .string(let text): index += 1; return make(.string(text))
        case .identifier(let word):
            index += 1
            switch word {
            case "true", "false": return make(.bool(word == "true"))
            case "nil": return make(.null)
            default:
                guard functions.contains(word) else {
                    throw token.position.error("function \"\(word)\" not defined")
                }
                return make(.function(word))
            }
        case .variable(let name):
            index += 1
            guard variables.contains(name) else {
                let known = variables.filter { $0 != "$" }.joined(separator: ", ")
                throw token.position.error("undefined variable \"\(name)\"; known are \(known)")
            }
            return make(.variable(name))
        case .leftParenthesis:
            index += 1
            try enter(token.position)
            let inner = try pipeline("parenthesized pipeline")
            guard next().kind == .rightParenthesis else { throw token.position.error("unclosed parenthesis") }
            depth -= 1
            return make(.pipeline(inner))
        default: return nil
        }
    }
}
