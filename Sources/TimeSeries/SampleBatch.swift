/// Samples of many series in flat arrays, as a receiver reads them from the wire: one series after the other, its labels
/// as the canonical bytes of `Labels` and their hash, so that a sink that knows the series makes no `Labels` of it.
package struct SampleBatch: Sendable {
    package struct Entry: Sendable {
        /// `Labels.processHash`.
        package var hash: UInt64
        /// Where the bytes, samples and histograms of the series end; they begin where those before end.
        package var labelsEnd: Int
        package var samplesEnd: Int
        package var histogramsEnd: Int
    }

    package var labelBytes: [UInt8] = []
    package private(set) var entries: [Entry] = []
    package var samples: [Sample] = []
    package var histograms: [(timestamp: Timestamp, histogram: FloatHistogram)] = []
    /// When the counter of each sample started, in milliseconds, 0 where unknown; those that are missing at the end are
    /// unknown too.
    package private(set) var startTimes: [Int64] = []
    /// The same of each histogram.
    package private(set) var histogramStarts: [Int64] = []

    package init() {}

    package init(_ series: [SeriesSamples]) {
        entries.reserveCapacity(series.count)
        samples.reserveCapacity(series.count)
        for one in series { append(one) }
    }

    package var sampleCount: Int { samples.count + histograms.count }

    package mutating func append(_ series: SeriesSamples) {
        labelBytes += series.labels.bytes
        if !series.startTimes.isEmpty {
            startTimes += repeatElement(0, count: samples.count - startTimes.count)
            startTimes += series.startTimes.prefix(series.samples.count)
        }
        if !series.histogramStarts.isEmpty {
            histogramStarts += repeatElement(0, count: histograms.count - histogramStarts.count)
            histogramStarts += series.histogramStarts.prefix(series.histograms.count)
        }
        samples += series.samples
        histograms += series.histograms
        close(hash: series.labels.processHash)
    }

    /// Takes the last series out again.
    package mutating func removeLast() {
        entries.removeLast()
        discardOpen()
    }

    package func labels(_ index: Int) -> Labels {
        Labels(canonical: Array(labelBytes[labelRange(index)]))
    }

    package func labelRange(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : entries[index - 1].labelsEnd)..<entries[index].labelsEnd
    }

    package func sampleRange(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : entries[index - 1].samplesEnd)..<entries[index].samplesEnd
    }

    package func histogramRange(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : entries[index - 1].histogramsEnd)..<entries[index].histogramsEnd
    }

    package func series(_ index: Int) -> SeriesSamples {
        SeriesSamples(
            labels: labels(index), samples: Array(samples[sampleRange(index)]),
            histograms: Array(histograms[histogramRange(index)]), startTimes: startTimes(index),
            histogramStarts: histogramStarts(index))
    }

    /// The starts of the samples of a series; empty where none is known.
    package func startTimes(_ index: Int) -> [Int64] { Self.part(startTimes, sampleRange(index)) }

    /// The starts of the histograms of a series; empty where none is known.
    package func histogramStarts(_ index: Int) -> [Int64] {
        Self.part(histogramStarts, histogramRange(index))
    }

    private static func part(_ starts: [Int64], _ range: Range<Int>) -> [Int64] {
        guard range.lowerBound < starts.count else { return [] }
        let known = starts[range.lowerBound..<min(range.upperBound, starts.count)]
        return Array(known) + repeatElement(0, count: range.count - known.count)
    }

    // MARK: Writing one series after the other: its parts behind those that are there, then `close`

    /// Where the labels of the next series begin in `labelBytes`, and its samples and histograms.
    package var openLabels: Int { entries.last?.labelsEnd ?? 0 }
    package var openSamples: Int { entries.last?.samplesEnd ?? 0 }
    package var openHistograms: Int { entries.last?.histogramsEnd ?? 0 }

    /// Ends the series whose labels, samples and histograms were added last.
    package mutating func close(hash: UInt64) {
        entries.append(
            Entry(
                hash: hash, labelsEnd: labelBytes.count, samplesEnd: samples.count,
                histogramsEnd: histograms.count))
    }

    /// Forgets what was added behind the last series that is closed.
    package mutating func discardOpen() {
        labelBytes.removeLast(labelBytes.count - openLabels)
        samples.removeLast(samples.count - openSamples)
        if startTimes.count > samples.count { startTimes.removeLast(startTimes.count - samples.count) }
        histograms.removeLast(histograms.count - openHistograms)
        if histogramStarts.count > histograms.count {
            histogramStarts.removeLast(histogramStarts.count - histograms.count)
        }
    }
}
