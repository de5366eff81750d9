import PromQL
import TimeSeries

/// What a template computes with: the types of Go that Prometheus hands to its templates.
indirect enum TemplateValue: Hashable, Sendable {
    /// nil, and what a missing key yields.
    case none
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case string(String)
    /// map[string]string: a missing key is empty text.
    case labels([String: String])
    /// map[string]any, as `args` makes it.
    case map([String: TemplateValue])
    /// A struct: an unknown field is an error.
    case record([Field])
    case list([TemplateValue])

    struct Field: Hashable, Sendable {
        var name: String
        var value: TemplateValue
    }

    /// Go's `template.IsTrue`.
    var isTrue: Bool {
        switch self {
        case .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .labels(let labels): !labels.isEmpty
        case .map(let map): !map.isEmpty
        case .record: true
        case .list(let items): !items.isEmpty
        }
    }

    /// Go's name of the type, for messages.
    var typeName: String {
        switch self {
        case .none: "nil"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float64"
        case .string: "string"
        case .labels: "map[string]string"
        case .map: "map[string]interface {}"
        case .record: "struct"
        case .list: "list"
        }
    }

    /// As Go's `fmt.Sprint` writes it.
    var text: String {
        switch self {
        case .none: "<no value>"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .float(let value): GoNumber.shortest(value)
        case .string(let text): text
        case .labels(let labels):
            "map["
                + labels.sorted { Labels.precedes($0.key, $1.key) }.map { "\($0.key):\($0.value)" }
                .joined(separator: " ") + "]"
        case .map(let map):
            "map["
                + map.sorted { Labels.precedes($0.key, $1.key) }.map { "\($0.key):\($0.value.text)" }
                .joined(separator: " ") + "]"
        case .record(let fields): "{" + fields.map(\.value.text).joined(separator: " ") + "}"
        case .list(let items): "[" + items.map(\.text).joined(separator: " ") + "]"
        }
    }

    /// Prometheus' `convertToFloat`; nil where there is no number in it.
    var number: Double? {
        switch self {
        case .float(let value): value
        case .integer(let value): Double(value)
        case .string(let text): GoNumber.parse(text)
        default: nil
        }
    }

    init(_ labels: Labels) {
        self = .labels(Dictionary(labels.pairs.map { ($0.name, $0.value) }) { _, last in last })
    }

    init(_ number: VectorElement.Number) {
        switch number {
        case .float(let value): self = .float(value)
        case .histogram(let histogram):
            let (count, sum) = (GoNumber.shortest(histogram.count), GoNumber.shortest(histogram.sum))
            self = .string("{count:\(count), sum:\(sum)}")
        }
    }

    /// An element of a query's result, as `query` yields it.
    init(_ element: VectorElement) {
        self = .record([
            Field(name: "Labels", value: TemplateValue(element.labels)),
            Field(name: "Value", value: TemplateValue(element.number)),
        ])
    }
}
