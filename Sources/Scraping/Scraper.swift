package import Curl
package import Discovery
package import Exposition
import Synchronization
package import TimeSeries

/// Scrapes the targets of all scrape configurations: `run` with a real clock, or `scrapeDue` from a simulation.
///
/// Each target's scrapes start on its own grid and never overlap; one that hangs costs only its own samples. Targets come
/// and go with discovery and reloads; those that stay keep their series and their caches.
package final class Scraper: Sendable {
    private struct Scheduled {
        var scraper: TargetScraper
        var isRunning = false
    }

    private struct State {
        var pools: [String: ScrapePool] = [:]
        var queue = ScrapeQueue()
        var scheduled: [UInt64: Scheduled] = [:]
        var lastID: UInt64 = 0
        /// When was last looked for what is due.
        var lastLook = Timestamp.distantPast
        var counters = ScrapeCounters()
    }

    private let environment: TargetScraper.Environment
    private let fleet: FleetTargets
    private let onLanded: @Sendable (LandedScrape) -> Void
    private let state = Mutex(State())
    private let sources = Mutex(TargetSources())
    /// How often files are looked at and the fleet is asked for its targets.
    private let refreshInterval: Duration

    /// - Parameters:
    ///   - fleet: targets for `flyball_sd_configs`.
    ///   - onLanded: called after each scrape has reached the sink, outside any lock.
    package init(
        transport: any Transport, clock: any Clock, sink: any SampleSink, files: FileAccess = .system,
        userAgent: String = "flyball", refreshInterval: Duration = .seconds(1),
        fleet: @escaping FleetTargets = { _ in [] },
        onLanded: @escaping @Sendable (LandedScrape) -> Void = { _ in }
    ) {
        environment = TargetScraper.Environment(
            transport: transport, clock: clock, sink: sink, files: files, userAgent: userAgent)
        self.refreshInterval = refreshInterval
        self.fleet = fleet
        self.onLanded = onLanded
    }

    /// Takes over the scrape configurations, at start and on reload, and looks at their sources at once.
    package func apply(_ jobs: [ScrapeConfiguration]) {
        let removed = sources.withLock { sources in
            sources.apply(jobs)
            let groups = sources.refresh(environment.files, uptime: environment.clock.uptime, fleet)
            return state.withLock { state in replacePools(jobs, in: &state) + update(groups, in: &state) }
        }
        end(removed)
    }

    /// Looks at the sources of targets: starts new ones, ends the series of those that are gone.
    package func refresh() {
        let removed = sources.withLock { sources in
            let groups = sources.refresh(environment.files, uptime: environment.clock.uptime, fleet)
            return state.withLock { state in update(groups, in: &state) }
        }
        end(removed)
    }

    private func replacePools(_ jobs: [ScrapeConfiguration], in state: inout State) -> [TargetScraper] {
        var removed: [TargetScraper] = []
        var pools: [String: ScrapePool] = [:]
        for job in jobs {
            var pool = state.pools.removeValue(forKey: job.jobName) ?? ScrapePool(job)
            removed += pool.apply(job)
            pools[job.jobName] = pool
        }
        for name in state.pools.keys.sorted() { removed += state.pools[name]?.removeAll() ?? [] }
        state.pools = pools
        return removed
    }

    private func update(_ groups: [String: [TargetGroup]], in state: inout State) -> [TargetScraper] {
        let now = environment.clock.now
        var removed: [TargetScraper] = []
        for name in state.pools.keys.sorted() {
            guard var pool = state.pools.removeValue(forKey: name) else { continue }
            let change = pool.update(discovered: groups[name] ?? []) { target, job in
                state.lastID += 1
                return TargetScraper(id: state.lastID, target, job, environment)
            }
            state.pools[name] = pool
            removed += change.removed
            for scraper in change.added { Scraper.schedule(scraper, after: now, in: &state) }
        }
        return removed
    }

    private static func schedule(_ scraper: TargetScraper, after now: Timestamp, in state: inout State) {
        guard state.scheduled[scraper.id] == nil else { return }
        state.scheduled[scraper.id] = Scheduled(scraper: scraper)
        enqueue(scraper, after: now, in: &state)
    }

    private static func enqueue(_ scraper: TargetScraper, after now: Timestamp, in state: inout State) {
        let target = scraper.status.target
        let start = ScrapeSchedule.next(after: now, hash: target.stableHash, interval: target.interval)
        state.queue.insert(ScrapeQueue.Entry(start: start, id: scraper.id))
    }

    /// Plans those starts anew that a clock which was set back has left farther ahead than an interval.
    private static func plan(after now: Timestamp, in state: inout State) {
        let entries = state.queue.entries
        state.queue = ScrapeQueue()
        for entry in entries {
            guard let scraper = state.scheduled[entry.id]?.scraper else { continue }
            let interval = scraper.status.target.interval
            if entry.start - now > interval + ScrapeSchedule.slot(of: interval) {
                enqueue(scraper, after: now, in: &state)
            } else {
                state.queue.insert(entry)
            }
        }
    }

    private func end(_ removed: [TargetScraper]) {
        guard !removed.isEmpty else { return }
        state.withLock { state in
            for scraper in removed { state.scheduled[scraper.id] = nil }
        }
        for scraper in removed { scraper.close() }
    }
}

extension Scraper {
    /// Scrapes until the task is cancelled; scrapes under way are then given up. Series get no stale markers at
    /// shutdown, so that a restart within the lookback leaves no gap.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var lastRefresh = environment.clock.uptime
            while !Task.isCancelled {
                if environment.clock.uptime - lastRefresh >= refreshInterval {
                    refresh()
                    lastRefresh = environment.clock.uptime
                }
                for due in takeDue(at: environment.clock.now) {
                    group.addTask(executorPreference: environment.transport.executor) {
                        await self.perform(due)
                    }
                }
                let wait = nextStart.map { $0 - environment.clock.now } ?? refreshInterval
                do {
                    try await environment.clock.sleep(for: max(.milliseconds(1), min(wait, refreshInterval)))
                } catch {
                    break
                }
            }
            group.cancelAll()
        }
    }

    /// The next planned start, or nil without targets.
    package var nextStart: Timestamp? {
        state.withLock { state in
            while let entry = state.queue.next {
                if state.scheduled[entry.id] != nil { return entry.start }
                _ = state.queue.pop(until: entry.start)
            }
            return nil
        }
    }

    /// Scrapes every target that is due at `now`, one after the other in a fixed order; for virtual time.
    package func scrapeDue(at now: Timestamp) async {
        for due in takeDue(at: now) { await perform(due) }
    }

    /// Scrapes every target at once, whether due or not, one after the other; for tests and first samples.
    package func scrapeAll(at timestamp: Timestamp) async {
        for scraper in scrapers { await scrape(scraper, at: timestamp) }
    }

    /// Scrapes one target at once; its status afterwards, nil where it is not a target.
    package func scrapeOnce(_ target: Target, at timestamp: Timestamp) async -> TargetStatus? {
        let found = scrapers.first { scraper in
            let known = scraper.status.target
            return known.pool == target.pool && known.url == target.url && known.labels == target.labels
        }
        guard let found else { return nil }
        await scrape(found, at: timestamp)
        return found.status
    }

    private struct Due {
        var scraper: TargetScraper
        var planned: Timestamp
    }

    private var scrapers: [TargetScraper] {
        state.withLock { state in
            state.pools.sorted { $0.key < $1.key }.flatMap(\.value.ordered)
        }
    }

    private func takeDue(at now: Timestamp) -> [Due] {
        state.withLock { state in
            if now < state.lastLook { Scraper.plan(after: now, in: &state) }
            state.lastLook = now
            var due: [Due] = []
            while let entry = state.queue.pop(until: now) {
                guard let scheduled = state.scheduled[entry.id] else { continue }
                Scraper.enqueue(scheduled.scraper, after: now, in: &state)
                if scheduled.isRunning {
                    scheduled.scraper.noteSkipped()
                    state.counters.skipped += 1
                } else {
                    state.scheduled[entry.id]?.isRunning = true
                    due.append(Due(scraper: scheduled.scraper, planned: entry.start))
                }
            }
            return due
        }
    }

    private func perform(_ due: Due) async {
        let interval = due.scraper.status.target.interval
        let timestamp = ScrapeSchedule.timestamp(
            planned: due.planned, started: environment.clock.now, interval: interval)
        await scrape(due.scraper, at: timestamp)
        state.withLock { $0.scheduled[due.scraper.id]?.isRunning = false }
    }

    private func scrape(_ scraper: TargetScraper, at timestamp: Timestamp) async {
        guard let landed = await scraper.scrape(at: timestamp) else { return }
        state.withLock { $0.counters.note(landed) }
        onLanded(landed)
    }
}

extension Scraper {
    /// Every target with its state, by pool, then by URL.
    package var targets: [TargetStatus] { scrapers.map(\.status) }

    /// Targets that were discovered and are not scraped, by pool.
    package var droppedTargets: [DroppedTarget] {
        state.withLock { state in
            state.pools.sorted { $0.key < $1.key }.flatMap(\.value.targets.dropped)
        }
    }

    /// How many were dropped per pool, those that are not kept included.
    package var droppedCounts: [String: Int] { state.withLock { $0.pools.mapValues(\.targets.droppedCount) } }

    /// The names of the scrape configurations, ordered.
    package var pools: [String] { state.withLock { $0.pools.keys.sorted() } }

    /// What is wrong with discovery files right now.
    package var discoveryFailures: [String] { sources.withLock(\.failures) }

    /// The scraper's metrics about itself.
    package func write(to writer: inout ExpositionWriter) {
        let (counters, pools) = state.withLock { state in
            (state.counters, state.pools.mapValues(\.targets.active.count).sorted { $0.key < $1.key })
        }
        let failures = discoveryFailures.count
        counters.write(to: &writer)
        writer.gauge(
            "flyball_scrape_pool_targets", help: "Targets of each scrape configuration.",
            pools.map { ([(name: "scrape_job", value: $0.key)], Double($0.value)) })
        writer.gauge(
            "flyball_discovery_failed_files", help: "Discovery files that cannot be read now.",
            Double(failures))
    }
}

/// What the scraper counts about itself.
struct ScrapeCounters {
    private var up = 0
    private var down = 0
    private var samples = 0
    /// Starts that were passed over because the scrape before was still running.
    var skipped = 0

    mutating func note(_ landed: LandedScrape) {
        if landed.isUp { up += 1 } else { down += 1 }
        samples += landed.samples
    }

    func write(to writer: inout ExpositionWriter) {
        writer.counter(
            "flyball_scrapes_total", help: "Scrapes by their result.",
            [
                ([(name: "result", value: "up")], Double(up)),
                ([(name: "result", value: "down")], Double(down)),
            ])
        writer.counter(
            "flyball_scrape_samples_total", help: "Samples that scrapes brought after relabelling.",
            Double(samples))
        writer.counter(
            "flyball_scrapes_skipped_total",
            help: "Starts passed over because the target's scrape before was still running.", Double(skipped))
    }
}
