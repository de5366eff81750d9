import Foundation
import Synchronization

/// Words for a person: colours only where standard output is a terminal and NO_COLOR is not set.
enum Terminal {
    enum Colour: String { case red = "31", green = "32", yellow = "33", grey = "90", bold = "1" }

    private static let isColoured: Bool =
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    static func paint(_ text: String, _ colour: Colour) -> String {
        isColoured ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Why standard output did not take something; nil while it took all.
    private static let refusal = Mutex<String?>(nil)

    /// A line to standard output, at once, also where that is a pipe.
    static func say(_ text: String) {
        flush()
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        } catch {
            refusal.withLock { $0 = error.localizedDescription }
        }
    }

    /// Hands on what was printed so far.
    private static func flush() {
        guard fflush(nil) != 0 else { return }
        let reason = unsafe String(cString: strerror(errno))
        refusal.withLock { $0 = reason }
    }

    /// - Throws: `Failure` where standard output did not take all, as on a full disk.
    static func finish() throws {
        flush()
        guard let reason = refusal.withLock({ $0 }) else { return }
        throw Failure("standard output cannot be written: \(reason)")
    }

    /// A line to standard error; where that takes none, there is nobody to tell.
    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Columns aligned to their widest cell; the first row is the heading.
    static func table(_ rows: [[String]]) {
        guard let heading = rows.first else { return }
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for (index, row) in rows.enumerated() {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell.padding(toLength: widths[column], withPad: " ", startingAt: 0)
            }
            let line = cells.joined(separator: "  ")
            say(index == 0 ? paint(line, .bold) : line)
        }
    }
}
