import ArgumentParser
import Journal
import Storage
import TimeSeries

/// What is missing of a store that was read, said on standard error, so that nobody takes the rest for all of it.
struct StoreGaps {
    private let statistics: StoreStatistics
    private let folder: String

    init(_ statistics: StoreStatistics, folder: String) {
        self.statistics = statistics
        self.folder = folder
    }

    func warn() {
        for loss in statistics.losses { warn("\(loss)") }
        for range in statistics.damage {
            let what =
                range.length > 0 ? "\(range.length) unreadable bytes at \(range.offset)" : "cannot be read"
            warn("\(range.path): \(what)")
        }
        if statistics.unreadableRecords > 0 {
            warn(
                "\(statistics.unreadableRecords) records or chunks are damaged, or refer to something that is lost"
            )
        }
        guard statistics.isIncomplete || !statistics.damage.isEmpty else { return }
        let verdict =
            statistics.isIncomplete
            ? "INCOMPLETE: this is not all that was stored"
            : "nothing is known to be missing for that"
        Terminal.error("\(verdict); `flyball storage verify \(folder)` says more")
    }

    /// Ends the program with 2 where something is missing.
    func fail() throws {
        if statistics.isIncomplete { throw ExitCode(2) }
    }

    private func warn(_ text: String) { Terminal.error("warning: \(text)") }
}
