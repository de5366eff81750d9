import TimeSeries

/// The annotations of a rule or an alert, ordered by name. Unlike labels they keep empty values.
package struct Annotations: Hashable, Sendable {
    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package let list: [Pair]

    package static let empty = Annotations([])

    package init(_ pairs: [(name: String, value: String)]) {
        list = pairs.map { Pair(name: $0.name, value: $0.value) }
            .sorted { Labels.precedes($0.name, $1.name) }
    }

    package var isEmpty: Bool { list.isEmpty }

    package var pairs: [(name: String, value: String)] { list.map { (name: $0.name, value: $0.value) } }

    package subscript(name: String) -> String? { list.first { $0.name == name }?.value }
}
