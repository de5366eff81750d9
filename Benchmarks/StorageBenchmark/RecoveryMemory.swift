import Foundation
import Journal
import Storage
import TimeSeries

/// How much memory recovery takes at its peak, against what the store that wrote the files had: beside each other in
/// processes of their own, since memory once used is seldom given back.
enum RecoveryMemory {
    static func run(_ numbers: [Int]) throws {
        let targets = numbers.first ?? 200
        let series = numbers.dropFirst().first ?? 1021
        let rows = numbers.dropFirst(2).first ?? 120
        let folder = FileManager.default.temporaryDirectory.path + "/flyball-recovery-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        print("\(targets) targets x \(series) series x \(rows) rows, and a tenth as many single series")
        print("recovered from     steady MiB   peak MiB   ratio   samples   M samples/s")
        for how in ["log", "snapshot", "both"] {
            try? FileManager.default.removeItem(atPath: folder)
            let written = try child(["recovery-fill", folder, how, "\(targets)", "\(series)", "\(rows)"])
            let read = try child(["recovery-open", folder])
            guard let steady = written.first, read.count == 3, read[1] == written.last else {
                print("\(how): not everything was found again: \(written) and \(read)")
                exit(1)
            }
            let ratio = Double(read[0]) / Double(steady)
            print(
                pad(how, 14), pad(text(Double(steady) / 1_048_576, 1), 14),
                pad(text(Double(read[0]) / 1_048_576, 1), 10), pad(text(ratio, 2), 7), pad(read[1], 9),
                pad(text(Double(read[1]) / Double(max(1, read[2])), 1), 11))
        }
    }

    /// Writes a store and prints its resident bytes and its samples.
    static func fill(_ arguments: [String]) throws {
        let numbers = arguments.dropFirst(2).compactMap { Int($0) }
        let store = try Store(disk: try RealDisk(root: arguments[0]), now: Timestamp(milliseconds: 0))
        var fleet = try Fleet(store, targets: numbers[0], series: numbers[1], distinctLayouts: false)
        let singles = (0..<numbers[0] * numbers[1] / 10).map {
            Labels(["__name__": "single", "number": "\($0)", "instance": "host\($0 / 1000):9100"])
        }
        for row in 0..<numbers[2] {
            for target in 0..<numbers[0] {
                fleet.step(target)
                _ = store.append(fleet.tables[target], at: fleet.time(target, row), row: fleet.values[target])
            }
            let moment = fleet.time(0, row)
            for start in stride(from: 0, to: singles.count, by: 5000) {
                var batch: [SeriesSamples] = []
                for number in start..<min(singles.count, start + 5000) {
                    let value = Double((number * 31 + row) % 1000)
                    batch.append(SeriesSamples(labels: singles[number], samples: [Sample(moment, value)]))
                }
                _ = store.append(batch)
            }
            try store.sync()
            let isDue = arguments[1] == "snapshot" ? row == numbers[2] - 1 : row == numbers[2] / 2
            if arguments[1] != "log", isDue { try store.snapshot() }
        }
        fleet.values = []
        print(residentBytes(), store.statistics(limit: 0).samples)
    }

    /// Opens a store and prints the peak of its resident bytes, its samples and the microseconds that it took.
    static func open(_ arguments: [String]) throws {
        let start = wallTime()
        let store = try Store(disk: try RealDisk(root: arguments[0]), now: Timestamp(milliseconds: 0))
        let elapsed = (wallTime() - start) / 1000
        print(peakResidentBytes(), store.statistics(limit: 0).samples, Int(elapsed))
    }

    private static func child(_ arguments: [String]) throws -> [Int] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    }

    private static func peakResidentBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
}
