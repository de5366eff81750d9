/// The name of one kind of thing: `[a-z0-9.-]`, 1 to 63 bytes, beginning and ending with a letter or digit (a DNS label
/// with dots). Names go into paths, command lines and URLs, hence the narrow alphabet.
package struct Identifier<Subject>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let name: String

    /// Nil for a text that is not such a name.
    package init?(_ name: String) {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let bytes = name.utf8
        guard (1...63).contains(bytes.count), isAlphanumeric(bytes.first!), isAlphanumeric(bytes.last!),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
        else { return nil }
        self.name = name
    }

    package var description: String { name }

    package static func < (a: Self, b: Self) -> Bool { a.name.utf8.lexicographicallyPrecedes(b.name.utf8) }
}

extension Identifier: Codable, CodingKeyRepresentable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Identifier(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a name: \(text)"))
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }

    package var codingKey: any CodingKey { name.codingKey }
    package init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

package typealias NodeID = Identifier<Node>
package typealias WorkloadID = Identifier<Workload>
package typealias ReplicaID = Identifier<Replica>
