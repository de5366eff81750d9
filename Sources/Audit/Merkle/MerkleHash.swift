import Crypto

/// The SHA-256 hash of a leaf or of a subtree, after RFC 6962, section 2.1: leaves and inner nodes are hashed with different
/// prefixes, so that none can pass for the other.
package struct MerkleHash: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (index, byte) in bytes.enumerated() {
            switch index / 8 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
        }
        (a, b, c, d) = words
    }

    package var bytes: [UInt8] {
        [a, b, c, d].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    package init(sha256 bytes: [UInt8]) {
        var hash = SHA256()
        hash.update(data: bytes)
        self.init(Array(hash.finalize()))!
    }

    /// `SHA-256("")`, the head of a tree without leaves.
    package static let empty = MerkleHash(sha256: [])

    package static func leaf(_ entry: [UInt8]) -> MerkleHash { MerkleHash(sha256: [0] + entry) }

    package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
        MerkleHash(sha256: [1] + left.bytes + right.bytes)
    }

    /// Lower-case hexadecimal.
    package var description: String { Text.hexadecimal(bytes) }
}

/// Bytes as text, without Foundation.
package enum Text {
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                text.append(
                    place <= group.count
                        ? alphabet[Int(value >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for what is not padded standard Base64.
    package static func base64(decoding text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        guard bytes.count % 4 == 0 else { return nil }
        let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var result: [UInt8] = []
        var value: UInt32 = 0
        for (index, byte) in bytes.dropLast(padding).enumerated() {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            value = value << 6 | UInt32(digit)
            if index % 4 > 0 {
                result.append(UInt8(truncatingIfNeeded: value >> UInt32(6 - 2 * (index % 4))))
            }
        }
        let rest = value & (padding == 2 ? 15 : padding == 1 ? 3 : 0)
        return rest == 0 ? result : nil
    }
}
