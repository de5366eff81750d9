import Documents
import TimeSeries

/// As much of JSON Schema 2020-12 as docs/schema uses.
struct SchemaValidator {
    let root: Documents.Node

    func accepts(_ value: Documents.Node) -> Bool { accepts(value, root) }

    private func accepts(_ value: Documents.Node, _ schema: Documents.Node) -> Bool {
        if let reference = schema["$ref"]?.text, !accepts(value, resolve(reference)) { return false }
        if let type = schema["type"], !texts(type).contains(where: { has(value, type: $0) }) { return false }
        if let only = schema["const"]?.text, value.text != only { return false }
        if let allowed = schema["enum"], !texts(allowed).contains(value.text ?? "") { return false }
        if let pattern = schema["pattern"]?.text, let text = value.text {
            guard let compiled = try? Pattern(pattern), compiled.matches(text) else { return false }
        }
        if let least = schema["minimum"]?.text.flatMap(Double.init),
            let number = value.text.flatMap(Double.init),
            number < least
        {
            return false
        }
        if let most = schema["maximum"]?.text.flatMap(Double.init),
            let number = value.text.flatMap(Double.init),
            number > most
        {
            return false
        }
        if let bound = schema["exclusiveMinimum"]?.text.flatMap(Double.init),
            let number = value.text.flatMap(Double.init), number <= bound
        {
            return false
        }
        if let least = schema["minLength"]?.text.flatMap(Int.init), let text = value.text, text.count < least
        {
            return false
        }
        return acceptsCombined(value, schema) && acceptsParts(of: value, schema)
    }

    private func acceptsCombined(_ value: Documents.Node, _ schema: Documents.Node) -> Bool {
        if let options = schema["oneOf"], items(options).filter({ accepts(value, $0) }).count != 1 {
            return false
        }
        if let options = schema["anyOf"], !items(options).contains(where: { accepts(value, $0) }) {
            return false
        }
        if let all = schema["allOf"], !items(all).allSatisfy({ accepts(value, $0) }) { return false }
        if let refused = schema["not"], accepts(value, refused) { return false }
        return true
    }

    private func acceptsParts(of value: Documents.Node, _ schema: Documents.Node) -> Bool {
        for key in schema["required"].map(texts) ?? [] where value[key] == nil { return false }
        if case .mapping(let pairs)? = schema["dependentRequired"]?.content {
            for (key, needed) in pairs where value[key.text ?? ""] != nil {
                for other in texts(needed) where value[other] == nil { return false }
            }
        }
        if case .sequence(let elements) = value.content {
            if let least = schema["minItems"]?.text.flatMap(Int.init), elements.count < least { return false }
            if let wanted = schema["contains"], !elements.contains(where: { accepts($0, wanted) }) {
                return false
            }
            if let item = schema["items"], !elements.allSatisfy({ accepts($0, item) }) { return false }
        }
        if case .mapping(let pairs) = value.content, let properties = schema["properties"] {
            for (key, part) in pairs {
                if let property = properties[key.text ?? ""] {
                    if !accepts(part, property) { return false }
                } else if schema["additionalProperties"]?.text == "false" {
                    return false
                }
            }
        }
        return true
    }

    private func has(_ value: Documents.Node, type: String) -> Bool {
        switch (type, value.content) {
        case ("object", .mapping), ("array", .sequence): true
        case ("null", .scalar): value.isNull
        case ("integer", .scalar(let text, plain: true)): Int(text) != nil
        case ("number", .scalar(let text, plain: true)): Double(text) != nil
        case ("string", .scalar(let text, let plain)): !value.isNull && (!plain || Double(text) == nil)
        default: false
        }
    }

    private func resolve(_ reference: String) -> Documents.Node {
        reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)]! }
    }

    private func texts(_ node: Documents.Node) -> [String] {
        node.text.map { [$0] } ?? items(node).compactMap(\.text)
    }

    private func items(_ node: Documents.Node) -> [Documents.Node] {
        if case .sequence(let items) = node.content { items } else { [] }
    }
}
