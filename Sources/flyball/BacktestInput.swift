import ArgumentParser
import Exposition
import Foundation
import PromQL
import Scaling
import Storage
import TimeSeries

/// Where a backtest's demand comes from: CSV or an OpenMetrics file with times, packed or not, or the folder of a store.
struct BacktestInput {
    var path: String
    var column: String?
    /// What of a store or an OpenMetrics file is the demand.
    var query: String?
    /// How far apart a query is evaluated, or rows without times are; nil where nobody says.
    var step: Duration?

    func trace() async throws -> DemandTrace {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure("\(path): no such file")
        }
        if isFolder.boolValue { return try await evaluate(try store()) }
        let recording = Recording(path)
        let text = try recording.text()
        guard ["# EOF", "# EOF\n", "# EOF\r\n"].contains(where: text.hasSuffix) else {
            let distance = step ?? Self.distance(in: recording.name)
            return try DemandTrace.parse(
                csv: text, file: path, column: column,
                stepSeconds: distance.map { Int($0.milliseconds / 1000) })
        }
        return try await evaluate(try exposition(text.replacing("\r\n", with: "\n")))
    }

    /// How far rows are apart by the name of their file, such as `cpu_300s` or `requests-5m`: longer ones are how long it is.
    static func distance(in name: String) -> Duration? {
        guard let last = name.split(whereSeparator: { $0 == "_" || $0 == "-" || $0 == "." }).last,
            last.count < name.count, let distance = Duration(prometheus: last),
            (.seconds(1)...(.seconds(3600))).contains(distance)
        else { return nil }
        return distance
    }

    /// The samples of an exposition, and the first and last of their times.
    private func exposition(_ text: String) throws -> (any SeriesSource, ClosedRange<Timestamp>) {
        let bytes = Array(text.utf8)
        var reader = ExpositionReader(.openMetrics)
        var order: [Labels] = []
        var series: [Labels: [Sample]] = [:]
        do {
            while let entry = try reader.next(bytes.span) {
                guard case .sample(let sample) = entry else { continue }
                guard let timestamp = sample.timestamp else {
                    throw Failure("\(path): a sample without a time is no history")
                }
                let labels = try reader.labels(bytes.span)
                if series[labels] == nil { order.append(labels) }
                series[labels, default: []].append(Sample(timestamp, sample.value))
            }
        } catch let error as ExpositionError {
            throw Failure("\(path): \(error)")
        }
        var source = ArraySource()
        var range: ClosedRange<Timestamp>?
        for labels in order {
            let samples = (series[labels] ?? []).sorted { $0.timestamp < $1.timestamp }
            guard let first = samples.first, let last = samples.last else { continue }
            source.append(
                SeriesColumns(
                    labels: labels, times: TimeColumn(samples.map(\.timestamp.milliseconds)),
                    values: samples.map(\.value)))
            let known = range ?? first.timestamp...last.timestamp
            range = min(known.lowerBound, first.timestamp)...max(known.upperBound, last.timestamp)
        }
        guard let range else { throw Failure("\(path): no samples") }
        return (source, range)
    }

    /// The store in a service's folder, read and left alone: the service may run meanwhile.
    private func store() throws -> (any SeriesSource, ClosedRange<Timestamp>) {
        let store = try StorageFolder(existing: path).read()
        let statistics = store.statistics(limit: 0)
        guard let oldest = statistics.oldest, let newest = statistics.newest else {
            throw Failure("\(path): the store is empty")
        }
        return (store, oldest...newest)
    }

    private func expression(_ query: String) throws -> PromQL.Expression {
        do {
            return try PromQL.Expression.parse(query)
        } catch {
            throw Failure("--query \(query): \(error)")
        }
    }

    private func evaluate(_ recorded: (source: any SeriesSource, range: ClosedRange<Timestamp>)) async throws
        -> DemandTrace
    {
        guard let query else {
            throw ValidationError(
                "--query says what of \(path) is the demand, such as 'sum(rate(http_requests_total[5m]))'")
        }
        let step = max(1000, (step ?? .seconds(60)).milliseconds / 1000 * 1000)
        let first = recorded.range.lowerBound.milliseconds / step * step
        let range = EvaluationRange(
            start: Timestamp(milliseconds: first), end: recorded.range.upperBound,
            step: .milliseconds(step))
        let result = try await LocalEngine(source: recorded.source).evaluate(
            try expression(query), over: range, limits: QueryLimits(timeout: .seconds(600)))
        guard case .matrix(let series) = result.value, series.count == 1 else {
            throw Failure("\(query): expected one series over time; sum(...) makes one of many")
        }
        do {
            return try DemandTrace(
                times: series[0].samples.map { Int($0.timestamp.milliseconds / 1000) },
                values: series[0].samples.map(\.value))
        } catch {
            throw Failure("\(path): \(error.message)")
        }
    }
}
