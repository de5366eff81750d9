package import TimeSeries

/// Rules that are evaluated one after the other at the same moments, so that each sees what those before it recorded.
package struct RuleGroup: Hashable, Sendable {
    package var name: String
    /// The path of its file as it was loaded.
    package var file: String
    package var interval: Duration
    /// How far in the past the rules look, for data that arrives late.
    package var queryOffset: Duration
    /// The most series or alerts that one rule may yield; 0 for no limit.
    package var limit: Int
    package var rules: [Rule]

    package init(
        name: String, file: String, interval: Duration, queryOffset: Duration = .zero, limit: Int = 0,
        rules: [Rule]
    ) {
        self.name = name
        self.file = file
        self.interval = interval
        self.queryOffset = queryOffset
        self.limit = limit
        self.rules = rules
    }

    /// Names a group among all files.
    package struct Key: Hashable, Sendable, Comparable {
        package var file: String
        package var name: String

        package static func < (a: Key, b: Key) -> Bool {
            a.file == b.file ? Labels.precedes(a.name, b.name) : Labels.precedes(a.file, b.file)
        }

        /// `file;name`, the value of the label `rule_group` of Prometheus' metrics.
        package var text: String { file + ";" + name }
    }

    package var key: Key { Key(file: file, name: name) }

    /// Where in its interval the group is evaluated: the same for ever, and spread over the groups by their names.
    package var offset: Duration {
        let hash = Labels([("file", file), ("name", name)]).stableHash
        return .milliseconds(Int64(hash % UInt64(max(1, interval.milliseconds))))
    }

    /// The last evaluation time at or before a moment.
    package func slot(atOrBefore moment: Timestamp) -> Timestamp {
        let step = max(1, interval.milliseconds)
        let shifted = moment.milliseconds - offset.milliseconds
        let remainder = ((shifted % step) + step) % step
        return Timestamp(milliseconds: shifted - remainder + offset.milliseconds)
    }
}
