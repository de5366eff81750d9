package import Curl
package import Discovery
import Relabelling
package import Rules
import Synchronization
package import TimeSeries

/// Tells every configured Alertmanager of alerts, each through its own queue, so that a slow one delays no other.
package final class AlertmanagerNotifier: Sendable {
    /// The Alertmanagers of one entry of the configuration.
    private struct Group {
        var configuration: AlertmanagerConfiguration
        var discoveries: [FileDiscovery]
        var peers: [AlertmanagerPeer] = []
        var dropped: [String] = []
    }

    private struct Inner {
        var alertRelabelRules: [RelabelRule] = []
        var externalLabels: Labels
        var groups: [Group] = []
        /// Not started yet.
        var fresh: [AlertmanagerPeer] = []
        /// Lost at Alertmanagers that are no longer there.
        var dropped = 0
    }

    private let options: NotifierOptions
    private let transport: any Transport
    private let clock: any Clock
    private let files: FileAccess
    private let inner: Mutex<Inner>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    package init(
        _ configuration: AlertingConfiguration = AlertingConfiguration(), externalLabels: Labels = .empty,
        options: NotifierOptions = NotifierOptions(), transport: any Transport, clock: any Clock,
        files: FileAccess = .system
    ) {
        self.options = options
        self.transport = transport
        self.clock = clock
        self.files = files
        inner = Mutex(Inner(externalLabels: externalLabels))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        apply(configuration, externalLabels: externalLabels)
    }

    /// The URLs that alerts are posted to, and those that relabelling dropped, as `/api/v1/alertmanagers` shows them.
    package var alertmanagers: (active: [String], dropped: [String]) {
        inner.withLock { inner in
            (inner.groups.flatMap { $0.peers.map(\.url) }, inner.groups.flatMap(\.dropped))
        }
    }

    package var statistics: NotifierStatistics {
        let (peers, dropped) = inner.withLock { ($0.groups.flatMap(\.peers), $0.dropped) }
        var result = NotifierStatistics(queueCapacity: options.queueCapacity)
        result.queueLength = peers.map(\.queueLength).max() ?? 0
        result.dropped = dropped + peers.reduce(0) { $0 + $1.dropped }
        result.peers = peers.map(\.statistics).sorted { $0.url < $1.url }
        return result
    }

    /// Takes a new configuration. Alertmanagers that stay keep their queues.
    package func apply(_ configuration: AlertingConfiguration, externalLabels: Labels) {
        inner.withLock { inner in
            inner.alertRelabelRules = configuration.alertRelabelRules
            inner.externalLabels = externalLabels
            var old = inner.groups
            inner.groups = configuration.alertmanagers.map { entry in
                if let index = old.firstIndex(where: { $0.configuration == entry }) {
                    return old.remove(at: index)
                }
                return Group(configuration: entry, discoveries: entry.files.map { FileDiscovery($0) })
            }
            for group in old { retire(group.peers, &inner) }
        }
        discover()
    }

    /// Queues alerts; returns at once.
    package func send(_ alerts: [AlertNotification]) {
        inner.withLock { inner in
            let labelled = alerts.compactMap { alert -> AlertNotification? in
                var alert = alert
                alert.labels = inner.externalLabels.merging(alert.labels)
                return relabel(alert, inner.alertRelabelRules)
            }
            for group in inner.groups {
                let own = labelled.compactMap { relabel($0, group.configuration.alertRelabelRules) }
                guard !own.isEmpty else { continue }
                for peer in group.peers { peer.add(own) }
            }
        }
    }

    private func relabel(_ alert: AlertNotification, _ rules: [RelabelRule]) -> AlertNotification? {
        guard !rules.isEmpty else { return alert }
        guard let labels = RelabelRule.apply(rules, to: alert.labels), !labels.isEmpty else { return nil }
        var alert = alert
        alert.labels = labels
        return alert
    }

    /// Runs until cancelled; then sends what is queued for at most `NotifierOptions.drainTimeout`.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watchFiles() }
            for await _ in signals {
                for peer in takeFresh() { group.addTask { await peer.run() } }
            }
        }
        // What is queued goes out although this task is cancelled; bounded by the time for it.
        await Task { await drain() }.value
    }

    private func drain() async {
        let peers = inner.withLock { $0.groups.flatMap(\.peers) }
        let deadline = clock.uptime + options.drainTimeout
        await withDiscardingTaskGroup { group in
            for peer in peers { group.addTask { await peer.drain(until: deadline) } }
        }
    }

    private func takeFresh() -> [AlertmanagerPeer] {
        inner.withLock { inner in
            defer { inner.fresh = [] }
            return inner.fresh
        }
    }

    // MARK: Discovery

    private func watchFiles() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: options.discoveryInterval) } catch { return }
            discover()
        }
    }

    /// Looks at the files, outside the lock, then brings the peers of every entry in line with its targets.
    private func discover() {
        let known = inner.withLock { $0.groups.map { ($0.configuration, $0.discoveries) } }
        let uptime = clock.uptime
        let read = known.map { configuration, discoveries in
            let refreshed = discoveries.map { discovery in
                var discovery = discovery
                _ = discovery.refresh(files, uptime: uptime)
                return discovery
            }
            return (configuration, refreshed)
        }
        inner.withLock { inner in
            for (configuration, discoveries) in read {
                let index = inner.groups.firstIndex { $0.configuration == configuration }
                if let index { inner.groups[index].discoveries = discoveries }
            }
            for index in inner.groups.indices { synchronise(index, &inner) }
        }
        signal.yield()
    }

    private func synchronise(_ index: Int, _ inner: inout Inner) {
        let configuration = inner.groups[index].configuration
        let found = configuration.staticGroups + inner.groups[index].discoveries.flatMap(\.groups)
        let (urls, dropped) = configuration.endpoints(found)
        let old = inner.groups[index].peers
        let peers = urls.map { url in old.first { $0.url == url } ?? peer(url, configuration) }
        inner.fresh += peers.filter { peer in !old.contains { $0 === peer } }
        retire(old.filter { peer in !peers.contains { $0 === peer } }, &inner)
        inner.groups[index].peers = peers
        inner.groups[index].dropped = dropped
    }

    private func peer(_ url: String, _ configuration: AlertmanagerConfiguration) -> AlertmanagerPeer {
        AlertmanagerPeer(
            url: url, configuration: configuration, options: options, transport: transport, clock: clock,
            files: files)
    }

    private func retire(_ peers: [AlertmanagerPeer], _ inner: inout Inner) {
        for peer in peers {
            peer.retire()
            inner.dropped += peer.dropped
        }
    }
}
