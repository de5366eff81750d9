extension Configuration.StorageSettings {
    /// The settings that a running service does not take over, of those that differ; by their names below `storage`.
    func changesForRestart(since start: Self) -> [String] {
        let settings: [(name: String, differs: Bool)] = [
            ("path", path != start.path), ("reserve", reserveBytes != start.reserveBytes),
            ("wal.sync", sync != start.sync), ("wal.interval", syncInterval != start.syncInterval),
            ("rollups", rollups != start.rollups),
            ("exemplars.max_exemplars", maxExemplars != start.maxExemplars),
        ]
        return settings.filter(\.differs).map(\.name)
    }
}
