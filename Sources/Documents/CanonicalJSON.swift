import Foundation

/// The one byte form of our own records (journal events, audit entries): JSON with sorted keys and no spaces, numbers in
/// their shortest exact form, non-finite numbers as text. Equal values have equal bytes on every machine.
package enum CanonicalJSON {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("a record of ours must encode: \(error)")
        }
    }

    /// - Throws: `DecodingError` for bytes that are not such a record.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return try decoder.decode(type, from: Data(bytes))
    }
}
