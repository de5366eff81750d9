import Synchronization
import TimeSeries

extension LooseSeries {
    /// Adds samples by the numbers of their series, which are all there but for those without a number.
    /// - Parameter workers: take groups apart from each other, with the same result.
    mutating func append(
        _ samples: KnownSamples, window: Int64, _ workers: Workers, _ tally: inout AppendTally
    ) {
        if workers.count > 1, appendAtOnce(samples, window: window, workers, &tally) { return }
        var first = 0
        while let series = LooseSeries.run(of: samples, from: &first) {
            append(samples, series, window: window, &tally)
        }
    }

    /// The next series behind a place that are of one group; those without a number are passed.
    @inline(__always)
    private static func run(of samples: KnownSamples, from first: inout Int) -> Range<Int>? {
        let handles = samples.handles.span
        var start = first
        while start < handles.count, handles[start] == KnownSamples.noHandle { start += 1 }
        guard start < handles.count else { return nil }
        let group = LooseSeries.group(handles[start])
        var end = start + 1
        while end < handles.count, LooseSeries.group(handles[end]) == group,
            handles[end] != KnownSamples.noHandle
        {
            end += 1
        }
        first = end
        return start..<end
    }

    /// Groups that one worker fills, each with its series among those of a request.
    private struct Share: Sendable {
        var groups: [LooseGroup] = []
        var series: [Range<Int>] = []
        var tally = AppendTally(report: AppendReport())
    }

    /// To append a sample costs, with its part of what is sealed, so many times what decoding one does.
    private static let appendWork = 50

    /// Shares the groups out; false where that is not worth it, or a group comes twice.
    private mutating func appendAtOnce(
        _ samples: KnownSamples, window: Int64, _ workers: Workers, _ tally: inout AppendTally
    ) -> Bool {
        let work = LooseSeries.appendWork * samples.samples.count
        guard workers.pieces(of: samples.handles.count, work: work).count > 1 else { return false }
        var runs: [Range<Int>] = []
        var (first, last) = (0, -1)
        while let series = LooseSeries.run(of: samples, from: &first) {
            let group = LooseSeries.group(samples.handles[series.lowerBound])
            guard group > last else { return false }
            last = group
            runs.append(series)
        }
        let pieces = workers.pieces(of: runs.count, work: work)
        guard pieces.count > 1 else { return false }
        let shares = Mutex(pieces.map { share(runs[$0], samples) })
        var done = workers.map(pieces.count) { piece in
            // Taken out, so that its groups have no other owner while they change.
            var share = shares.withLock { shares in
                let share = shares[piece]
                shares[piece] = Share()
                return share
            }
            var encoder = LooseEncoder()
            for (index, series) in share.series.enumerated() {
                share.groups[index].append(samples, series, window: window, &encoder, &share.tally)
            }
            return share
        }
        for piece in done.indices {
            for (index, series) in done[piece].series.enumerated() {
                let group = LooseSeries.group(samples.handles[series.lowerBound])
                exchange(&done[piece].groups[index], at: group)
            }
            tally.add(done[piece].tally)
        }
        return true
    }

    /// Takes the groups of some runs out.
    private mutating func share(_ runs: ArraySlice<Range<Int>>, _ samples: KnownSamples) -> Share {
        var share = Share()
        share.series = Array(runs)
        share.groups = Array(repeating: LooseGroup(), count: runs.count)
        for (index, series) in share.series.enumerated() {
            exchange(&share.groups[index], at: LooseSeries.group(samples.handles[series.lowerBound]))
        }
        return share
    }
}
