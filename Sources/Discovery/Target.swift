package import TimeSeries

/// Something to scrape.
package struct Target: Hashable, Sendable {
    /// The scrape configuration it belongs to.
    package var pool: String
    /// What its series carry; no label that begins with two underscores.
    package var labels: Labels
    /// What discovery and the configuration said, before relabelling.
    package var discovered: Labels
    package var url: String
    package var interval: Duration
    /// At most `interval`.
    package var timeout: Duration

    package init(
        pool: String, labels: Labels, discovered: Labels = .empty, url: String, interval: Duration,
        timeout: Duration
    ) {
        self.pool = pool
        self.labels = labels
        self.discovered = discovered
        self.url = url
        self.interval = interval
        self.timeout = timeout
    }

    /// Equal in every process: what spreads the scrapes of targets over their interval.
    package var stableHash: UInt64 {
        url.utf8.reduce(labels.stableHash ^ 0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
    }
}

/// What discovery found and will not be scraped.
package struct DroppedTarget: Hashable, Sendable {
    package enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// A relabelling rule dropped it.
        case relabelled
        /// It cannot be scraped, with why.
        case invalid(String)

        package var description: String {
            switch self {
            case .relabelled: "dropped by relabelling"
            case .invalid(let reason): reason
            }
        }
    }

    package var pool: String
    package var discovered: Labels
    package var reason: Reason
}

/// The targets of one scrape configuration.
package struct TargetSet: Hashable, Sendable {
    /// Ordered by URL, then labels; none twice.
    package var active: [Target] = []
    package var dropped: [DroppedTarget] = []
    /// All that were dropped, of which `dropped` may keep only some.
    package var droppedCount = 0
    /// Why all scrapes of the pool fail, where `target_limit` is exceeded.
    package var limitExceeded: String?

    package init() {}
}
