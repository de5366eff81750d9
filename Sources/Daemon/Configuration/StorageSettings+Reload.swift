import Fleet
import Storage
import TimeSeries

extension Configuration.StorageSettings {
    /// What of a file that was read again is put to use while the store runs: all but the folder, the log's promise, the disk
    /// reserve, the lengths of rollups and the room for exemplars, which stay as they are in force.
    package func reloaded(over inForce: Self) -> Self {
        var settings = self
        settings.path = inForce.path
        settings.sync = inForce.sync
        settings.reserveBytes = inForce.reserveBytes
        settings.rollups = inForce.rollups
        settings.maxExemplars = inForce.maxExemplars
        return settings
    }

    /// What the file says that waits for a restart, a sentence for each key.
    /// - Parameter pathIsGiven: the command line names the folder, whatever the file says.
    package func needingRestart(over inForce: Self, pathIsGiven: Bool) -> [String] {
        var notes: [String] = []
        func compare<Value: Equatable>(
            _ key: String, _ value: KeyPath<Self, Value>, _ text: (Value) -> String
        ) {
            guard self[keyPath: value] != inForce[keyPath: value] else { return }
            notes.append(
                "storage.\(key) needs a restart: in force is \(text(inForce[keyPath: value])), the file says "
                    + text(self[keyPath: value]))
        }
        if !pathIsGiven { compare("path", \.path) { $0 ?? "the default" } }
        compare("wal.sync", \.sync) { $0.rawValue }
        compare("reserve", \.reserveBytes) { Quantity.memoryText(Int64($0)) }
        compare("rollups", \.rollups) { rules in
            let pairs = rules.map { "\($0.resolution.prometheusText): \($0.retention.prometheusText)" }
            return pairs.isEmpty ? "{}" : "{ " + pairs.joined(separator: ", ") + " }"
        }
        compare("exemplars.max_exemplars", \.maxExemplars) { "\($0)" }
        return notes
    }
}
