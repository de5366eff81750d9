import Codecs

/// A file header as `docs/storage.md` draws it, made here a second time so that a change of it is noticed.
enum FrameFormatForTests {
    static func header(version: UInt32, id: UInt64 = 1) -> [UInt8] {
        var bytes = Array("FLYBALL\n".utf8)
        bytes.append(fixed32: version)
        bytes.append(fixed32: 0)
        bytes.append(fixed64: id)
        bytes.append(fixed64: 1)
        bytes.append(fixed32: 0)
        bytes.append(fixed32: CRC32C.checksum(bytes.span))
        return bytes
    }
}
