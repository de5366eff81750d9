import Documents
import PromQL
import TimeSeries

/// A rule unit test file in promtool's format, read.
struct UnitTestFile {
    struct AlertCase {
        var time: Duration
        var alertName: String
        var expected: [ExpectedAlert]
        var position: Position
    }

    struct ExpectedAlert: Hashable {
        var labels: Labels
        var annotations: Labels
    }

    struct ExpressionCase {
        var expression: String
        var time: Duration
        var expected: [ExpectedSample]
        var position: Position
    }

    struct ExpectedSample {
        var labels: Labels
        var number: VectorElement.Number
    }

    struct Test {
        var name: String
        var interval: Duration
        var start: Timestamp
        var series: [SeriesNotation]
        var alerts: [AlertCase]
        var expressions: [ExpressionCase]
        var externalLabels: Labels
        var externalURL: String
        var position: Position

        /// The last moment that anything is asked of.
        var length: Duration { (alerts.map(\.time) + expressions.map(\.time)).max() ?? .zero }
    }

    /// Paths and patterns, relative to the file.
    var ruleFiles: [String]
    var evaluationInterval: Duration
    var groupOrder: [String]
    /// Takes values that differ by the last two bits.
    var isFuzzy: Bool
    var tests: [Test]
}
