import Codecs

/// What brings back damaged bytes of a part of a file: a checksum of each block of it, which tells the damaged ones, and
/// blocks of parity, each the exclusive or of every n-th block, as RAID 4 keeps it of disks. So n neighbours may be lost at a
/// time, or any blocks of which no two share a parity. It stands behind that part as a frame of no records:
///
///     bytes of the part (LEB128) | lower half of the CRC32C of each block (2) | blocks of parity, as long as the others
///
/// How long blocks are, of a short part 512 or 128 bytes, is told by how many bytes that is.
/// Half a checksum will do: what is made of the blocks has to have the checksums of its frames.
struct FileProtection {
    /// The smallest that a disk loses.
    static let blockLength = 512
    /// Bytes after which a part ends.
    static let partLength = 1 << 20
    /// Blocks that share a parity in a long part.
    private static let sharing = 64
    /// A shorter part may have blocks of `fineLength`, of which as many have a parity of their own as what the disk loses can touch.
    /// In a longer one the checksums of such blocks take more than that saves; the lengths of both never agree below it.
    private static let finePart = 16 << 10
    private static let fineLength = 128
    private static let fineParity = blockLength / fineLength + 1

    let byteCount: Int
    /// The last block, and all where there is but one, is as long as there are bytes.
    private let length: Int
    private let checksums: [UInt16]
    private var parity: [[UInt8]]

    private static func parityCount(_ blocks: Int, _ length: Int) -> Int {
        min(blocks, length == fineLength ? fineParity : max(2, blocks / sharing))
    }

    private static func blocks(_ count: Int, _ length: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: length).map { $0..<min(count, $0 + length) }
    }

    /// Protects a part of a file, of one byte at least.
    /// - Parameter isFine: in fewer bytes where it is short: any `blockLength` bytes in a row, and not two such blocks.
    init(_ part: [UInt8], isFine: Bool = false) {
        byteCount = part.count
        length = isFine && part.count < Self.finePart ? Self.fineLength : Self.blockLength
        let blocks = Self.blocks(part.count, length)
        checksums = blocks.map { Self.checksum(part, $0) }
        let empty = [UInt8](repeating: 0, count: min(part.count, length))
        parity = Array(repeating: empty, count: Self.parityCount(blocks.count, length))
        for (number, block) in blocks.enumerated() {
            Self.combine(part, block, into: &parity[number % parity.count])
        }
    }

    /// Of the bytes of such a frame; nil where they are none.
    init?(content: [UInt8]) {
        let span = content.span
        var cursor = ByteCursor(count: span.count)
        guard let count = try? cursor.varint(span), count > 0, count <= UInt64(2 * FrameFormat.longestFrame),
            let length = Self.length(of: Int(count), cursor.remaining)
        else { return nil }
        byteCount = Int(count)
        self.length = length
        let blocks = Self.blocks(byteCount, length)
        checksums = blocks.map { _ in
            let bytes = (try? cursor.array(span, count: 2)) ?? [0, 0]
            return UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        }
        let parityLength = min(byteCount, length)
        parity = (0..<Self.parityCount(blocks.count, length)).map { _ in
            (try? cursor.array(span, count: parityLength)) ?? []
        }
    }

    /// The length of the blocks of a part whose checksums and parities take so many bytes.
    private static func length(of byteCount: Int, _ protection: Int) -> Int? {
        let lengths = byteCount < finePart ? [blockLength, fineLength] : [blockLength]
        return lengths.first { length in
            let blocks = (byteCount + length - 1) / length
            return protection == 2 * blocks + parityCount(blocks, length) * min(byteCount, length)
        }
    }

    var content: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(byteCount))
        for checksum in checksums { bytes += [UInt8(checksum & 0xff), UInt8(checksum >> 8)] }
        for block in parity { bytes.append(contentsOf: block) }
        return bytes
    }

    /// The part as it was, as far as its damaged blocks can be brought back; nil where none can.
    func mended(_ part: [UInt8]) -> [UInt8]? {
        let blocks = Self.blocks(byteCount, length)
        guard part.count == byteCount else { return nil }
        let damaged = blocks.indices.filter { Self.checksum(part, blocks[$0]) != checksums[$0] }
        var result = part
        var isMended = false
        for first in parity.indices {
            let lost = damaged.filter { $0 % parity.count == first }
            guard let number = lost.first, lost.count == 1 else { continue }
            var block = parity[first]
            for other in stride(from: first, to: blocks.count, by: parity.count) where other != number {
                Self.combine(part, blocks[other], into: &block)
            }
            guard Self.checksum(block, 0..<blocks[number].count) == checksums[number] else { continue }
            result.replaceSubrange(blocks[number], with: block.prefix(blocks[number].count))
            isMended = true
        }
        return isMended ? result : nil
    }

    private static func checksum(_ bytes: [UInt8], _ block: Range<Int>) -> UInt16 {
        UInt16(truncatingIfNeeded: CRC32C.checksum(bytes.span, block))
    }

    private static func combine(_ bytes: [UInt8], _ block: Range<Int>, into sum: inout [UInt8]) {
        for index in 0..<block.count { sum[index] ^= bytes[block.lowerBound + index] }
    }
}
