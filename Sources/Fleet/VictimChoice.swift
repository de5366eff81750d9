/// Which replicas leave first when there are too many. Those that do no work and those on nodes that are on their way
/// out always go before the others.
package enum VictimChoice: String, Hashable, Sendable, Codable, CaseIterable {
    /// Those on the node with most of their kind, then the youngest: spreads what remains.
    case crowded
    case newest
    case oldest
    /// Those on the node with the fewest replicas of all workloads, so that it may become empty.
    case emptiestNode = "emptiest_node"
    /// Those on the node with the highest number in its label `cost`.
    case costliestNode = "costliest_node"
    /// Those of which the policy's query yields the least: load, or a cost of losing them.
    case least
}
