import Foundation

/// An answer of the API, read by name. What is absent reads as empty.
struct JSON {
    private let value: Any?

    init(_ value: Any?) { self.value = value }

    init(bytes: [UInt8]) throws {
        value = try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    subscript(key: String) -> JSON { JSON((value as? [String: Any])?[key]) }

    var items: [JSON] { (value as? [Any])?.map(JSON.init) ?? [] }

    var fields: [(key: String, value: JSON)] {
        (value as? [String: Any])?.map { (key: $0.key, value: JSON($0.value)) }.sorted { $0.key < $1.key }
            ?? []
    }

    var string: String? { value as? String }
    var number: Double? { (value as? NSNumber)?.doubleValue }
    var integer: Int? { (value as? NSNumber)?.intValue }
    var isTrue: Bool { (value as? Bool) ?? false }
    var isPresent: Bool { value != nil && !(value is NSNull) }

    /// A scalar as text, empty where absent.
    var text: String {
        if let string { return string }
        if let number = value as? NSNumber { return "\(number)" }
        return ""
    }

    /// The whole value as indented JSON.
    var pretty: String {
        guard let value, !(value is NSNull) else { return "null" }
        let options: JSONSerialization.WritingOptions = [
            .prettyPrinted, .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed,
        ]
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else {
            return text
        }
        return String(decoding: data, as: UTF8.self)
    }
}
