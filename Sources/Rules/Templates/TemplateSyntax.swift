/// The syntax tree of Go's text/template (https://pkg.go.dev/text/template).
indirect enum TemplateNode: Hashable, Sendable {
    case text(String)
    case action(TemplatePipeline)
    case branch(TemplateBranch)
    case template(name: String, argument: TemplatePipeline?, TemplatePosition)
    case breakLoop
    case continueLoop
}

/// `if`, `with` and `range`: a pipeline, what follows where it is not empty, and what follows else.
struct TemplateBranch: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case condition, with, range }

    var kind: Kind
    var pipeline: TemplatePipeline
    var body: [TemplateNode]
    var otherwise: [TemplateNode]
}

/// `$x := a | b "c"`.
struct TemplatePipeline: Hashable, Sendable {
    /// The variables in front of `:=` or `=`, with their dollar sign.
    var variables: [String] = []
    var isAssignment = false
    /// Each a function or a value, with its arguments.
    var commands: [[TemplateOperand]] = []
    var position: TemplatePosition
}

struct TemplateOperand: Hashable, Sendable {
    indirect enum Kind: Hashable, Sendable {
        case dot
        case null
        case bool(Bool)
        case integer(Int64)
        case float(Double)
        case string(String)
        case variable(String)
        case function(String)
        case pipeline(TemplatePipeline)
    }

    var kind: Kind
    /// The fields behind it: `.a.b`.
    var fields: [String] = []
    var position: TemplatePosition
}
