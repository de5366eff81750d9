import PromQL

/// Texts for the parser: well-formed ones, such with bytes changed, parts of others mixed in, and plain noise. Nothing
/// may crash it, and what it takes must read back from both of its canonical texts.
package struct ParserFuzz: Sendable {
    private static let alphabet = Array(
        "()[]{}<>=!~\"'`,:@#+-*/%^. \n\\0159eExsmhoffset_abyon\u{e9}\u{0}".utf8)
    private static let words = [
        "sum", "by", "without", "(", ")", "{", "}", "[5m]", "[1h:5m]", "offset", "-5m", "@", "start()",
        "bool", "on",
        "group_left", "ignoring", "fill", "fill_left", "fill_right", "info", "(0)", "and", "or", "unless",
        "atan2", "rate", "m{a=\"b\"}", "1e3",
        "0x1F",
        "Inf", "NaN", "\"\\xff\"", "'a'", "`b`", ",", ":", "__name__", "anchored", "smoothed", "forecast",
        "1_000",
        "step()", "5m+1h", "^", "!~", "=~", "</", ">/", "{\"a.b\"}", "limitk(1,", "# c\n",
    ]

    private let corpus: [[UInt8]]

    /// - Parameter corpus: expressions to be changed besides those made up.
    package init(corpus: [String]) { self.corpus = corpus.map { Array($0.utf8) } }

    /// The text of a case.
    package func text(_ number: UInt64) -> String {
        var random = SeededGenerator(seed: number &* 0xd134_2543_de82_ef95)
        var bytes = base(number, &random)
        for _ in 0..<Int.random(in: 0..<5, using: &random) { change(&bytes, &random) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func base(_ number: UInt64, _ random: inout SeededGenerator) -> [UInt8] {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5 where !corpus.isEmpty: return random.pick(corpus)
        case 8:
            return (0..<Int.random(in: 0..<12, using: &random)).flatMap { _ in
                Array(random.pick(Self.words).utf8) + (random.chance(0.7) ? [UInt8(ascii: " ")] : [])
            }
        case 9:
            return (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                random.chance(0.9) ? random.pick(Self.alphabet) : UInt8.random(in: 0...255, using: &random)
            }
        default:
            var generator = ExpressionGenerator(random: SeededGenerator(seed: number))
            return Array(generator.vector(depth: 3).utf8)
        }
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[index] = random.pick(Self.alphabet)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(random.pick(Self.alphabet), at: index)
        case 3: bytes.insert(contentsOf: Array(random.pick(Self.words).utf8), at: index)
        case 4:
            let end = min(bytes.count, index + Int.random(in: 1..<12, using: &random))
            let part = Array(bytes[index..<end])
            bytes.insert(contentsOf: part, at: Int.random(in: 0...bytes.count, using: &random))
        default:
            guard !corpus.isEmpty else { return }
            let other = random.pick(corpus)
            bytes =
                Array(bytes[..<index])
                + other.dropFirst(Int.random(in: 0..<max(1, other.count), using: &random))
        }
    }

    /// Whether the text is a query; what is wrong with how it reads back, nil where nothing is.
    package static func check(_ text: String) -> (isQuery: Bool, problem: String?) {
        guard let expression = try? Expression.parse(text, features: .all) else { return (false, nil) }
        for canonical in [expression.description, expression.formatted()] {
            do {
                guard try Expression.parse(canonical, features: .all) == expression else {
                    return (
                        true,
                        "\(text.debugDescription) reads back otherwise from \(canonical.debugDescription)"
                    )
                }
            } catch {
                return (
                    true,
                    "\(text.debugDescription) does not read back from \(canonical.debugDescription): \(error)"
                )
            }
        }
        return (true, nil)
    }

    /// The queries in promqltest scripts.
    package static func queries(ofScript text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 9)
            guard let first = words.first, first.hasPrefix("eval") else { return nil }
            let isRange = words.count > 1 && words[1] == "range"
            return isRange
                ? (words.count > 8 ? words[8...].joined(separator: " ") : nil)
                : (words.count > 4 ? words[4...].joined(separator: " ") : nil)
        }
    }
}
