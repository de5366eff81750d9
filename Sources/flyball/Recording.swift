import Daemon
import Foundation

/// A file of recorded series, packed or not.
struct Recording {
    /// Forty years of minutes are larger, ten are not.
    private static let maxBytes = 256 << 20

    let path: String

    init(_ path: String) { self.path = path }

    /// The name of the file without what it ends with.
    var name: String {
        var file = URL(fileURLWithPath: path)
        if Packer.extensions.contains(file.pathExtension) { file.deletePathExtension() }
        return file.deletingPathExtension().lastPathComponent
    }

    func text() throws -> String {
        var bytes = try FileSource().bytes(path, upTo: Self.maxBytes)
        if let packer = Packer(of: bytes) { bytes = try packer.unpack(path, upTo: Self.maxBytes) }
        return try FileSource.text(bytes, path)
    }
}
