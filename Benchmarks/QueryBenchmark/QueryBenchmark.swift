import Glibc
import Journal
import PromQL
import Storage
import TimeSeries

/// Loads machines for query benchmarks, and measures queries inside one process:
///
///     query-benchmark load FOLDER MACHINES ROWS END    a store as scrapes would have made it, END in ms since 1970
///     query-benchmark push MACHINES ROWS END           the same samples to stdout as remote-write requests, each
///                                                      behind its length (4 bytes, little-endian)
///     query-benchmark run MACHINES ROWS [ONLY]         all queries of `make bench-query` that need no HTTP
@main struct QueryBenchmark {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.compactMap { Int($0) }
        switch (arguments.first, numbers.count) {
        case ("load", 3...):
            let disk = try RealDisk(root: arguments[1])
            let store = try Store(disk: disk, now: Timestamp(milliseconds: Int64(numbers[2])))
            try fill(store, machines: numbers[0], rows: numbers[1], end: Int64(numbers[2]))
            try store.sync()
        case ("push", 3...): Push.run(machines: numbers[0], rows: numbers[1], end: Int64(numbers[2]))
        case ("run", 2...):
            try await QueryRun.run(machines: numbers[0], rows: numbers[1], only: numbers.dropFirst(2).first)
        default:
            print(
                "usage: query-benchmark load FOLDER MACHINES ROWS END | push MACHINES ROWS END | run MACHINES ROWS"
            )
            exit(2)
        }
    }

    /// Appends all rows as a scraper would: a table for each target, a row for each scrape.
    static func fill(_ store: Store, machines count: Int, rows: Int, end: Int64) throws {
        var machines = Machines(count: count)
        var tables: [TableID] = []
        for machine in 0..<count {
            tables.append(
                try store.openTable(target: Labels(machines.target(machine)), columns: machines.columns))
        }
        for row in 0..<rows {
            for machine in 0..<count {
                machines.step(machine)
                let time = machines.time(machine, row, end: end, rows: rows)
                let report = store.append(
                    tables[machine], at: Timestamp(milliseconds: time), row: machines.values[machine])
                precondition(report.rejected == 0, "want no refused samples, got \(report.rejected)")
            }
            try store.sync()
        }
    }
}
