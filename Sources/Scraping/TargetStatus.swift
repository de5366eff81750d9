package import Discovery
package import TimeSeries

/// What is known of a target, as `/api/v1/targets` shows it.
package struct TargetStatus: Hashable, Sendable {
    package enum Health: String, Hashable, Sendable {
        case unknown, up, down
    }

    package var target: Target
    package var health: Health = .unknown
    /// Empty where the last scrape was fine. A target that is up may have one too: the store refused new series.
    package var lastError = ""
    package var lastScrape: Timestamp?
    package var lastDuration: Duration = .zero
    /// Samples of the last scrape after relabelling.
    package var samples = 0
    /// Starts that were passed over because the scrape before was still running.
    package var skippedScrapes = 0

    package init(target: Target) { self.target = target }
}

/// A scrape that has reached the sink, failed ones included: their `up` is 0.
package struct LandedScrape: Hashable, Sendable {
    package var target: Target
    /// The time of its samples.
    package var timestamp: Timestamp
    package var isUp: Bool
    package var samples: Int
    /// The sink's log position behind it.
    package var position: UInt64
    /// What went wrong; empty where nothing did.
    package var problem = ""
    /// Where failed scrapes are to be written down (`scrape_failure_log_file`); nil for nowhere.
    package var failureLog: String?

    package init(target: Target, timestamp: Timestamp, isUp: Bool, samples: Int, position: UInt64) {
        self.target = target
        self.timestamp = timestamp
        self.isUp = isUp
        self.samples = samples
        self.position = position
    }
}
