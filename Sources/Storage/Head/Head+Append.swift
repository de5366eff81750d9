import TimeSeries

extension Head {
    /// Takes a row that is newer than the table's last one. The log has it already. What is due to the table then is left to
    /// the caller.
    mutating func append(_ table: UInt32, at time: Int64, _ row: [Double]) {
        tables[Int(table)]?.append(at: time, row)
        newest = max(newest, time)
        pressure.samplesSince += row.count
    }

    /// What a row that is not newer than the table's last one still brings: samples of single series.
    func lateSamples(
        _ number: UInt32, at time: Int64, _ row: [Double], _ report: inout AppendReport
    ) -> [SeriesSamples] {
        guard let table = tables[Int(number)] else { return [] }
        let existing = table.row(at: time)
        let last = table.lastTime ?? time
        if existing == nil, window == 0 || last - time > window {
            let count = row.count { !isAbsent($0) }
            if window == 0 { report.outOfOrder += count } else { report.tooOld += count }
            return []
        }
        var batch: [SeriesSamples] = []
        for (column, value) in row.enumerated() where !isAbsent(value) {
            if let before = existing?[column], !isAbsent(before) {
                if before.bitPattern == value.bitPattern {
                    report.repeated += 1
                } else {
                    report.duplicate += 1
                }
                continue
            }
            let labels = table.layout.columns[column].merging(table.target)
            batch.append(
                SeriesSamples(labels: labels, samples: [Sample(Timestamp(milliseconds: time), value)]))
        }
        return batch
    }

    /// Takes one sample of a single series.
    @inline(__always)
    @discardableResult
    mutating func append(
        _ number: UInt32, _ time: Int64, _ value: Double, _ report: inout AppendReport
    ) -> LooseGroup.Outcome {
        guard loose.has(number), Head.times.contains(time) else {
            report.tooOld += 1
            return .tooOld
        }
        return count(outcome(number, time, value), time, &report)
    }

    /// Takes one native histogram of a single series.
    @discardableResult
    mutating func append(
        _ number: UInt32, _ time: Int64, _ histogram: FloatHistogram, _ report: inout AppendReport
    ) -> LooseGroup.Outcome {
        guard loose.has(number), Head.times.contains(time) else {
            report.tooOld += 1
            return .tooOld
        }
        pressure.samplesSince += histogram.positiveBuckets.count + histogram.negativeBuckets.count
        var outcome = loose.append(number, time, histogram, window: window)
        if case .late = outcome { outcome = takeLate(number, time, histogram.count, histogram) }
        return count(outcome, time, &report)
    }

    /// Takes a sample of a series that is there, late or not.
    @inline(__always)
    mutating func outcome(_ number: UInt32, _ time: Int64, _ value: Double) -> LooseGroup.Outcome {
        let outcome = loose.append(number, time, value, window: window)
        if case .late = outcome { return takeLate(number, time, value, nil) }
        return outcome
    }

    /// Takes a sample that is not newer than all of its series, unless there is one at its moment.
    @inline(never)
    private mutating func takeLate(
        _ number: UInt32, _ time: Int64, _ value: Double, _ histogram: FloatHistogram?
    ) -> LooseGroup.Outcome {
        let outcome = loose.lateOutcome(number, time, value, histogram, window: window)
        guard case .late = outcome else { return outcome }
        if mayHaveInTables(number), let known = samplesInTables(loose.labels(number), in: time...time)[time] {
            return histogram == nil && known.bitPattern == value.bitPattern ? .repeated : .duplicate
        }
        loose.insertLate(number, time, value, histogram)
        return .accepted
    }

    @inline(__always)
    private mutating func count(
        _ outcome: LooseGroup.Outcome, _ time: Int64, _ report: inout AppendReport
    ) -> LooseGroup.Outcome {
        report.count(outcome)
        if case .accepted = outcome {
            newest = max(newest, time)
            pressure.samplesSince += 1
        }
        return outcome
    }
}

/// What became of many samples.
struct AppendTally {
    var report: AppendReport
    /// The latest of those that were taken.
    var newest = Int64.min
    /// The places of those that were refused, ascending.
    var refused: [Int] = []
    /// Those that were put off, with their series.
    var late: [(number: UInt32, place: Int)] = []

    init(report: AppendReport) { self.report = report }

    @inline(__always)
    mutating func count(_ outcome: LooseGroup.Outcome, _ time: Int64, at place: Int) {
        report.count(outcome)
        if case .accepted = outcome {
            newest = max(newest, time)
        } else {
            note(outcome, at: place)
        }
    }

    /// Adds what was counted of places behind those so far.
    mutating func add(_ other: AppendTally) {
        report.add(other.report)
        newest = max(newest, other.newest)
        refused += other.refused
        late += other.late
    }

    /// Apart from what is done for each sample.
    @inline(never)
    private mutating func note(_ outcome: LooseGroup.Outcome, at place: Int) {
        if outcome.isRefused { refused.append(place) }
    }

    /// Leaves a late sample of a series, and those that come after it, for later.
    @inline(never)
    mutating func putOff(_ number: UInt32, _ places: Range<Int>) {
        for place in places { late.append((number, place)) }
    }
}

/// The places in a batch of what was refused, ascending.
struct RefusedSamples {
    var samples: [Int] = []
    var histograms: [Int] = []

    var isEmpty: Bool { samples.isEmpty && histograms.isEmpty }
}

extension LooseGroup.Outcome {
    /// Whether the store does not have the sample; what is there already is no refusal.
    var isRefused: Bool {
        switch self {
        case .accepted, .repeated, .late: false
        case .duplicate, .outOfOrder, .tooOld: true
        }
    }
}

extension AppendReport {
    @inline(__always)
    fileprivate mutating func count(_ outcome: LooseGroup.Outcome) {
        switch outcome {
        case .accepted: accepted += 1
        case .repeated: repeated += 1
        case .duplicate: duplicate += 1
        case .outOfOrder: outOfOrder += 1
        case .tooOld: tooOld += 1
        case .late: break
        }
    }
}
