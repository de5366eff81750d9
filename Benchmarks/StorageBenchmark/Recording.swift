import Glibc
import Journal
import TimeSeries

/// A recording of scrapes, as columns of equal length.
struct Recording {
    var name: String
    var times: [Int64] = []
    var series: [Labels] = []
    /// One list of values a series, one value a row, absent where the series was.
    var columns: [[Double]] = []

    /// Reads `<name>.<unix ms>.txt` files of a folder, the last `rows` of them.
    init(_ name: String, folder: String, rows: Int) throws {
        self.name = name
        let disk = try RealDisk(root: folder)
        let files = try disk.list("").filter { $0.hasPrefix(name + ".") && $0.hasSuffix(".txt") }.suffix(rows)
        var numbers: [String: Int] = [:]
        for (row, file) in files.enumerated() {
            times.append(Int64(file.dropFirst(name.count + 1).dropLast(4)) ?? 0)
            let handle = try disk.open(file, create: false)
            let text = String(decoding: try handle.read(at: 0, count: try handle.length()), as: UTF8.self)
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                guard let space = line.lastIndex(of: " "),
                    let value = Double(line[line.index(after: space)...])
                else { continue }
                let key = String(line[..<space])
                let number = numbers[key] ?? columns.count
                if number == columns.count {
                    numbers[key] = number
                    series.append(Recording.labels(key))
                    columns.append([Double](repeating: Marker.absent, count: files.count))
                }
                columns[number][row] = value.isNaN ? Marker.notANumber : value
            }
        }
    }

    /// Only the series that are there in every row.
    var dense: Recording {
        var result = self
        let kept = columns.indices.filter { !columns[$0].contains(where: Marker.isAbsent) }
        result.columns = kept.map { columns[$0] }
        result.series = kept.map { series[$0] }
        return result
    }

    var sampleCount: Int { columns.reduce(0) { $0 + $1.count { !Marker.isAbsent($0) } } }

    private static func labels(_ key: String) -> Labels {
        guard let brace = key.firstIndex(of: "{") else { return Labels(["__name__": key]) }
        var pairs: [(name: String, value: String)] = [(name: "__name__", value: String(key[..<brace]))]
        var rest = key[key.index(after: brace)...]
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].drop { $0 == "," }
            var value = ""
            var index = rest.index(equals, offsetBy: 2)
            while index < rest.endIndex, rest[index] != "\"" {
                if rest[index] == "\\" { index = rest.index(after: index) }
                value.append(rest[index])
                index = rest.index(after: index)
            }
            pairs.append((name: String(name), value: value))
            guard index < rest.endIndex else { break }
            rest = rest[rest.index(after: index)...]
        }
        return Labels(pairs)
    }
}
