/// Ascending numbers of members. The first one needs no memory of its own: most values of some labels have only one.
struct PostingList: Sendable {
    private var first: UInt32 = 0
    private var hasFirst = false
    private var rest: [UInt32] = []

    var count: Int { (hasFirst ? 1 : 0) + rest.count }
    var isEmpty: Bool { !hasFirst }

    /// Adds a number above all before it.
    mutating func append(_ number: UInt32) {
        guard hasFirst else {
            first = number
            hasFirst = true
            return
        }
        // An array would double; a quarter more is enough where there are millions.
        if rest.count == rest.capacity { rest.reserveCapacity(rest.count + max(2, rest.count / 4)) }
        rest.append(number)
    }

    mutating func remove(_ numbers: Set<UInt32>) {
        let kept = elements.filter { !numbers.contains($0) }
        guard kept.count != count else { return }
        self = PostingList()
        guard let smallest = kept.first else { return }
        first = smallest
        hasFirst = true
        rest = Array(kept.dropFirst())
    }

    var elements: [UInt32] {
        guard hasFirst else { return [] }
        return rest.isEmpty ? [first] : [first] + rest
    }
}
