/// Where the parts of an HTTP/1.1 answer end, fed with bytes as they come (RFC 9112, sections 4 to 7).
///
/// It reads what servers of metrics say again and again, a length or chunks, and takes anything else for `foreign`, which
/// is libcurl's to ask for once more: other versions, answers before the answer, encodings, bodies that end with the
/// connection, two lengths, broken lines.
struct HTTPAnswer {
    enum Progress {
        case incomplete
        case complete
        case foreign
    }

    private enum Part {
        case status
        case headers
        /// So many bytes of body are to come.
        case body(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        case end
    }

    /// Of one line, and of all headers together; in bytes.
    private static let headLimit = 32 << 10

    private(set) var status = 0
    /// Names in lower case.
    private(set) var headers: [(name: String, value: String)] = []
    /// Bytes that followed the head, the lines around chunks left out.
    private(set) var bodyCount = 0
    /// Whether no further request may be sent on this connection.
    private(set) var isLast = false
    private var part = Part.status
    private var line: [UInt8] = []
    private var headCount = 0
    private var length: Int?
    private var isChunked = false

    /// How many of the next bytes are body and nothing else.
    var bodyAhead: Int {
        if case .body(let count) = part { count } else { 0 }
    }

    /// As many of the bytes that are ahead have been put into the body by the caller.
    mutating func tookBody(_ count: Int) -> Progress {
        guard case .body(let ahead) = part else { return .foreign }
        bodyCount += count
        part = ahead > count ? .body(ahead - count) : .end
        return ahead > count ? .incomplete : .complete
    }

    /// Reads on; what is body is appended to `body`.
    mutating func take(_ bytes: Span<UInt8>, into body: inout [UInt8]) -> Progress {
        var offset = 0
        while offset < bytes.count {
            switch part {
            case .body(let ahead), .chunk(let ahead):
                let count = min(ahead, bytes.count - offset)
                body.append(copying: bytes.extracting(offset..<offset + count))
                bodyCount += count
                offset += count
                advance(over: count, of: ahead)
            case .end:
                // Nobody asked for more.
                isLast = true
                return .complete
            default:
                guard takeLine(bytes, &offset) else {
                    return line.count > HTTPAnswer.headLimit ? .foreign : .incomplete
                }
                guard endLine() else { return .foreign }
            }
        }
        if case .end = part { return .complete }
        return .incomplete
    }

    private mutating func advance(over count: Int, of ahead: Int) {
        if case .chunk = part {
            part = ahead > count ? .chunk(ahead - count) : .chunkEnd
        } else {
            part = ahead > count ? .body(ahead - count) : .end
        }
    }

    /// Collects bytes up to a line feed, which it passes; false where there is none yet.
    private mutating func takeLine(_ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return true
            }
            line.append(byte)
            if line.count > HTTPAnswer.headLimit { return false }
        }
        return false
    }

    /// What a whole line means; false where it is none that is known here.
    private mutating func endLine() -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        switch part {
        case .status: return readStatus()
        case .headers:
            headCount += line.count
            guard headCount <= HTTPAnswer.headLimit else { return false }
            return line.isEmpty ? endHead() : readHeader()
        case .chunkSize: return readChunkSize()
        case .chunkEnd:
            part = .chunkSize
            return line.isEmpty
        case .trailers:
            headCount += line.count
            if line.isEmpty { part = .end }
            return headCount <= HTTPAnswer.headLimit
        case .body, .chunk, .end: return false
        }
    }

    private mutating func readStatus() -> Bool {
        guard line.starts(with: "HTTP/1.1 ".utf8), line.count >= 12 else { return false }
        guard line.count == 12 || line[12] == UInt8(ascii: " ") else { return false }
        for digit in line[9..<12] {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return false }
            status = status * 10 + Int(digit - UInt8(ascii: "0"))
        }
        part = .headers
        // These have no body, whatever their headers say.
        return status >= 200 && status != 204 && status != 304
    }

    private mutating func readHeader() -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return false }
        let blanks: ClosedRange<UInt8> = 0...UInt8(ascii: " ")
        guard !line[..<colon].contains(where: { blanks.contains($0) }) else { return false }
        var value = line[(colon + 1)...]
        while let first = value.first, blanks.contains(first) { value.removeFirst() }
        while let last = value.last, blanks.contains(last) { value.removeLast() }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        let text = String(decoding: value, as: UTF8.self)
        headers.append((name: name, value: text))
        switch name {
        case "content-length":
            guard value.count <= 15, !value.isEmpty, length == nil,
                value.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
            else { return false }
            length = Int(text)
        case "transfer-encoding":
            guard !isChunked, text.lowercased() == "chunked" else { return false }
            isChunked = true
        case "content-encoding": return text.lowercased() == "identity"
        case "connection": isLast = isLast || text.lowercased().contains("close")
        default: break
        }
        return true
    }

    private mutating func endHead() -> Bool {
        switch (length, isChunked) {
        case (nil, true): part = .chunkSize
        case (let length?, false): part = length > 0 ? .body(length) : .end
        default: return false
        }
        return true
    }

    private mutating func readChunkSize() -> Bool {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        guard digits.count <= 12, let first = digits.first, first != UInt8(ascii: "+"),
            first != UInt8(ascii: "-"),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return false }
        part = size > 0 ? .chunk(size) : .trailers
        return true
    }
}
