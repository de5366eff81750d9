import Journal
import Synchronization
package import TimeSeries

extension Store {
    package func append(_ table: TableID, at timestamp: Timestamp, starts: [ColumnStart]) {
        let time = timestamp.milliseconds
        head.withLock { head in
            guard head.hasTable(table.index),
                let news = head.tables[Int(table.index)]?.news(starts, at: time), !news.isEmpty
            else { return }
            // Lost, the series only knows less.
            guard (try? log.append([StartTimeRecord.table(table.index, at: time, news)])) != nil else {
                return
            }
            head.tables[Int(table.index)]?.note(news, at: time)
        }
    }

    /// Notes the starts that came with samples of single series which the head has taken.
    func noteStarts(_ batch: SampleBatch, _ head: inout Head) {
        guard !batch.startTimes.isEmpty || !batch.histogramStarts.isEmpty else { return }
        for index in batch.entries.indices {
            let samples = zip(
                batch.samples[batch.sampleRange(index)].lazy.map(\.timestamp), batch.startTimes(index))
            let histograms = zip(
                batch.histograms[batch.histogramRange(index)].lazy.map(\.timestamp),
                batch.histogramStarts(index))
            let starts = Array(samples) + Array(histograms)
            guard !starts.isEmpty else { continue }
            let labels = batch.labels(index)
            guard head.loose.find(labels) != nil else { continue }
            for (timestamp, start) in starts {
                let time = timestamp.milliseconds
                guard head.looseStarts[labels, default: StartTimes()].isNews(start, at: time) else {
                    continue
                }
                let change = StartTimes.Change(time: time, start: start)
                guard (try? log.append([StartTimeRecord.series(labels, change)])) != nil else { return }
                head.looseStarts[labels, default: StartTimes()].note(start, at: time)
            }
        }
    }
}

extension Head {
    /// Forgets starts of samples that are gone.
    mutating func dropStarts(before time: Int64) {
        for index in tables.indices where tables[index]?.starts.isEmpty == false {
            tables[index]?.dropStarts(before: time)
        }
        guard !looseStarts.isEmpty else { return }
        for (labels, starts) in looseStarts {
            var kept = starts
            kept.drop(before: time)
            looseStarts[labels] = loose.find(labels) == nil ? nil : kept
        }
    }
}

extension Table {
    mutating func note(_ news: [(column: UInt32, start: Int64)], at time: Int64) {
        for (column, start) in news { changeStarts(of: column) { $0.note(start, at: time) } }
    }

    /// What is said of its columns and not known yet.
    fileprivate func news(_ said: [ColumnStart], at time: Int64) -> [(column: UInt32, start: Int64)] {
        said.compactMap { entry in
            guard (0..<(order?.count ?? width)).contains(entry.column) else { return nil }
            let column = order?[entry.column] ?? UInt32(entry.column)
            guard column < width else { return nil }
            let start = entry.start?.milliseconds ?? 0
            return starts[column, default: StartTimes()].isNews(start, at: time) ? (column, start) : nil
        }
    }

    mutating func dropStarts(before time: Int64) {
        for column in Array(starts.keys) { changeStarts(of: column) { $0.drop(before: time) } }
    }
}

extension TableSlice {
    /// The series read of each column, with the starts of those that have any.
    func withStarts(_ series: [SeriesColumns?]) -> [SeriesColumns?] {
        guard !table.starts.isEmpty else { return series }
        return zip(columns, series).map { column, series in series?.withStarts(table.starts[column]) }
    }
}

extension SeriesColumns {
    func withStarts(_ starts: StartTimes?) -> SeriesColumns {
        guard let starts else { return self }
        var result = self
        result.startTimes = starts.column(times.milliseconds)
        return result
    }
}
