/// How well a node suits a replica. Preferences come first, since a person wrote them; then the fullest node (best fit,
/// which keeps room for large replicas together); then the node with fewest replicas of the workload.
/// Whole numbers, so that every machine ranks alike.
package struct Score: Hashable, Comparable, Sendable {
    /// The sum of the weights of what is preferred and holds, less those of what is to be avoided and is there.
    package var preference: Int
    /// Thousandths of the node that would be taken, the mean over CPU and memory.
    package var fullness: Int
    /// Replicas of the same workload that stand there already.
    package var siblings: Int

    package static func < (a: Score, b: Score) -> Bool {
        (a.preference, a.fullness, -a.siblings) < (b.preference, b.fullness, -b.siblings)
    }

    package var text: String { "preference \(preference), \(fullness / 10) % full, \(siblings) of its kind" }
}
