/// Samples of series that a sink has taken before, by the handles that it gave for them, in flat columns: what a sender
/// repeats costs neither labels nor a search for them.
package struct KnownSamples: Sendable {
    /// What a sink gives where it has no handle for a series.
    @inlinable package static var noHandle: UInt32 { .max }

    /// The handle of each series.
    package var handles: [UInt32]
    /// Where the samples of each series end; they begin where those before end.
    package var ends: [Int]
    package var samples: [Sample]

    package init(handles: [UInt32], ends: [Int], samples: [Sample]) {
        self.handles = handles
        self.ends = ends
        self.samples = samples
    }
}
