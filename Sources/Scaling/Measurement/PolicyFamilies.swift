import PromQL

/// Which policies share queries or selectors, directly or through others: measured together, each is evaluated once.
enum PolicyFamilies {
    /// The family of each policy by its name: the place of the family's first policy.
    static func of(_ policies: [ScalingPolicy]) -> [String: Int] {
        var elders = Array(policies.indices)
        func eldest(_ index: Int) -> Int {
            var index = index
            while elders[index] != index { index = elders[index] }
            return index
        }
        var first: [String: Int] = [:]
        for (index, policy) in policies.enumerated() {
            for text in texts(of: policy) {
                let (mine, other) = (eldest(index), eldest(first[text] ?? index))
                elders[max(mine, other)] = min(mine, other)
                first[text] = first[text] ?? index
            }
        }
        return Dictionary(policies.indices.map { (policies[$0].name, eldest($0)) }) { first, _ in first }
    }

    /// What measuring a policy evaluates.
    private static func texts(of policy: ScalingPolicy) -> [String] {
        let others = [policy.victimQuery, policy.sizing?.cpu?.query, policy.sizing?.memory?.query]
        let queries = policy.signals.map(\.query) + others.compactMap { $0 }
        return queries.flatMap { query in
            [query] + ((try? Expression.parse(query))?.selectors.map(\.plain) ?? [])
        }
    }
}
