import Glibc
import Journal
import Storage
import TimeSeries

/// What the store costs: bytes a sample, nanoseconds a sample, bytes a series. Run it as a release build:
///
///     storage-benchmark chunks FOLDER       recordings of scrapes in a folder, encoded and decoded
///     storage-benchmark memory [T S R]      T targets of S series with R rows, in memory
///     storage-benchmark recovery [T S R]    the same, written to a log and read back; then pushed samples
///     storage-benchmark recovery-memory [T S R]   the peak of memory while they are read back
///     storage-benchmark push [S R]          S single series with R samples, pushed
///     storage-benchmark write [S R]         remote-write requests of S series, R samples each
///     storage-benchmark parse FOLDER [P]    recordings of scrapes, and a moving payload, read by known and by new targets
///     storage-benchmark new FOLDER [T]      their text alone, and T targets with lines of their own into a store
///     storage-benchmark scrape PORTS [I S]  what listens at the ports of a file, each I ms for S seconds
///     storage-benchmark store FOLDER NAME   a recording of a folder, stored in files
///     storage-benchmark torture FOLDER N    checks N rows and writes on until it is killed
///     storage-benchmark select [N]          matchers over N series
///     storage-benchmark churn [S W]         W waves of S series that come and go
///     storage-benchmark rollups FOLDER [H]  recordings of scrapes, H hours of them rolled up
@main struct StorageBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        switch arguments.first {
        case "chunks": try ChunkBenchmark.run(folder: arguments.dropFirst().first ?? ".")
        case "memory": try await MemoryBenchmark.run(numbers)
        case "recovery": try await RecoveryBenchmark.run(numbers)
        case "recovery-memory": try RecoveryMemory.run(numbers)
        case "recovery-fill": try RecoveryMemory.fill(Array(arguments.dropFirst()))
        case "recovery-open": try RecoveryMemory.open(Array(arguments.dropFirst()))
        case "push": try await PushBenchmark.run(numbers)
        case "write": try await WriteBenchmark.run(numbers)
        case "parse":
            try await ScrapeBenchmark.parse(
                folder: arguments.dropFirst().first ?? ".", payload: arguments.dropFirst(2).first)
        case "new":
            try await NewLinesBenchmark.run(
                folder: arguments.dropFirst().first ?? ".", copies: numbers.last ?? 240)
        case "scrape":
            try await ScrapeBenchmark.scrape(
                ports: arguments.dropFirst().first ?? "", Array(arguments.dropFirst(2).compactMap { Int($0) })
            )
        case "store":
            try FolderBenchmark.run(
                folder: arguments.dropFirst().first ?? ".", name: arguments.dropFirst(2).first ?? "node")
        case "torture":
            try await Torture.run(
                arguments.dropFirst().first ?? "torture", acknowledged: Int(arguments.last ?? "") ?? 0)
        case "churn": try await ChurnBenchmark.run(numbers)
        case "rollups":
            try await RollupBenchmark.run(
                folder: arguments.dropFirst().first ?? ".", hours: numbers.first ?? 48)
        case "select": try await SelectBenchmark.run(numbers.first ?? 1_000_000)
        default:
            print(
                "usage: storage-benchmark chunks FOLDER | memory [T S R] | recovery [T S R] "
                    + "| recovery-memory [T S R] | push [S R] | write [S R] | select [N] | churn [S W] "
                    + "| parse FOLDER [PAYLOAD] | new FOLDER [T] | scrape PORTS [I S] | store FOLDER NAME | rollups FOLDER [H]"
            )
            exit(2)
        }
    }
}
