/// A real scrape taken apart: the text that stays, and the values that move.
package struct Payload {
    /// A value that moves, and the text before it, from the end of the moving value before.
    struct Piece {
        var text: Range<Int>
        var gait: Gait
        var start: Decimal
        /// The first bucket of a histogram: what the buckets carry begins anew.
        var beginsHistogram: Bool
    }

    /// The bytes that `Piece.text` and `tail` are ranges of.
    var text: [UInt8] = []
    var pieces: [Piece] = []
    var tail = 0..<0
    /// Samples in a body, those that stand still included.
    package private(set) var sampleCount = 0
    /// Name and labels of every sample, for pushing.
    package private(set) var series: [Substring] = []
    /// The text of every sample's value.
    var values: [Substring] = []
    /// Per sample, the piece that moves it.
    var pieceOfSample: [Int?] = []

    /// Takes lines of the exposition until there are `limit` samples; a payload that has fewer is repeated with a label
    /// more.
    ///
    /// - Parameter copy: a number that all series bear as a label, so that no two targets have a line in common.
    package init(_ exposition: String, limit: Int, intervalMilliseconds: Int64, copy: Int? = nil) {
        let lines = exposition.split(separator: "\n").filter { !$0.isEmpty }
        guard lines.contains(where: { !$0.hasPrefix("#") }) else { return }
        var start = 0
        var histogram: Substring = ""
        var round = 0
        while sampleCount < limit {
            var type: Substring = "untyped"
            let before = sampleCount
            for line in lines where sampleCount < limit {
                if line.hasPrefix("#") {
                    let words = line.split(separator: " ", maxSplits: 3)
                    if words.count == 4, words[1] == "TYPE" { type = words[3] }
                    if round == 0 { text += Array(line.utf8) + [UInt8(ascii: "\n")] }
                    continue
                }
                // Behind the labels, whose values may have blanks, stand the value and perhaps a time, which is left out.
                let labelsEnd = line.lastIndex(of: "}").map { line.index(after: $0) }
                let nameEnd = line.firstIndex(of: " ")
                guard let end = labelsEnd ?? nameEnd,
                    let value = line[end...].split(separator: " ").first
                else { continue }
                var series = line[..<end]
                if let copy { series = Payload.labelled(series, "copy", copy) }
                if round > 0 { series = Payload.labelled(series, "round", round) }
                text += Array(series.utf8) + [UInt8(ascii: " ")]
                self.series.append(series)
                values.append(value)
                sampleCount += 1
                pieceOfSample.append(nil)
                if let decimal = Decimal(value),
                    let gait = Gait(
                        type: type, series: series, value: decimal, intervalMilliseconds: intervalMilliseconds
                    )
                {
                    let stem = Payload.stem(series)
                    pieceOfSample[sampleCount - 1] = pieces.count
                    pieces.append(
                        Piece(
                            text: start..<text.count, gait: gait, start: decimal,
                            beginsHistogram: stem != histogram))
                    histogram = stem
                    start = text.count
                } else {
                    text += Array(value.utf8)
                }
                text.append(UInt8(ascii: "\n"))
            }
            if sampleCount == before { break }
            round += 1
        }
        tail = start..<text.count
    }

    private static func labelled(_ series: Substring, _ label: String, _ number: Int) -> Substring {
        guard series.last == "}" else { return Substring(series + "{\(label)=\"\(number)\"}") }
        return Substring(series.dropLast() + ",\(label)=\"\(number)\"}")
    }

    /// What the buckets, the sum and the count of one histogram have in common.
    private static func stem(_ series: Substring) -> Substring {
        let name = series.prefix { $0 != "{" }
        for suffix in ["_bucket", "_count", "_sum"] where name.hasSuffix(suffix) {
            let labels = series[name.endIndex...].dropFirst().split(separator: ",")
            let kept = labels.filter { !$0.hasPrefix("le=") }.joined(separator: ",")
            return Substring(name.dropLast(suffix.count) + kept.filter { $0 != "}" })
        }
        return series
    }
}
