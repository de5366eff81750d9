import Foundation

/// A program that packs files, which are known by their first bytes.
enum Packer: String, CaseIterable {
    case gzip, xz, zstd, bzip2

    /// The package that has the program, as Debian and others call it.
    private var package: String { self == .xz ? "xz-utils" : rawValue }

    private var magic: [UInt8] {
        switch self {
        case .gzip: [0x1f, 0x8b]
        case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a]
        case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
        case .bzip2: Array("BZh".utf8)
        }
    }

    /// How the names of packed files end.
    static let extensions: Set = ["gz", "xz", "zst", "bz2"]

    /// What packed these bytes; nil where nothing did.
    init?(of data: some Collection<UInt8>) {
        guard let found = Self.allCases.first(where: { data.starts(with: $0.magic) }) else { return nil }
        self = found
    }

    /// What a file holds, by the program itself.
    /// - Throws: what to do where there is no such program, where it fails, and beyond `limit` bytes.
    func unpack(_ path: String, upTo limit: Int) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [rawValue, "-dc"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        var data: [UInt8] = []
        while data.count <= limit, let piece = try output.fileHandleForReading.read(upToCount: 1 << 20),
            !piece.isEmpty
        {
            data += piece
        }
        guard data.count <= limit else {
            process.terminate()
            throw Failure("\(path): larger than \(limit >> 20) MiB once it is unpacked")
        }
        let said = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        // What env says of a program that is not there.
        guard process.terminationStatus != 127 else {
            throw Failure(
                "\(path) is compressed (\(rawValue)), and there is no program \(rawValue): install it (apt-get "
                    + "install \(package)), or unpack it where there is one: \(rawValue) -dc FILE > DEMAND")
        }
        guard process.terminationStatus == 0 else {
            let reason = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
            throw Failure("\(path) cannot be unpacked: \(reason)")
        }
        return data
    }
}
