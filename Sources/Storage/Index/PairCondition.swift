import TimeSeries

/// What a matcher asks of single series, as far as that can be told without trying values.
enum PairCondition {
    case everything
    case nothing
    /// Series with one of these pairs.
    case some([PairTable.Pair])
    /// Series with none of these pairs.
    case without([PairTable.Pair])
    /// Values have to be tried: those of the name that this number stands for.
    case trial(UInt32)

    init(_ matcher: Matcher, _ table: PairTable) {
        let pairs = table.number(of: matcher.name).map { (name: $0, all: table.pairs(of: $0)) }
        guard let pairs, !pairs.all.isEmpty else {
            self = matcher.matches("") ? .everything : .nothing
            return
        }
        let isNegative = matcher.operation == .notEqual || matcher.operation == .notRegex
        let literals: [String]
        switch (matcher.operation, matcher.value) {
        case (.equal, _), (.notEqual, _): literals = [matcher.value]
        case (_, ".*"):
            self = isNegative ? .nothing : .everything
            return
        case (_, ".+"):
            self = isNegative ? .without(pairs.all) : .some(pairs.all)
            return
        default:
            guard let known = matcher.expression?.literals else {
                self = .trial(pairs.name)
                return
            }
            literals = known
        }
        guard !literals.contains("") else {
            if literals.count > 1 {
                self = .trial(pairs.name)
            } else {
                self = isNegative ? .some(pairs.all) : .without(pairs.all)
            }
            return
        }
        let found = Labels.sorted(ExactText.distinct(literals)).compactMap { table.find(matcher.name, $0) }
        if isNegative {
            self = found.isEmpty ? .everything : .without(found)
        } else {
            self = found.isEmpty ? .nothing : .some(found)
        }
    }
}
