/// The epoch and the generation of a leaf, read off its bytes without decoding the rest: a log is opened with all its
/// leaves, and wants no more of most of them.
struct LeafNumbers: Hashable {
    let epoch: UInt64
    let generation: UInt64

    /// Nil where the bytes are no JSON object with an object `entry` that has both as whole numbers.
    init?(_ bytes: [UInt8]) {
        var scan = Scan(bytes: bytes)
        guard let epoch = scan.number(of: Self.epochKey),
            let generation = scan.number(of: Self.generationKey),
            scan.isComplete
        else { return nil }
        self.epoch = epoch
        self.generation = generation
    }

    private static let epochKey = Array("epoch".utf8)
    private static let generationKey = Array("generation".utf8)

    /// One pass over canonical JSON: keys are sorted, there is no space, and `entry` is the first of three.
    private struct Scan {
        let bytes: [UInt8]
        var place = 0
        /// How many objects and lists are open.
        var depth = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
            let start = Array("{\"entry\":{".utf8)
            guard bytes.starts(with: start) else { return }
            place = start.count
            depth = 2
        }

        /// The number at a key of `entry`; nil where it is not there, or something else.
        mutating func number(of key: [UInt8]) -> UInt64? {
            guard depth == 2 else { return nil }
            while place < bytes.count {
                let byte = bytes[place]
                switch byte {
                case UInt8(ascii: "\""):
                    let start = place + 1
                    skipText()
                    guard depth == 2, place - 1 - start == key.count, place < bytes.count,
                        bytes[place] == UInt8(ascii: ":"), bytes[start..<place - 1].elementsEqual(key)
                    else { continue }
                    place += 1
                    return digits()
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth < 2 { return nil }
                default: break
                }
                place += 1
            }
            return nil
        }

        /// Whether what is left closes all that is open, at the very end.
        var isComplete: Bool {
            var rest = self
            while rest.place < bytes.count {
                switch bytes[rest.place] {
                case UInt8(ascii: "\""):
                    rest.skipText()
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): rest.depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    rest.depth -= 1
                    if rest.depth == 0 { return rest.place == bytes.count - 1 }
                default: break
                }
                rest.place += 1
            }
            return false
        }

        /// Past the quote that ends a text.
        private mutating func skipText() {
            place += 1
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
            }
            place += 1
        }

        private mutating func digits() -> UInt64? {
            var number: UInt64 = 0
            var count = 0
            while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) {
                let (product, isFull) = number.multipliedReportingOverflow(by: 10)
                let (sum, isOver) = product.addingReportingOverflow(UInt64(bytes[place] - UInt8(ascii: "0")))
                guard !isFull, !isOver else { return nil }
                number = sum
                count += 1
                place += 1
            }
            return count > 0 ? number : nil
        }
    }
}
