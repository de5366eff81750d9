import TimeSeries

/// A command of a promqltest script.
enum ScriptCommand {
    case clear
    case load(lines: [ScriptStorage.Line], interval: Int64, withCustomBuckets: Bool)
    case evaluate(ScriptCase)
}

/// One `eval` with what is expected of it.
struct ScriptCase {
    /// What a message must be.
    enum Match {
        case any
        case text(String)
        case pattern(Pattern, String)

        func accepts(_ message: String) -> Bool {
            switch self {
            case .any: true
            case .text(let text): text == message
            case .pattern(let pattern, _): pattern.matches(message)
            }
        }

        var description: String {
            switch self {
            case .any: "any message"
            case .text(let text): "\"\(text)\""
            case .pattern(_, let text): "pattern \"\(text)\""
            }
        }
    }

    struct Series {
        var labels: Labels
        var values: [SeriesNotation.Element]
    }

    var line: Int
    var query: String
    var range: EvaluationRange
    var isInstant: Bool
    var failure: Match?
    var warnings: [Match] = []
    var infos: [Match] = []
    var refusesWarnings = false
    var refusesInfos = false
    var isOrdered = false
    var string: String?
    var scalar: Double?
    var series: [Series] = []
    /// Where the samples of an expected range vector are.
    var rangeVector: EvaluationRange?
}
