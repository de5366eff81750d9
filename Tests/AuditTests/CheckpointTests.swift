import Testing

@testable import Audit

struct CheckpointTests {
    let checkpoint = Checkpoint(origin: "flyball.example/prod", size: 7, root: .empty)

    @Test func `a checkpoint is three lines and reads back`() {
        #expect(checkpoint.body == "flyball.example/prod\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        #expect(Checkpoint(note: checkpoint.body) == checkpoint)
        for wrong in ["", "a\n7\n", "a\n07\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "a\n1\nZg==\n"] {
            #expect(Checkpoint(note: wrong) == nil)
        }
    }

    @Test func `a signed note verifies with the right key only`() throws {
        let signer = try #require(
            NoteSigner(name: "flyball.example/prod", seed: Array(repeating: 7, count: 32)))
        let other = try #require(
            NoteSigner(name: "flyball.example/prod", seed: Array(repeating: 8, count: 32)))
        let note = checkpoint.note(signedBy: signer)

        #expect(signer.verifier.verify(note))
        #expect(!other.verifier.verify(note))
        #expect(!signer.verifier.verify(checkpoint.body))
        #expect(!signer.verifier.verify(note.replacing("\n7\n", with: "\n8\n")))
        #expect(NoteVerifier(signer.verifier.text)?.verify(note) == true)
    }

    /// The example key of Go's golang.org/x/mod/sumdb/note.
    @Test func `a key of the Go implementation has the id that Go computes`() throws {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        let verifier = try #require(NoteVerifier(text))
        let note =
            "If you think cryptography is the answer to your problem,\n"
            + "then you don't know what your problem is.\n\n"
            + "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

        #expect(verifier.text == text)
        #expect(verifier.verify(note))
    }
}
