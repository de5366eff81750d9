import Codecs
import TimeSeries

/// Pairs of label name and value, each once: its bytes as they stand in `Labels` and the members that have it.
///
/// Members are single series; they keep the numbers of their pairs instead of their labels. A pair that no member
/// has is freed, its number is given again, and its bytes go when half of all bytes are free.
struct PairTable: Sendable {
    typealias Pair = UInt32

    private struct Entry: Sendable {
        /// Page of `texts` in the upper half, offset in the lower.
        var position: UInt64 = 0
        var length: UInt32 = 0
        /// Of `lists`.
        var name: UInt32 = 0
        var members = PostingList()
    }

    /// Bytes of pairs, none across two pages.
    private var texts: [[UInt8]] = []
    private var entries = Paged<Entry>()
    private var slots = HashSlots()
    private var free: [Pair] = []
    /// A name's symbol is its place in `lists`.
    private var nameSymbols = SymbolTable()
    /// The pairs of each name, in the order in which they came.
    private var lists: [[Pair]] = []
    /// Bytes of the values of each name.
    private var valueByteCounts: [Int] = []
    private(set) var textByteCount = 0
    private var freeByteCount = 0

    private static let pageSize = 1 << 16

    /// Pairs that a member has.
    var count: Int { entries.count - free.count }

    /// Bytes of texts and an estimate of what finds them; members count beside it.
    var byteCount: Int { textByteCount + 56 * entries.count }

    /// All numbers of pairs are below it.
    var numberCount: Int { entries.count }

    /// What of that goes with a pair; its number stays.
    func byteCount(of pair: Pair) -> Int { Int(entries[Int(pair)].length) }

    func members(of pair: Pair) -> PostingList { entries[Int(pair)].members }

    /// Names of labels that a member has, in no order.
    var names: [String] { lists.indices.filter { !lists[$0].isEmpty }.map { nameSymbols[UInt32($0)] } }

    /// A number for a name; nil where no member ever had it.
    func number(of name: String) -> UInt32? { nameSymbols.find(name) }

    /// The pairs with a name.
    func pairs(of name: UInt32) -> [Pair] { lists[Int(name)] }

    func valueByteCount(of name: UInt32) -> Int { valueByteCounts[Int(name)] }

    @inline(__always)
    func name(of pair: Pair) -> UInt32 { entries[Int(pair)].name }

    // MARK: Bytes

    /// The bytes of one pair: length and bytes of the name, length and bytes of the value.
    func appendBytes(of pair: Pair, to bytes: inout [UInt8]) {
        let entry = entries[Int(pair)]
        let start = Int(truncatingIfNeeded: entry.position & 0xffff_ffff)
        let page = texts[Int(entry.position >> 32)]
        bytes.append(page.span, start..<start + Int(entry.length))
    }

    /// The labels of a member.
    func labels(_ pairs: Span<Pair>) -> Labels {
        var bytes: [UInt8] = []
        var length = 0
        for index in 0..<pairs.count { length += Int(entries[Int(pairs[index])].length) }
        bytes.reserveCapacity(length)
        for index in 0..<pairs.count { appendBytes(of: pairs[index], to: &bytes) }
        return Labels(canonical: bytes)
    }

    /// Whether the value of a pair begins with these bytes.
    func hasPrefix(_ pair: Pair, _ prefix: [UInt8]) -> Bool {
        let entry = entries[Int(pair)]
        let start = Int(truncatingIfNeeded: entry.position & 0xffff_ffff)
        let bytes = texts[Int(entry.position >> 32)]
        let part = bytes.span.extracting(start..<start + Int(entry.length))
        let value = PairTable.valueRange(part)
        guard value.count >= prefix.count else { return false }
        let range = value.lowerBound..<value.lowerBound + prefix.count
        return part.extracting(range).equals(prefix.span)
    }

    /// The value of a pair.
    func value(of pair: Pair) -> String {
        var bytes: [UInt8] = []
        appendBytes(of: pair, to: &bytes)
        let range = PairTable.valueRange(bytes.span)
        return String(decoding: bytes[range], as: UTF8.self)
    }

    private static func valueRange(_ pair: Span<UInt8>) -> Range<Int> {
        var cursor = ByteCursor(count: pair.count)
        guard let name = try? cursor.length(pair), (try? cursor.take(name)) != nil,
            let value = try? cursor.length(pair), let range = try? cursor.take(value)
        else { return 0..<0 }
        return range
    }

    /// Whether the labels in a part of `bytes` are those of these pairs.
    @inline(__always)
    func equal(_ pairs: Span<Pair>, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        for index in 0..<pairs.count {
            let pair = Int(pairs[index])
            let length = Int(entries[pair].length)
            guard position + length <= range.upperBound else { return false }
            let start = entries[pair].position
            let page = texts[Int(start >> 32)]
            let offset = Int(truncatingIfNeeded: start & 0xffff_ffff)
            let mine = page.span.extracting(offset..<offset + length)
            guard mine.equals(bytes.extracting(position..<position + length)) else { return false }
            position += length
        }
        return position == range.upperBound
    }

    // MARK: Finding

    /// The pair of a name and a value, where a member has it.
    func find(_ name: String, _ value: String) -> Pair? {
        var bytes: [UInt8] = []
        bytes.append(prefixed: name)
        bytes.append(prefixed: value)
        return find(bytes.span, 0..<bytes.count)
    }

    private func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Pair? {
        slots.find(PairTable.hash(bytes, range)) { pair in
            let entry = entries[Int(pair)]
            let start = Int(truncatingIfNeeded: entry.position & 0xffff_ffff)
            let page = texts[Int(entry.position >> 32)]
            return page.span.extracting(start..<start + Int(entry.length)).equals(bytes.extracting(range))
        }
    }

    private static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        Labels.hash(bytes.extracting(range))
    }

    // MARK: Changing

    /// Adds a member, whose number must be above those of all before it; appends its pairs to `pairs`.
    mutating func add(_ member: UInt32, _ labels: Labels, to pairs: inout [Pair]) {
        let bytes = labels.bytes
        for range in labels.ranges {
            let start = range.name.lowerBound - PairTable.lengthWidth(range.name.count)
            let pair = intern(bytes.span, start..<range.value.upperBound, range.name)
            entries[Int(pair)].members.append(member)
            pairs.append(pair)
        }
    }

    private static func lengthWidth(_ length: Int) -> Int {
        length < 0x80 ? 1 : (63 - length.leadingZeroBitCount) / 7 + 1
    }

    private mutating func intern(_ bytes: Span<UInt8>, _ range: Range<Int>, _ name: Range<Int>) -> Pair {
        if let known = find(bytes, range) { return known }
        let number = nameSymbols.intern(String(decoding: bytes.array(name), as: UTF8.self))
        if number == lists.count {
            lists.append([])
            valueByteCounts.append(0)
        }
        let entry = Entry(position: store(bytes, range), length: UInt32(range.count), name: number)
        let pair: Pair
        if let reused = free.popLast() {
            pair = reused
            entries[Int(pair)] = entry
        } else {
            pair = Pair(entries.count)
            entries.append(entry)
        }
        slots.insert(PairTable.hash(bytes, range), pair)
        lists[Int(number)].append(pair)
        valueByteCounts[Int(number)] += PairTable.valueRange(bytes.extracting(range)).count
        return pair
    }

    private mutating func store(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        if texts.last.map({ $0.count + range.count > PairTable.pageSize }) ?? true {
            texts.append([])
            if texts.count > 1 { texts[texts.count - 1].reserveCapacity(PairTable.pageSize) }
        }
        let page = texts.count - 1
        let position = UInt64(page) << 32 | UInt64(texts[page].count)
        texts[page].append(bytes, range)
        textByteCount += range.count
        return position
    }

    /// Takes members away that have these pairs.
    mutating func remove(_ members: Set<UInt32>, pairs: Set<Pair>) {
        var freed: Set<Pair> = []
        var touched: Set<UInt32> = []
        for pair in pairs.sorted() {
            entries[Int(pair)].members.remove(members)
            if entries[Int(pair)].members.isEmpty { freed.insert(pair) }
        }
        guard !freed.isEmpty else { return }
        for pair in freed.sorted() {
            var bytes: [UInt8] = []
            appendBytes(of: pair, to: &bytes)
            slots.remove(PairTable.hash(bytes.span, 0..<bytes.count), pair)
            textByteCount -= bytes.count
            freeByteCount += bytes.count
            touched.insert(entries[Int(pair)].name)
            valueByteCounts[Int(entries[Int(pair)].name)] -= PairTable.valueRange(bytes.span).count
            entries[Int(pair)] = Entry()
            free.append(pair)
        }
        for name in touched { lists[Int(name)] = lists[Int(name)].filter { !freed.contains($0) } }
        trim()
        if freeByteCount > max(PairTable.pageSize, textByteCount) { compact() }
    }

    /// Gives back numbers at the end that are free; of the others the smallest are given first.
    private mutating func trim() {
        while entries.count > 0, entries[entries.count - 1].length == 0 { entries.removeLast() }
        free.removeAll { Int($0) >= entries.count }
        free.sort(by: >)
    }

    /// Writes the bytes of all pairs anew.
    private mutating func compact() {
        let old = self
        texts = []
        textByteCount = 0
        freeByteCount = 0
        for pair in lists.joined().sorted() {
            var bytes: [UInt8] = []
            old.appendBytes(of: pair, to: &bytes)
            entries[Int(pair)].position = store(bytes.span, 0..<bytes.count)
        }
        guard lists.allSatisfy(\.isEmpty) else { return }
        entries = Paged()
        free = []
        lists = []
        valueByteCounts = []
        nameSymbols = SymbolTable()
    }
}
