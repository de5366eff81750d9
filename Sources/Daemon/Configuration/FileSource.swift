import Foundation

/// Reads configuration files. Each file is read once into a snapshot, so that one generation sees one state of the disk.
package struct FileSource: Sendable {
    /// Nothing that a person writes is larger.
    package static let maxBytes = 16 << 20

    package init() {}

    /// - Throws: `FileSourceError` with the reason in one line.
    package func text(_ path: String) throws(FileSourceError) -> String {
        try Self.text(bytes(path, upTo: Self.maxBytes), path)
    }

    /// - Throws: `FileSourceError` for bytes that are no text.
    package static func text(_ bytes: [UInt8], _ path: String) throws(FileSourceError) -> String {
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw FileSourceError(path: path, reason: "not UTF-8")
        }
        return text
    }

    /// - Throws: `FileSourceError` with the reason in one line.
    package func bytes(_ path: String, upTo limit: Int) throws(FileSourceError) -> [UInt8] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: [])
        } catch {
            var isFolder: ObjCBool = false
            let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let reason = isFolder.boolValue ? "is a folder, not a file" : SystemReason.text(error)
            throw FileSourceError(path: path, reason: exists ? reason : "no such file")
        }
        guard data.count <= limit else {
            throw FileSourceError(path: path, reason: "larger than \(limit >> 20) MiB")
        }
        return [UInt8](data)
    }

    /// The files that a pattern names, sorted; a pattern without wildcard names itself, whether or not it exists.
    package func expand(_ pattern: String) -> [String] {
        guard pattern.contains(where: { "*?[".contains($0) }) else { return [pattern] }
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0 else { return [] }
        let count = unsafe Int(found.gl_pathc)
        return (0..<count).compactMap { index in
            unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
        }.sorted()
    }

    /// A path of a configuration file, relative to the folder that the file is in.
    package static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        return URL(fileURLWithPath: folder(of: file)).appendingPathComponent(path).standardizedFileURL.path
    }

    /// The folder that a file is in, absolute.
    package static func folder(of file: String) -> String {
        URL(fileURLWithPath: file).deletingLastPathComponent().path
    }
}

/// A file that could not be read.
package struct FileSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    package var path: String
    package var reason: String
    package var description: String { "\(path): \(reason)" }
}
