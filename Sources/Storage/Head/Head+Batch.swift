import Codecs
import TimeSeries

extension Head {
    /// The number of each series of a batch, `UInt32.max` for one above a limit, and the series that are new,
    /// ascending, with their records for the log.
    mutating func numbers(
        of batch: SampleBatch, _ records: inout [[UInt8]], _ report: inout AppendReport
    ) -> (numbers: [UInt32], added: [(labels: Labels, number: UInt32)]) {
        var numbers: [UInt32] = []
        numbers.reserveCapacity(batch.entries.count)
        var added: [(labels: Labels, number: UInt32)] = []
        var known: [Labels: UInt32] = [:]
        var room: (bytes: Int, series: Int)?
        let labelBytes = batch.labelBytes
        let bytes = labelBytes.span
        var start = 0
        for entry in batch.entries {
            let range = start..<entry.labelsEnd
            start = entry.labelsEnd
            if let number = loose.find(bytes, range, hash: entry.hash) {
                numbers.append(number)
                continue
            }
            let labels = Labels(canonical: bytes.array(range))
            if let number = known[labels] {
                numbers.append(number)
                continue
            }
            let left = room ?? (roomInMemory, configuration.limits.series - seriesCount)
            let cost = MemoryPressure.cost(labels)
            room = left
            do throws(SinkError) {
                guard cost <= left.bytes else { throw .memoryLimit }
                guard left.series > 0 else { throw .seriesLimit(limit: configuration.limits.series) }
                guard LooseSeries.numberLimit - loose.nextNumber > added.count else {
                    throw .unavailable("it had \(loose.nextNumber) single series, more have no number")
                }
                try check([labels])
            } catch {
                if case .memoryLimit = error { pressure.hasRefused = true }
                report.refusal = report.refusal ?? error.description
                numbers.append(.max)
                continue
            }
            room = (left.bytes - cost, left.series - 1)
            let number = loose.nextNumber + UInt32(added.count)
            known[labels] = number
            added.append((labels, number))
            records.append(StoreRecord.series(number, labels))
            numbers.append(number)
        }
        return (numbers, added)
    }

    /// The samples and histograms of series without a number.
    func unnumbered(_ batch: SampleBatch, _ numbers: [UInt32]) -> Int {
        var count = 0
        for (index, number) in numbers.enumerated() where number == .max {
            count += batch.sampleRange(index).count + batch.histogramRange(index).count
        }
        return count
    }

    /// Takes the samples of a batch; says which of them it refused.
    mutating func take(
        _ batch: SampleBatch, _ numbers: [UInt32], _ report: inout AppendReport
    ) -> RefusedSamples {
        var refused = RefusedSamples()
        if !batch.histograms.isEmpty {
            for (index, number) in numbers.enumerated() where number != .max {
                for place in batch.histogramRange(index) {
                    let (timestamp, histogram) = batch.histograms[place]
                    guard !histogram.isTooLarge else {
                        report.limited += 1
                        let reason = "a native histogram has more than \(FloatHistogram.mostBuckets) buckets"
                        report.refusal = report.refusal ?? reason
                        refused.histograms.append(place)
                        continue
                    }
                    let outcome = append(number, timestamp.milliseconds, histogram, &report)
                    if outcome.isRefused { refused.histograms.append(place) }
                }
            }
        }
        refused.samples = take(
            KnownSamples(handles: numbers, ends: batch.entries.map(\.samplesEnd), samples: batch.samples),
            &report)
        return refused
    }

    /// Takes samples by the numbers of their series, which are all there but for those without a number; the places of those
    /// that it refused.
    mutating func take(
        _ samples: KnownSamples, _ report: inout AppendReport, _ workers: Workers = .one
    ) -> [Int] {
        var tally = AppendTally(report: report)
        loose.append(samples, window: window, workers, &tally)
        for (number, place) in tally.late {
            let sample = samples.samples[place]
            let time = sample.timestamp.milliseconds
            let outcome = Head.times.contains(time) ? self.outcome(number, time, sample.value) : .tooOld
            tally.count(outcome, time, at: place)
        }
        tally.refused.sort()
        newest = max(newest, tally.newest)
        pressure.samplesSince += tally.report.accepted - report.accepted
        report = tally.report
        return tally.refused
    }
}
