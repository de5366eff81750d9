/// A resolution of rollups and how long they are kept.
package struct RollupRule: Hashable, Sendable {
    /// The length of a window; windows begin at multiples of it.
    package var resolution: Duration
    package var retention: Duration

    package init(resolution: Duration, retention: Duration) {
        self.resolution = resolution
        self.retention = retention
    }

    /// 5 minutes for 90 days, 1 hour for 2 years.
    package static let standard = [
        RollupRule(resolution: .seconds(300), retention: .seconds(90 * 86_400)),
        RollupRule(resolution: .seconds(3600), retention: .seconds(730 * 86_400)),
    ]
}
