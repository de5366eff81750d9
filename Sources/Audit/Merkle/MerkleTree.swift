/// The hashes of an append-only tree: every complete subtree is kept, so that heads and proofs of any size need no leaf.
/// Two hashes a leaf.
package struct MerkleTree: Sendable {
    /// `levels[k][i]` is the head of leaves `i * 2^k ..< (i + 1) * 2^k`.
    private var levels: [[MerkleHash]] = [[]]

    package init() {}

    package var count: Int { levels[0].count }

    package func leaf(_ index: Int) -> MerkleHash { levels[0][index] }

    package mutating func append(_ leaf: MerkleHash) {
        levels[0].append(leaf)
        var level = 0
        while levels[level].count % 2 == 0 {
            let count = levels[level].count
            let parent = MerkleHash.node(levels[level][count - 2], levels[level][count - 1])
            level += 1
            if level == levels.count { levels.append([]) }
            levels[level].append(parent)
        }
    }

    /// The head of the first `size` leaves.
    package func root(_ size: Int? = nil) -> MerkleHash {
        let size = size ?? count
        precondition((0...count).contains(size), "a head of size \(size), the tree has \(count)")
        return size == 0 ? .empty : head(0..<size)
    }

    /// The siblings from a leaf to the head of the first `size` leaves (RFC 6962, 2.1.1).
    package func inclusionProof(of index: Int, in size: Int) -> [MerkleHash] {
        precondition(
            index >= 0 && index < size && size <= count, "leaf \(index) of \(size), the tree has \(count)")
        return path(to: index, in: 0..<size)
    }

    /// What proves that the head of `old` leaves is a prefix of that of `new` leaves (RFC 6962, 2.1.2).
    package func consistencyProof(from old: Int, to new: Int) -> [MerkleHash] {
        precondition(old >= 0 && old <= new && new <= count, "sizes \(old) and \(new), the tree has \(count)")
        return old == 0 || old == new ? [] : subproof(old, in: 0..<new, isWhole: true)
    }

    /// The head of a range that begins at a multiple of the largest power of two below its length.
    private func head(_ range: Range<Int>) -> MerkleHash {
        if range.count.nonzeroBitCount == 1 {
            let level = range.count.trailingZeroBitCount
            return levels[level][range.lowerBound >> level]
        }
        let middle = range.lowerBound + Self.split(range.count)
        return MerkleHash.node(head(range.lowerBound..<middle), head(middle..<range.upperBound))
    }

    private func path(to index: Int, in range: Range<Int>) -> [MerkleHash] {
        guard range.count > 1 else { return [] }
        let middle = range.lowerBound + Self.split(range.count)
        let left = range.lowerBound..<middle
        let right = middle..<range.upperBound
        return index < middle
            ? path(to: index, in: left) + [head(right)] : path(to: index, in: right) + [head(left)]
    }

    private func subproof(_ old: Int, in range: Range<Int>, isWhole: Bool) -> [MerkleHash] {
        if old == range.count { return isWhole ? [] : [head(range)] }
        let half = Self.split(range.count)
        let middle = range.lowerBound + half
        let left = range.lowerBound..<middle
        let right = middle..<range.upperBound
        return old <= half
            ? subproof(old, in: left, isWhole: isWhole) + [head(right)]
            : subproof(old - half, in: right, isWhole: false) + [head(left)]
    }

    /// The largest power of two below a count of at least two.
    static func split(_ count: Int) -> Int { 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
