import Testing

@testable import Audit

struct MerkleTests {
    /// The eight leaves and heads that the implementations of RFC 6962 share as known answers.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57), Array(0x60...0x6f),
    ]
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test func `heads are those of RFC 6962`() {
        var tree = MerkleTree()
        #expect(tree.root().description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        for (leaf, root) in zip(Self.leaves, Self.roots) {
            tree.append(.leaf(leaf))
            #expect(tree.root().description == root)
        }
        for (index, root) in Self.roots.enumerated() { #expect(tree.root(index + 1).description == root) }
    }

    @Test func `every leaf of every size has a proof that verifies, and no other leaf does`() {
        let tree = Self.tree(of: 70)
        for size in 1...70 {
            for index in 0..<size {
                let proof = tree.inclusionProof(of: index, in: size)
                let root = tree.root(size)
                #expect(
                    MerkleProof.verifyInclusion(
                        tree.leaf(index), at: index, in: size, root: root, proof: proof))
                let other = MerkleHash.leaf([0xff])
                #expect(!MerkleProof.verifyInclusion(other, at: index, in: size, root: root, proof: proof))
                let longer = proof + [other]
                #expect(
                    !MerkleProof.verifyInclusion(
                        tree.leaf(index), at: index, in: size, root: root, proof: longer))
            }
        }
    }

    @Test func `every size continues every smaller one, and proves it`() {
        let tree = Self.tree(of: 40)
        for new in 0...40 {
            for old in 0...new {
                let proof = tree.consistencyProof(from: old, to: new)
                #expect(
                    MerkleProof.verifyConsistency(
                        from: old, tree.root(old), to: new, tree.root(new), proof: proof))
                guard old > 0, old < new else { continue }
                #expect(
                    !MerkleProof.verifyConsistency(
                        from: old, .leaf([1]), to: new, tree.root(new), proof: proof))
            }
        }
    }

    @Test func `bytes become Base64 and return`() {
        for (text, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Text.base64(Array(text.utf8)) == encoded)
            #expect(Text.base64(decoding: encoded) == Array(text.utf8))
        }
        for wrong in ["Zg", "Zg=", "Z===", "Zh==", "Zm9=", "Zm9!"] {
            #expect(Text.base64(decoding: wrong) == nil)
        }
    }

    static func tree(of count: Int) -> MerkleTree {
        var tree = MerkleTree()
        for index in 0..<count { tree.append(.leaf([UInt8(truncatingIfNeeded: index)])) }
        return tree
    }
}
