import Crypto

/// Signs notes with Ed25519 as C2SP's signed-note says: `— name base64(key id, signature)`.
package struct NoteSigner: Sendable {
    package let name: String
    private let key: Curve25519.Signing.PrivateKey

    /// Nil for a name that a note cannot bear (empty, or with blanks or plus signs) or a seed that is not 32 bytes.
    /// The seed comes from a random source of the caller's and is the secret.
    package init?(name: String, seed: [UInt8]) {
        guard NoteVerifier.isName(name), seed.count == 32,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        else { return nil }
        self.name = name
        self.key = key
    }

    package var verifier: NoteVerifier {
        NoteVerifier(name: name, publicKey: Array(key.publicKey.rawRepresentation))!
    }

    /// Nil where the library refuses to sign, which it has no reason to do.
    private func signature(of text: String) -> [UInt8]? {
        (try? key.signature(for: Array(text.utf8))).map { Array($0) }
    }

    func signatureLine(of text: String) -> String {
        guard let signature = signature(of: text) else { return "" }
        return "\u{2014} \(name) \(Text.base64(verifier.id + signature))\n"
    }
}

/// Verifies what a `NoteSigner` signed; its text form is what operators hand out.
package struct NoteVerifier: Sendable {
    package let name: String
    private let key: Curve25519.Signing.PublicKey
    private static let ed25519: UInt8 = 1

    package init?(name: String, publicKey: [UInt8]) {
        guard Self.isName(name), publicKey.count == 32,
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        else { return nil }
        self.name = name
        self.key = key
    }

    /// Reads `name+hash+base64`.
    package init?(_ text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 3, let bytes = Text.base64(decoding: parts[2]), bytes.first == Self.ed25519
        else {
            return nil
        }
        self.init(name: parts[0], publicKey: Array(bytes.dropFirst()))
        guard parts[1] == Text.hexadecimal(id) else { return nil }
    }

    /// `name+hash+base64`.
    package var text: String {
        let key = [Self.ed25519] + Array(key.rawRepresentation)
        return "\(name)+\(Text.hexadecimal(id))+\(Text.base64(key))"
    }

    /// The first four bytes of SHA-256 over name, newline, algorithm and public key.
    var id: [UInt8] {
        let material = Array(name.utf8) + [UInt8(ascii: "\n"), Self.ed25519] + Array(key.rawRepresentation)
        return Array(MerkleHash(sha256: material).bytes.prefix(4))
    }

    /// Whether a note bears a valid signature of this key. Signatures of other keys are ignored.
    package func verify(_ note: String) -> Bool {
        let bytes = Array(note.utf8)
        let separator = Array("\n\n".utf8)
        guard let end = (0..<max(0, bytes.count - 1)).last(where: { Array(bytes[$0..<$0 + 2]) == separator })
        else {
            return false
        }
        let signed = Array(bytes[...end])
        let lines = String(decoding: bytes[(end + 2)...], as: UTF8.self).split(separator: "\n")
        var isSigned = false
        for line in lines {
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 3, parts[0] == "\u{2014}", parts[1] == name,
                let signature = Text.base64(decoding: parts[2]), Array(signature.prefix(4)) == id
            else { continue }
            guard key.isValidSignature(Array(signature.dropFirst(4)), for: signed) else { return false }
            isSigned = true
        }
        return isSigned
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.contains { $0 == "+" || $0.isWhitespace }
    }
}
