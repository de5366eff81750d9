/// The name of a series: label names and values, sorted by name, names unique, no empty value.
///
/// One run of bytes, `name length, name, value length, value` per pair with lengths as LEB128, and its hash,
/// computed once. Equality is a hash compare and a memcmp. Built at the edge, then only passed on.
package struct Labels: Hashable, Sendable {
    /// The run of bytes. Equal labels have equal bytes.
    package let bytes: [UInt8]
    /// `Labels.hash` of the bytes: another one in each process, so that nobody can choose labels that share it.
    package let processHash: UInt64

    package static let empty = Labels([])

    /// Sorts; for a name given twice the later value wins; pairs with an empty value are dropped, as in
    /// Prometheus, where an empty label equals an absent one. Names are the same where their bytes are, not where they
    /// look alike, as an e with an accent does that is one scalar or two.
    package init(_ pairs: [(name: String, value: String)]) {
        var sorted = pairs.enumerated().sorted {
            let order = Labels.order($0.element.name, $1.element.name)
            return order == 0 ? $0.offset < $1.offset : order < 0
        }.map(\.element)
        var kept = 0
        for index in sorted.indices {
            if index + 1 < sorted.count, Labels.order(sorted[index + 1].name, sorted[index].name) == 0 {
                continue
            }
            if sorted[index].value.isEmpty { continue }
            sorted[kept] = sorted[index]
            kept += 1
        }
        var bytes: [UInt8] = []
        for pair in sorted[..<kept] {
            Labels.append(pair.name, to: &bytes)
            Labels.append(pair.value, to: &bytes)
        }
        self.init(canonical: bytes)
    }

    package init(_ dictionary: [String: String]) {
        self.init(dictionary.map { (name: $0.key, value: $0.value) })
    }

    /// Trusts that `bytes` are in the canonical form of `bytes`; for decoders that produce it themselves.
    package init(canonical bytes: [UInt8]) {
        self.bytes = bytes
        processHash = Labels.hash(bytes.span)
    }

    /// A hash that is equal in every process and on every machine, worked out anew each time.
    package var stableHash: UInt64 { Labels.stableHash(bytes.span) }

    package var isEmpty: Bool { bytes.isEmpty }

    package var count: Int {
        var count = 0
        forEach { _, _ in count += 1 }
        return count
    }

    package subscript(name: String) -> String? {
        var wanted = name
        return wanted.withUTF8 { wanted in
            var found: String?
            var position = 0
            while found == nil, position < bytes.count {
                let label = Labels.next(bytes, &position)
                let value = Labels.next(bytes, &position)
                if unsafe bytes[label].elementsEqual(wanted) {
                    found = String(decoding: bytes[value], as: UTF8.self)
                }
            }
            return found
        }
    }

    /// The value of `__name__`, empty where there is none.
    package var metricName: String { self["__name__"] ?? "" }

    package func forEach(_ body: (_ name: String, _ value: String) throws -> Void) rethrows {
        var position = 0
        while position < bytes.count {
            let name = Labels.next(bytes, &position)
            let value = Labels.next(bytes, &position)
            try body(
                String(decoding: bytes[name], as: UTF8.self), String(decoding: bytes[value], as: UTF8.self))
        }
    }

    /// The pairs in order of their names.
    package var pairs: [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        forEach { pairs.append((name: $0, value: $1)) }
        return pairs
    }

    /// Ranges in `bytes` of each name and value, for code that works on bytes.
    package var ranges: [(name: Range<Int>, value: Range<Int>)] {
        var ranges: [(name: Range<Int>, value: Range<Int>)] = []
        forEachRange { ranges.append((name: $0, value: $1)) }
        return ranges
    }

    /// The same one after another.
    package func forEachRange(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        var position = 0
        while position < bytes.count {
            let name = Labels.next(bytes, &position)
            body(name, Labels.next(bytes, &position))
        }
    }

    /// With a label added or replaced; an empty value removes it.
    package func setting(_ name: String, to value: String) -> Labels {
        Labels(pairs.filter { $0.name != name } + [(name: name, value: value)])
    }

    /// Without the labels that are named.
    package func removing(_ names: some Collection<String>) -> Labels {
        Labels(pairs.filter { !names.contains($0.name) })
    }

    /// Only the labels that are named.
    package func keeping(_ names: some Collection<String>) -> Labels {
        Labels(pairs.filter { names.contains($0.name) })
    }

    package static func == (a: Labels, b: Labels) -> Bool {
        a.processHash == b.processHash && a.bytes == b.bytes
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(processHash) }
}

extension Labels {
    /// Byte order, the order of names inside `Labels` and of series in results.
    package static func precedes(_ a: String, _ b: String) -> Bool { order(a, b) < 0 }

    /// Negative, zero or positive, by bytes.
    package static func order(_ a: String, _ b: String) -> Int {
        let (x, y) = (a.utf8Span.span, b.utf8Span.span)
        return compare(x, x.indices, y, y.indices)
    }

    /// Texts in byte order. Of ASCII that is the order of `String`, which compares short ones as integers.
    package static func sorted(_ texts: some Sequence<String>) -> [String] {
        var texts = Array(texts)
        if texts.allSatisfy({ $0.utf8Span.isKnownASCII }) { texts.sort() } else { texts.sort(by: precedes) }
        return texts
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        var length = text.utf8.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: length))
        bytes.append(contentsOf: text.utf8)
    }

    /// The range of the text whose length stands at `position`, which moves behind it.
    private static func next(_ bytes: [UInt8], _ position: inout Int) -> Range<Int> {
        var length = 0
        var shift = 0
        while bytes[position] >= 0x80 {
            length |= Int(bytes[position] & 0x7f) << shift
            shift += 7
            position += 1
        }
        length |= Int(bytes[position]) << shift
        let start = position + 1
        position = start + length
        return start..<position
    }
}

extension Labels: CustomStringConvertible {
    /// As PromQL writes it: `name{a="b"}`.
    package var description: String {
        let rest = pairs.filter { $0.name != "__name__" }
        let name = metricName
        let plain = name.isEmpty || Labels.isLegacyMetricName(name)
        var inner = rest.map {
            (Labels.isLegacyName($0.name) ? $0.name : quoted($0.name)) + "=" + quoted($0.value)
        }
        if !plain { inner.insert(quoted(name), at: 0) }
        let head = plain ? name : ""
        return inner.isEmpty && !head.isEmpty ? head : head + "{" + inner.joined(separator: ", ") + "}"
    }

    /// A double-quoted string with Go's escapes for backslash, quote and control characters.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count < 2 ? "0" + digits : digits)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private func quoted(_ text: String) -> String { Labels.quoted(text) }

    /// Whether a name is `[a-zA-Z_][a-zA-Z0-9_]*`.
    package static func isLegacyName(_ name: String) -> Bool { isName(name, colon: false) }

    /// Whether a metric name is `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    package static func isLegacyMetricName(_ name: String) -> Bool { isName(name, colon: true) }

    private static func isName(_ name: String, colon: Bool) -> Bool {
        guard !name.isEmpty else { return false }
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: continue
            case UInt8(ascii: ":") where colon: continue
            default: return false
            }
        }
        return true
    }
}

extension Labels: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: String].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Dictionary(pairs.map { ($0.name, $0.value) }) { $1 })
    }
}
