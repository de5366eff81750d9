import Foundation

/// How far a long task is, on standard error where that is a terminal; elsewhere nothing.
struct ProgressBar {
    private let verb: String
    private let total: Int
    private let isShown = isatty(STDERR_FILENO) == 1
    private var shownAt = Date.distantPast
    private var isOpen = false

    private static let width = 30

    init(_ verb: String, of total: Int) {
        self.verb = verb
        self.total = total
    }

    /// At most ten times a second.
    mutating func show(_ done: Int, _ what: () -> String) {
        guard isShown, done >= total || -shownAt.timeIntervalSinceNow > 0.1 else { return }
        shownAt = Date()
        isOpen = true
        Self.write("\r" + Self.line(verb, done, total, what()) + "\u{1b}[K")
    }

    /// Leaves the line to what comes next.
    mutating func end() {
        guard isOpen else { return }
        isOpen = false
        Self.write("\r\u{1b}[K")
    }

    private static func line(_ verb: String, _ done: Int, _ total: Int, _ what: String) -> String {
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int((share * Double(width)).rounded())
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "\(verb) [\(bar)] \(Int((share * 100).rounded(.down)))% \(what)"
    }

    /// Where a terminal is gone, the task goes on.
    private static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
