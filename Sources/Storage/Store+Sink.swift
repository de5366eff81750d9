import Journal
import Synchronization
package import TimeSeries

extension Store: SampleSink {
    package func openTable(target: Labels, columns: [Labels]) throws(SinkError) -> TableID {
        try head.withLock { head throws(SinkError) in
            if let number = head.table(target, columns) {
                head.tables[Int(number)]?.isOpen = true
                return TableID(index: number)
            }
            if let number = try takeUp(target, columns, &head) { return TableID(index: number) }
            let number = UInt32(head.tables.count)
            do throws(SinkError) {
                try head.checkRoom(for: columns, beside: 0, of: target)
            } catch {
                // Not even for what is new: those that are there go on.
                if error.isLimitOfSeries, let number = try takeUp(target, columns, isForced: true, &head) {
                    return TableID(index: number)
                }
                head.noteRefusal(of: columns.count, error)
                throw error
            }
            let sequence = try write(StoreRecord.table(number, target, columns))
            head.addTable(number, target, columns)
            head.lone.note(.columns(table: number, 0..<columns.count), at: sequence)
            return TableID(index: number)
        }
    }

    package func extendTable(_ table: TableID, columns: [Labels]) throws(SinkError) {
        try head.withLock { head throws(SinkError) in
            guard head.hasTable(table.index), let open = head.tables[Int(table.index)] else { throw .closed }
            guard open.order == nil else { return try extend(table.index, by: columns, &head) }
            try addColumns(columns, to: table.index, &head)
        }
    }

    package func append(_ table: TableID, at timestamp: Timestamp, row: [Double]) -> AppendReport {
        let time = timestamp.milliseconds
        var work: TableWork?
        var report = head.withLock { head in
            var report = AppendReport()
            guard head.hasTable(table.index), Head.times.contains(time) else {
                report.limited = row.count { !isAbsent($0) }
                head.rejectedSamples += UInt64(report.limited)
                return report
            }
            if head.hides(table.index, at: time) { removeDeleted(from: &head) }
            append(table.index, at: time, row, to: &head, &report)
            work = head.tables[Int(table.index)]?.work
            report.position = appendPosition
            head.durability.took(scrapeAt: time, position: report.position)
            head.appendedSamples += UInt64(report.accepted)
            head.rejectedSamples += UInt64(report.rejected)
            return report
        }
        finish(work, of: table.index)
        commitIfAlways(&report)
        return report
    }

    private func append(
        _ number: UInt32, at time: Int64, _ row: [Double], to head: inout Head, _ report: inout AppendReport
    ) {
        var count = row.count { !isAbsent($0) }
        // No copy of the table may live while the row is appended, or the whole tail would be copied with it.
        if let missing = head.tables[Int(number)]?.missing, !missing.isEmpty {
            do throws(SinkError) {
                try head.checkRoom(for: missing, in: number)
                try placeMissing(number, &head)
            } catch {
                report.refusal = error.description
            }
        }
        guard let shape = head.tables[Int(number)]?.shape, row.count <= shape.order?.count ?? shape.width
        else {
            report.limited += count
            return
        }
        var row = row
        if let order = shape.order {
            let (arranged, lost) = order.arrange(row, width: shape.width)
            row = arranged
            count -= lost
            report.limited += lost
        }
        while row.count < shape.width { row.append(Marker.absent) }
        if let last = shape.lastTime, time <= last {
            let late = head.lateSamples(number, at: time, row, &report)
            append(SampleBatch(late), to: &head, &report)
            return
        }
        let record = head.tables[Int(number)]?.tail.withLast { previous in
            StoreRecord.row(number, at: time, rowsBefore: shape.appendedRows, row.span, previous: previous)
        }
        guard let record else {
            report.limited += count
            return
        }
        do {
            try log.append(record)
        } catch {
            report.refuse(count, error)
            return
        }
        head.append(number, at: time, row)
        report.accepted += count
    }

    /// Goes on with the newest table of a target, where nobody has it open and most of these columns are its own. Each restart
    /// would else begin tables beside those that are there. Without room for columns that it lacks those that it has go on.
    /// - Parameter isForced: where it has any of them, as there is no room for another table.
    private func takeUp(
        _ target: Labels, _ columns: [Labels], isForced: Bool = false, _ head: inout Head
    ) throws(SinkError) -> UInt32? {
        guard let number = head.tablesByTarget[target]?.last, var table = head.tables[Int(number)],
            !table.isOpen, table.takeUp(columns, sharingLess: isForced),
            isForced || table.width + table.missing.count <= head.configuration.limits.seriesPerTarget
        else { return nil }
        table.isOpen = true
        head.tables[Int(number)] = table
        do throws(SinkError) {
            try placeMissing(number, &head)
        } catch {
            guard error.leavesKnownSeries || isForced && error.isLimitOfSeries else {
                head.tables[Int(number)]?.close()
                throw error
            }
        }
        return number
    }

    private func extend(_ number: UInt32, by columns: [Labels], _ head: inout Head) throws(SinkError) {
        let lacking = head.tables[Int(number)]?.addToOrder(columns) ?? 0
        do throws(SinkError) {
            try placeMissing(number, &head)
        } catch {
            guard error.leavesKnownSeries, lacking < columns.count else {
                head.tables[Int(number)]?.removeFromOrder(columns.count, lacking: lacking)
                throw error
            }
        }
    }

    /// Makes columns for what the owner of a table taken up has and the table lacks.
    private func placeMissing(_ number: UInt32, _ head: inout Head) throws(SinkError) {
        guard let missing = head.tables[Int(number)]?.missing else { return }
        if !missing.isEmpty { try addColumns(missing, to: number, &head) }
        head.tables[Int(number)]?.placeMissing()
    }

    private func addColumns(
        _ columns: [Labels], to number: UInt32, _ head: inout Head
    ) throws(SinkError) {
        guard let (width, target) = head.tables[Int(number)].map({ ($0.width, $0.target) }) else { return }
        try head.admit(columns, beside: width, of: target, in: number)
        let sequence = try write(StoreRecord.columns(number, width: width, columns))
        head.extend(number, columns)
        head.lone.note(.columns(table: number, width..<width + columns.count), at: sequence)
    }

    package func closeTable(_ table: TableID) {
        head.withLock { head in
            guard head.hasTable(table.index), head.tables[Int(table.index)]?.isOpen == true else { return }
            head.tables[Int(table.index)]?.close()
            // Lost, it only means that the table stays open.
            _ = try? write(StoreRecord.close(table.index))
        }
    }

    package func append(_ batch: [SeriesSamples]) -> AppendReport {
        append(SampleBatch(batch))
    }

    package func append(_ batch: SampleBatch) -> AppendReport {
        var handles: [UInt32] = []
        return append(batch, handles: &handles)
    }

    package func append(scraped batch: [SeriesSamples]) -> AppendReport {
        var handles: [UInt32] = []
        return append(SampleBatch(batch), scrapedSince: batch.oldestTime, handles: &handles)
    }

    package func append(_ batch: SampleBatch, handles: inout [UInt32]) -> AppendReport {
        append(batch, scrapedSince: nil, handles: &handles)
    }

    /// - Parameter oldest: the moment of the oldest sample, where a scrape brought them.
    private func append(
        _ batch: SampleBatch, scrapedSince oldest: Timestamp?, handles: inout [UInt32]
    ) -> AppendReport {
        var numbers: [UInt32] = []
        var report = head.withLock { head in
            var report = AppendReport()
            if head.hides(batch) { removeDeleted(from: &head) }
            numbers = append(batch, to: &head, &report)
            noteStarts(batch, &head)
            report.position = appendPosition
            if let oldest, report.accepted > 0 {
                head.durability.took(samplesSince: oldest.milliseconds, position: report.position)
            }
            head.appendedSamples += UInt64(report.accepted)
            head.rejectedSamples += UInt64(report.rejected)
            return report
        }
        handles = numbers
        commitIfAlways(&report)
        return report
    }

    package func append(_ samples: KnownSamples) -> AppendReport? {
        // Made before the lock, which others wait for.
        let record = StoreRecord.samples(samples)
        let report: AppendReport? = head.withLock { head -> AppendReport? in
            if head.hides(samples) { removeDeleted(from: &head) }
            guard samples.handles.allSatisfy({ head.loose.has($0) }) else { return nil }
            var report = AppendReport()
            do throws(LogError) {
                try log.check([record])
                let refused = head.take(samples, &report)
                if refused.isEmpty {
                    log.append(checked: [record])
                } else if refused.count < samples.samples.count {
                    log.append(checked: [StoreRecord.samples(samples, without: refused)])
                }
            } catch {
                report.refuse(samples.samples.count, error)
            }
            report.position = appendPosition
            head.appendedSamples += UInt64(report.accepted)
            head.rejectedSamples += UInt64(report.rejected)
            return report
        }
        guard var report else { return nil }
        commitIfAlways(&report)
        return report
    }

    /// Numbers new series, takes all into memory and writes to the log what was taken: what was refused must not come back
    /// where recovery misses what it was refused for. The numbers, `KnownSamples.noHandle` for series that were not taken.
    @discardableResult
    private func append(
        _ batch: SampleBatch, to head: inout Head, _ report: inout AppendReport
    ) -> [UInt32] {
        var newSeries: [[UInt8]] = []
        head.lookAgain(
            for: MemoryPressure.cost(ofSeries: batch.entries.count, labelBytes: batch.labelBytes.count))
        let (numbers, added) = head.numbers(of: batch, &newSeries, &report)
        let limited = head.unnumbered(batch, numbers)
        report.limited += limited
        let records = newSeries + StoreRecord.all(of: batch, numbers)
        do {
            try log.check(records)
        } catch {
            report.refuse(batch.sampleCount - limited, error)
            return Array(repeating: KnownSamples.noHandle, count: numbers.count)
        }
        for (labels, number) in added {
            head.loose.add(number, labels)
            head.raiseNewest(of: number, labels)
        }
        let refused = head.take(batch, numbers, &report)
        log.append(
            checked: refused.isEmpty
                ? records : newSeries + StoreRecord.all(of: batch, numbers, without: refused))
        if let first = added.first?.number {
            head.lone.note(.series(first..<first + UInt32(added.count)), at: appendPosition)
        }
        head.pressure.seriesBytesSince += MemoryPressure.cost(added.map(\.labels))
        head.pressure.samplesSince += batch.sampleCount
        return numbers
    }

    @discardableResult
    package func describe(_ metadata: [String: MetricMetadata]) -> AppendReport {
        head.withLock { head in
            var report = AppendReport()
            let new = metadata.filter { head.metadata.byName[$0.key] != $0.value }
                .sorted { $0.key < $1.key }
            do throws(LogError) {
                if !new.isEmpty { try log.check(new.map { StoreRecord.metadata($0.key, $0.value) }) }
                let taken = new.filter { head.describe($0.key, $0.value) }
                log.append(checked: taken.map { StoreRecord.metadata($0.key, $0.value) })
            } catch {
                // The next scrape describes them again.
                report.refuse(0, error)
            }
            report.position = appendPosition
            return report
        }
    }

    private func write(_ record: [UInt8]) throws(SinkError) -> UInt64 {
        do {
            return try log.append(record)
        } catch {
            throw .unavailable(error.description)
        }
    }

    private func commitIfAlways(_ report: inout AppendReport) {
        // A failed commit shows in `durablePosition`, which stays below the report's position.
        if settings.withLock({ $0.sync == .always }) { _ = try? sync() }
    }
}

extension [SeriesSamples] {
    /// The moment of the oldest sample or histogram; nil where there is none.
    fileprivate var oldestTime: Timestamp? {
        lazy.compactMap { series in
            [series.samples.first?.timestamp, series.histograms.first?.timestamp].compactMap { $0 }.min()
        }.min()
    }
}

extension AppendReport {
    /// Notes that the log did not take samples.
    mutating func refuse(_ count: Int, _ error: LogError) {
        limited += count
        refusal = refusal ?? error.description
        if case .full = error { isFull = true }
    }
}

extension SinkError {
    /// Whether it is about new series only, however many a target has: those that are known go on.
    fileprivate var leavesKnownSeries: Bool {
        switch self {
        case .seriesLimit, .memoryLimit: true
        case .targetSeriesLimit, .labelLimit, .closed, .unavailable: false
        }
    }

    /// Whether it is about how many series there may be.
    fileprivate var isLimitOfSeries: Bool {
        if case .targetSeriesLimit = self { true } else { leavesKnownSeries }
    }
}
