import TimeSeries

/// What is known of metrics, by their names, so many bytes and no more: names come from whoever sends.
struct MetricDescriptions: Sendable {
    private(set) var byName: [String: MetricMetadata] = [:]
    /// An estimate of what they take.
    private(set) var byteCount = 0

    /// Of the memory limit.
    private static let share = 32
    private static let suffixes = [
        "_total", "_created", "_bucket", "_count", "_sum", "_info", "_gcount", "_gsum",
    ]

    static func limit(of memory: Int) -> Int { memory / share }

    private static func cost(_ name: String, _ metadata: MetricMetadata) -> Int {
        // A dictionary keeps up to half of its room free.
        256 + name.utf8.count + metadata.help.utf8.count + metadata.unit.utf8.count
    }

    /// Takes in what it does not know, as far as there is room; says whether it did.
    mutating func note(_ name: String, _ metadata: MetricMetadata, limit: Int) -> Bool {
        let known = byName[name]
        guard known != metadata else { return false }
        let added = Self.cost(name, metadata) - (known.map { Self.cost(name, $0) } ?? 0)
        guard byteCount + added <= limit else { return false }
        byName[name] = metadata
        byteCount += added
        return true
    }

    /// Forgets what is said of metrics that no series has.
    mutating func keep(metrics: Set<String>) {
        for (name, metadata) in byName where !metrics.contains(name) {
            guard !Self.suffixes.contains(where: { metrics.contains(name + $0) }) else { continue }
            byName[name] = nil
            byteCount -= Self.cost(name, metadata)
        }
    }
}

extension Head {
    /// Takes in what is said of a metric, as far as there is room; says whether it did.
    mutating func describe(_ name: String, _ metadata: MetricMetadata) -> Bool {
        self.metadata.note(
            name, metadata, limit: MetricDescriptions.limit(of: configuration.memoryLimit))
    }

    /// Makes room for descriptions where half of it is in use.
    mutating func dropUnusedDescriptions() {
        guard metadata.byteCount > MetricDescriptions.limit(of: configuration.memoryLimit) / 2 else { return }
        metadata.keep(metrics: Set(values(of: "__name__", in: Head.times).texts))
    }
}
