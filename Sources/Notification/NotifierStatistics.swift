package import TimeSeries

/// What became of the alerts that were handed to the notifier, since it started.
package struct NotifierStatistics: Hashable, Sendable {
    /// The counters of one Alertmanager.
    package struct Peer: Hashable, Sendable {
        /// The URL that alerts are posted to.
        package var url: String
        /// Alerts in requests that were answered with a 2xx.
        package var sent = 0
        /// Alerts in requests that failed for good.
        package var errors = 0
        /// The time of all requests together; with `requests` the mean.
        package var totalLatency: Duration = .zero
        package var requests = 0
        package var lastError: String?
        package var lastSuccess: Timestamp?

        package init(url: String) { self.url = url }
    }

    package var queueLength = 0
    package var queueCapacity: Int
    /// Alerts that were lost: the queue was full, or no Alertmanager took them.
    package var dropped = 0
    /// By URL, ordered.
    package var peers: [Peer] = []

    package init(queueCapacity: Int) { self.queueCapacity = queueCapacity }

    package var sent: Int { peers.reduce(0) { $0 + $1.sent } }
    package var errors: Int { peers.reduce(0) { $0 + $1.errors } }
}
