/// The head of the log as others may keep it: C2SP's tlog-checkpoint, a signed note of origin, size and root.
package struct Checkpoint: Hashable, Sendable {
    /// The name of the log, such as `flyball.example/prod`.
    package var origin: String
    package var size: Int
    package var root: MerkleHash

    package init(origin: String, size: Int, root: MerkleHash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// What is signed: three lines.
    package var body: String { "\(origin)\n\(size)\n\(Text.base64(root.bytes))\n" }

    /// The note, with a signature where there is a signer.
    package func note(signedBy signer: NoteSigner?) -> String {
        guard let signer else { return body }
        return body + "\n" + signer.signatureLine(of: body)
    }

    /// Reads the three lines, whatever follows; nil for another text.
    package init?(note: String) {
        let lines = note.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count >= 3, !lines[0].isEmpty, let size = Int(lines[1]), size >= 0,
            String(size) == lines[1],
            let bytes = Text.base64(decoding: String(lines[2])), let root = MerkleHash(bytes)
        else { return nil }
        self.init(origin: String(lines[0]), size: size, root: root)
    }
}
