package import Discovery
import Documents
package import Notification
package import Scraping
import TimeSeries
package import Web

/// What `/api/v1/targets` shows.
package struct TargetListing: Sendable {
    package var active: [TargetStatus]
    package var dropped: [DroppedTarget]
    /// By scrape configuration; may be more than are listed.
    package var droppedCounts: [String: Int]

    package init(active: [TargetStatus], dropped: [DroppedTarget], droppedCounts: [String: Int]) {
        self.active = active
        self.dropped = dropped
        self.droppedCounts = droppedCounts
    }
}

/// `/api/v1/targets` and `/api/v1/alertmanagers`.
package struct TargetRoutes: Sendable {
    private let targets: @Sendable () async -> TargetListing
    private let notifier: @Sendable () async -> NotifierStatistics?

    /// - Parameter notifier: nil where no Alertmanager is configured.
    package init(
        targets: @escaping @Sendable () async -> TargetListing,
        notifier: @escaping @Sendable () async -> NotifierStatistics?
    ) {
        self.targets = targets
        self.notifier = notifier
    }

    package var routes: [Route] {
        [
            Route(
                [.get], "/api/v1/targets", role: .query,
                "Targets and their last scrapes (state=, scrapePool=)",
                handler: list),
            Route(
                [.get], "/api/v1/alertmanagers", role: .query, "Where alerts are sent", handler: alertmanagers
            ),
        ]
    }

    private func list(_ request: WebRequest) async throws -> WebResponse {
        let state = request["state"]?.lowercased() ?? ""
        let pool = request["scrapePool"] ?? ""
        let listing = await targets()
        let showsActive = ["", "any", "active"].contains(state)
        let showsDropped = ["", "any", "dropped"].contains(state)
        let active = listing.active.filter { showsActive && (pool.isEmpty || $0.target.pool == pool) }
        let dropped = listing.dropped.filter { showsDropped && (pool.isEmpty || $0.pool == pool) }
        return Envelope.success(reserving: 32 << 10) { json in
            json.object { json in
                json.items("activeTargets", active) { $0.target($1) }
                json.items("droppedTargets", dropped) { json, target in
                    json.object { json in
                        json.labels("discoveredLabels", target.discovered)
                        json.field("scrapePool", target.pool)
                        json.field("reason", target.reason.description)
                    }
                }
                json.key("droppedTargetCounts")
                json.object { json in
                    guard showsDropped else { return }
                    for (name, count) in listing.droppedCounts.sorted(by: { $0.key < $1.key })
                    where pool.isEmpty || name == pool {
                        json.field(name, count)
                    }
                }
            }
        }
    }

    private func alertmanagers(_ request: WebRequest) async throws -> WebResponse {
        let peers = await notifier()?.peers ?? []
        return Envelope.success { json in
            json.object { json in
                json.items("activeAlertmanagers", peers) { json, peer in
                    json.object { json in
                        json.field("url", peer.url)
                        if let error = peer.lastError { json.field("lastError", error) }
                    }
                }
                json.key("droppedAlertmanagers")
                json.list([])
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func target(_ status: TargetStatus) {
        object { json in
            json.labels("discoveredLabels", status.target.discovered)
            json.labels("labels", status.target.labels)
            json.field("scrapePool", status.target.pool)
            json.field("scrapeUrl", status.target.url)
            json.field("globalUrl", status.target.url)
            json.field("lastError", status.lastError)
            json.field("lastScrape", RFC3339.text(status.lastScrape))
            json.field("lastScrapeDuration", status.lastDuration.inSeconds)
            json.field("health", status.health.rawValue)
            json.field("scrapeInterval", status.target.interval.prometheusText)
            json.field("scrapeTimeout", status.target.timeout.prometheusText)
        }
    }
}
