/// The experimental parts of PromQL, off unless named in `--enable-feature`, by Prometheus' names, and whether
/// our extensions are refused.
package struct QueryFeatures: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let experimentalFunctions = QueryFeatures(rawValue: 1 << 0)
    package static let delayedNameRemoval = QueryFeatures(rawValue: 1 << 1)
    package static let extendedRangeSelectors = QueryFeatures(rawValue: 1 << 2)
    package static let durationExpressions = QueryFeatures(rawValue: 1 << 3)
    package static let fillModifiers = QueryFeatures(rawValue: 1 << 4)
    package static let typeAndUnitLabels = QueryFeatures(rawValue: 1 << 5)
    /// Start timestamps of samples take part in `rate` and its kin.
    package static let startTimestamps = QueryFeatures(rawValue: 1 << 6)

    /// Our extensions of the language are unknown, as they are to Prometheus: `--query.strict-prometheus`.
    package static let strictPrometheus = QueryFeatures(rawValue: 1 << 7)

    /// Everything experimental, and our extensions.
    package static let all: QueryFeatures = [
        .experimentalFunctions, .delayedNameRemoval, .extendedRangeSelectors, .durationExpressions,
        .fillModifiers, .typeAndUnitLabels, .startTimestamps,
    ]

    /// Feature by flag name, in the order in which help texts list them.
    package static let named: [(name: String, feature: QueryFeatures)] = [
        ("promql-experimental-functions", .experimentalFunctions),
        ("promql-delayed-name-removal", .delayedNameRemoval),
        ("promql-extended-range-selectors", .extendedRangeSelectors),
        ("promql-duration-expr", .durationExpressions),
        ("promql-binop-fill-modifiers", .fillModifiers),
        ("type-and-unit-labels", .typeAndUnitLabels),
        ("use-start-timestamps", .startTimestamps),
    ]

    /// The feature of that flag name, or nil.
    package init?(named name: String) {
        guard let found = QueryFeatures.named.first(where: { $0.name == name }) else { return nil }
        self = found.feature
    }
}
