import Glibc

/// Files of text, read whole: what tests and the programs of `Benchmarks/` are given.
package enum TextFile {
    package struct ReadError: Error, CustomStringConvertible {
        package var file: String
        package var description: String { "\(file) cannot be read" }

        package init(file: String) { self.file = file }
    }

    /// All of a file; what is no UTF-8 in it is replaced.
    package static func read(_ file: String) throws(ReadError) -> String {
        guard let stream = unsafe fopen(file, "r") else { throw ReadError(file: file) }
        defer { unsafe fclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe fread($0.baseAddress, 1, $0.count, stream)
            }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard unsafe ferror(stream) == 0 else { throw ReadError(file: file) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
