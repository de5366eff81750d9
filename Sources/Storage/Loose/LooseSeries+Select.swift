import TimeSeries

extension LooseSeries {
    /// The series that meet all matchers, ascending. The rarest pair decides where to look; what else is asked is
    /// looked up for each candidate where these are few, else in the lists of pairs.
    func select(_ matchers: [Matcher]) -> [UInt32] {
        guard count > 0 else { return [] }
        var wanted: [[PairTable.Pair]] = []
        var excluded: [[PairTable.Pair]] = []
        var trials: [(matcher: Matcher, name: UInt32)] = []
        for matcher in matchers {
            switch PairCondition(matcher, pairs) {
            case .everything: continue
            case .nothing: return []
            case .some(let found): wanted.append(found)
            case .without(let found): excluded.append(found)
            case .trial(let name): trials.append((matcher, name))
            }
        }
        let sizes = wanted.map(size)
        let order = wanted.indices.sorted { sizes[$0] < sizes[$1] }
        var candidates: [UInt32]?
        for index in order {
            candidates = candidates.map { keep($0, wanted[index], sizes[index]) } ?? union(wanted[index])
            if candidates?.isEmpty ?? false { return [] }
        }
        for (matcher, name) in trials { candidates = attempt(matcher, name, candidates) }
        var result = candidates ?? all
        for found in excluded { result = remove(found, from: result) }
        return result
    }

    /// All series, ascending.
    var all: [UInt32] {
        var all: [UInt32] = []
        all.reserveCapacity(count)
        for index in groups.indices {
            var members = groups[index].members
            while members != 0 {
                all.append(UInt32(16 * index + members.trailingZeroBitCount))
                members &= members - 1
            }
        }
        return all
    }

    private func size(_ found: [PairTable.Pair]) -> Int {
        found.reduce(0) { $0 + pairs.members(of: $1).count }
    }

    private func union(_ found: [PairTable.Pair]) -> [UInt32] {
        found.count == 1 ? pairs.members(of: found[0]).elements : set(found).elements
    }

    private func set(_ found: [PairTable.Pair]) -> BitSet {
        var set = BitSet(count: Int(nextNumber))
        for pair in found { set.insert(pairs.members(of: pair)) }
        return set
    }

    private func keep(_ candidates: [UInt32], _ found: [PairTable.Pair], _ size: Int) -> [UInt32] {
        // The steps of a list take a look each, those that follow each other together.
        let list = found.count == 1 ? pairs.members(of: found[0]) : nil
        if candidates.count * 8 < list?.byteCount ?? size {
            let wanted = Set(found)
            let name = pairs.name(of: found[0])
            return candidates.filter { pair($0, name).map(wanted.contains) ?? false }
        }
        if let list { return list.intersection(candidates) }
        let wanted = set(found)
        return candidates.filter(wanted.contains)
    }

    private func remove(_ found: [PairTable.Pair], from candidates: [UInt32]) -> [UInt32] {
        if candidates.count * 8 < size(found) {
            let unwanted = Set(found)
            let name = pairs.name(of: found[0])
            return candidates.filter { pair($0, name).map { !unwanted.contains($0) } ?? true }
        }
        let unwanted = set(found)
        return candidates.filter { !unwanted.contains($0) }
    }

    /// Tries values, each once: those of the candidates, or all of the name where these are fewer.
    private func attempt(_ matcher: Matcher, _ name: UInt32, _ candidates: [UInt32]?) -> [UInt32] {
        let values = pairs.pairs(of: name)
        let matchesEmpty = matcher.matches("")
        let prefix = matcher.operation == .regex ? Array((matcher.expression?.prefix ?? "").utf8) : []
        func matches(_ pair: PairTable.Pair) -> Bool {
            if !prefix.isEmpty, !pairs.hasPrefix(pair, prefix) { return false }
            return matcher.matches(pairs.value(of: pair))
        }
        if let candidates, candidates.count < values.count {
            var known: [PairTable.Pair: Bool] = [:]
            return candidates.filter { candidate in
                guard let pair = pair(candidate, name) else { return matchesEmpty }
                if let answer = known[pair] { return answer }
                let answer = matches(pair)
                known[pair] = answer
                return answer
            }
        }
        let found = values.filter { matches($0) != matchesEmpty }
        // Those without the label meet it too, so only those with another value are taken out.
        if matchesEmpty { return found.isEmpty ? candidates ?? all : remove(found, from: candidates ?? all) }
        guard !found.isEmpty else { return [] }
        return candidates.map { keep($0, found, size(found)) } ?? union(found)
    }

    /// The pair with a name that a series has.
    private func pair(_ number: UInt32, _ name: UInt32) -> PairTable.Pair? {
        let group = groups[Int(number >> 4)]
        for index in group.pairRange(Int(number & 15)) where pairs.name(of: group.pairs[index]) == name {
            return group.pairs[index]
        }
        return nil
    }

    /// The values of a label of all series with a sample near the range.
    func values(of name: String, in range: ClosedRange<Int64>) -> [String] {
        guard let number = pairs.number(of: name) else { return [] }
        return pairs.pairs(of: number).filter { pair in
            pairs.members(of: pair).elements.contains { member in
                groups[Int(member >> 4)].slots(in: range) >> UInt16(member & 15) & 1 == 1
            }
        }.map(pairs.value)
    }

    /// Series by group, with a bit for each of those that may have samples in the range.
    func slices(_ numbers: [UInt32], in range: ClosedRange<Int64>) -> [LooseSlice] {
        var slices: [LooseSlice] = []
        var index = 0
        while index < numbers.count {
            let group = numbers[index] >> 4
            var slots: UInt16 = 0
            while index < numbers.count, numbers[index] >> 4 == group {
                slots |= 1 << UInt16(numbers[index] & 15)
                index += 1
            }
            slots &= groups[Int(group)].slots(in: range)
            if slots != 0 { slices.append(LooseSlice(group: groups[Int(group)], slots: slots)) }
        }
        return slices
    }
}

/// A group and some of its series, shared with the head: reading it needs no lock.
struct LooseSlice: Sendable {
    var group: LooseGroup
    var slots: UInt16
}
