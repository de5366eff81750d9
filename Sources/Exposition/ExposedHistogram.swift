package import TimeSeries

/// A histogram of an exposition that no line of text says: a native one, or one made of classic buckets.
package struct ExposedHistogram: Sendable {
    package var labels: Labels
    /// Nil where the exposition gives none: that of the scrape.
    package var timestamp: Timestamp?
    package var histogram: FloatHistogram
    /// Those with a time of their own. Of one without, nobody can tell whether it is the one of the scrape before.
    package var exemplars: [Exemplar] = []
    /// When it was last empty; nil where the exposition does not say.
    package var start: Timestamp?

    package init(labels: Labels, timestamp: Timestamp? = nil, histogram: FloatHistogram) {
        self.labels = labels
        self.timestamp = timestamp
        self.histogram = histogram
    }
}
