/// How discovery and credentials get at files: the machine's, or a table in a test.
package struct FileAccess: Sendable {
    /// What changes when a file does.
    package struct Stamp: Hashable, Sendable {
        package var modified: Duration
        package var size: Int
        package var inode: UInt64

        package init(modified: Duration, size: Int, inode: UInt64 = 0) {
            self.modified = modified
            self.size = size
            self.inode = inode
        }
    }

    /// The bytes of a file, or why they cannot be read.
    package var read: @Sendable (_ path: String) -> Result<[UInt8], FileFailure>
    /// The names in a directory, in no particular order; empty where it cannot be read.
    package var list: @Sendable (_ directory: String) -> [String]
    /// Nil where there is no such file.
    package var stamp: @Sendable (_ path: String) -> Stamp?

    package init(
        read: @escaping @Sendable (String) -> Result<[UInt8], FileFailure>,
        list: @escaping @Sendable (String) -> [String], stamp: @escaping @Sendable (String) -> Stamp?
    ) {
        self.read = read
        self.list = list
        self.stamp = stamp
    }

    /// The files that a path with at most one `*`, in its last element, stands for; sorted.
    package func matches(_ pattern: String) -> [String] {
        let cut = pattern.lastIndex(of: "/")
        let directory = cut.map { String(pattern[..<$0]) } ?? "."
        let name = cut.map { pattern[pattern.index(after: $0)...] } ?? pattern[...]
        guard let star = name.firstIndex(of: "*") else { return stamp(pattern) == nil ? [] : [pattern] }
        let head = name[..<star]
        let tail = name[name.index(after: star)...]
        let found = list(directory.isEmpty ? "/" : directory).filter {
            $0.count >= head.count + tail.count && $0.hasPrefix(head) && $0.hasSuffix(tail)
        }
        let prefix = cut.map { pattern[...$0] } ?? ""
        return found.map { prefix + $0 }.sorted()
    }

    /// The text of a file without the line break at its end, as passwords and tokens are kept.
    package func secret(_ path: String) -> Result<String, FileFailure> {
        read(path).map { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            return String(text.reversed().drop { $0.isWhitespace }.reversed())
        }
    }
}

/// Why a file could not be read.
package struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
}
