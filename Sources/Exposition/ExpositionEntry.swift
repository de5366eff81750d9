package import TimeSeries

/// What a line of an exposition says. Ranges are of the bytes that were read.
package enum ExpositionEntry: Sendable {
    case sample(ExpositionSample)
    case help(name: Range<Int>, text: Range<Int>)
    case type(name: Range<Int>, kind: MetricMetadata.Kind)
    case unit(name: Range<Int>, text: Range<Int>)
    /// The exemplar of a sample, for a reader that was moved to the end of the sample's value. From its #.
    case exemplar(Range<Int>)
}

/// One sample line. The labels come from `ExpositionReader.labels`, while it stands at this sample.
package struct ExpositionSample: Hashable, Sendable {
    /// Name and labels as they are written.
    package var series: Range<Int>
    /// Where the value begins.
    package var valueStart: Int
    /// Behind the last byte of the line that means something: value, timestamp or exemplar.
    package var end: Int
    package var value: Double
    /// Milliseconds since 1970, where the line gives a time.
    package var timestamp: Timestamp?
    /// From its #, where the line has an exemplar.
    package var exemplar: Range<Int>?
}
