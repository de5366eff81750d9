import Discovery
import TimeSeries

/// The targets of one scrape configuration and where they come from.
struct ScrapePool {
    /// What makes two targets the same over refreshes and reloads.
    private struct Identity: Hashable {
        var labels: Labels
        var url: String
    }

    /// What a refresh changed.
    struct Change {
        var added: [TargetScraper] = []
        var removed: [TargetScraper] = []
    }

    private(set) var job: ScrapeConfiguration
    private(set) var targets = TargetSet()
    private var groups: [TargetGroup]?
    private var scrapers: [Identity: TargetScraper] = [:]

    init(_ job: ScrapeConfiguration) { self.job = job }

    /// Every target's scraper, in the order of the targets.
    var ordered: [TargetScraper] { targets.active.compactMap { scrapers[identity($0)] } }

    /// Takes over a new configuration. Targets keep their scrapers, unless lines would now mean something else.
    mutating func apply(_ job: ScrapeConfiguration) -> [TargetScraper] {
        guard job != self.job else { return [] }
        var removed: [TargetScraper] = []
        if !job.readsLines(as: self.job) {
            removed = ordered
            scrapers = [:]
        }
        self.job = job
        groups = nil
        return removed
    }

    /// Makes and drops targets where what was discovered has changed.
    mutating func update(
        discovered: [TargetGroup], make: (Target, ScrapeConfiguration) -> TargetScraper
    ) -> Change {
        let groups = job.staticGroups + discovered
        guard groups != self.groups else { return Change() }
        self.groups = groups
        targets = TargetSet(job, groups: groups)
        var change = Change()
        var kept: [Identity: TargetScraper] = [:]
        for target in targets.active {
            let identity = identity(target)
            guard kept[identity] == nil else { continue }
            let scraper = scrapers.removeValue(forKey: identity) ?? make(target, job)
            if scraper.status.lastScrape == nil { change.added.append(scraper) }
            scraper.update(target, job, limitExceeded: targets.limitExceeded)
            kept[identity] = scraper
        }
        change.removed = scrapers.values.sorted { $0.id < $1.id }
        scrapers = kept
        return change
    }

    /// Every target goes.
    mutating func removeAll() -> [TargetScraper] {
        defer { scrapers = [:] }
        return scrapers.values.sorted { $0.id < $1.id }
    }

    private func identity(_ target: Target) -> Identity { Identity(labels: target.labels, url: target.url) }
}

extension ScrapeConfiguration {
    /// Whether a line becomes the same series under both configurations.
    fileprivate func readsLines(as other: ScrapeConfiguration) -> Bool {
        honorsLabels == other.honorsLabels && honorsTimestamps == other.honorsTimestamps
            && metricRelabelRules == other.metricRelabelRules
            && reportsExtraMetrics == other.reportsExtraMetrics
            && readsNativeHistograms == other.readsNativeHistograms
            && keepsClassicHistograms == other.keepsClassicHistograms
            && convertsClassicHistograms == other.convertsClassicHistograms
            && names == other.names && limits.labels == other.limits.labels
            && limits.labelNameLength == other.limits.labelNameLength
            && limits.labelValueLength == other.limits.labelValueLength
            && tracksTimestampStaleness == other.tracksTimestampStaleness
    }
}
