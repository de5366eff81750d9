import Testing

/// Limits on size and a list of calls that may not be made, per module.
struct TidyTests {
    private static let files = Repository.swiftFiles("Sources") + Repository.swiftFiles("Tests")

    @Test func `no file is longer than 500 lines`() {
        for file in Self.files {
            let count = Repository.lines(file).count
            #expect(count <= 501, "\(file) has \(count) lines: split it by idea")
        }
    }

    /// Only tightens: lower the number when the longest function is cut.
    @Test func `no function is longer than the ratchet`() {
        let ratchet = 120
        for file in Repository.swiftFiles("Sources") {
            for function in functions(in: file) where function.length > ratchet {
                Issue.record("\(file):\(function.line): a function of \(function.length) lines")
            }
        }
    }

    /// libm's results differ between processors, and a decision must replay to the same bits everywhere.
    @Test func `decisions use no libm`() {
        let banned = ["exp(", "log(", "log2(", "log10(", "pow(", "sin(", "cos(", "tan(", "exp2(", "cbrt("]
        let decisive = ["Control", "Placement", "Negotiation", "Fleet"].flatMap {
            Repository.swiftFiles("Sources/" + $0)
        }
        let scaling = Repository.swiftFiles("Sources/Scaling").filter {
            $0.contains("Decide") || $0.contains("Decision")
        }
        for file in decisive + scaling {
            for (number, line) in code(of: file) {
                for call in banned where calls(call, in: line) {
                    Issue.record("\(file):\(number): \(call) differs between machines")
                }
            }
        }
    }

    @Test func `pure modules read no clock and draw no chance`() {
        let pure = [
            "Codecs", "Exposition", "Relabelling", "Storage", "Forecasting", "PromQL", "Fleet", "Scaling",
            "Placement",
            "Negotiation", "Control", "Audit",
        ]
        let banned = [
            "clock_gettime", "gettimeofday", "ContinuousClock", "SuspendingClock", "SystemClock(", "Date()",
            ".random(in", "SystemRandomNumberGenerator", "Task.sleep", "DispatchTime.now",
        ]
        for file in pure.flatMap({ Repository.swiftFiles("Sources/" + $0) }) {
            for (number, line) in code(of: file) {
                for call in banned where line.contains(call) {
                    Issue.record("\(file):\(number): \(call) in a pure module")
                }
            }
        }
    }

    @Test func `nothing is left unfinished`() {
        let marks = ["TO" + "DO", "FIX" + "ME", "fatal" + "Error("]
        for file in Self.files {
            for (number, line) in Repository.lines(file).enumerated() {
                for mark in marks where line.contains(mark) { Issue.record("\(file):\(number + 1): \(mark)") }
            }
        }
    }

    @Test func `nothing grows beside the agreed top level`() {
        let agreed: Set = [
            "Package.swift", "Sources", "Tests", "rules", "dashboards", "README.md", "Makefile", "LICENSE",
            "SECURITY.md",
            "docs", "Benchmarks", "packaging", "fleet", ".ci", ".gitignore", ".swift-format", "flyball.yml",
        ]
        let ignored: Set = [".git", ".swiftpm", "Package.resolved", "data"]
        for entry in Repository.entries("") where !ignored.contains(entry) && !entry.hasPrefix(".build") {
            #expect(agreed.contains(entry), "\(entry) does not belong at the top level")
        }
    }

    /// Lines with their numbers, comments cut off.
    private func code(of file: String) -> [(number: Int, line: Substring)] {
        Repository.lines(file).enumerated().map { index, line in
            (number: index + 1, line: line.range(before: "//"))
        }
    }

    /// Whether a free function is called: a member or a longer name that ends alike does not count.
    private func calls(_ function: String, in line: Substring) -> Bool {
        var rest = line
        while let found = rest.firstRange(of: function) {
            let before = found.lowerBound > line.startIndex ? line[line.index(before: found.lowerBound)] : " "
            if !(before.isLetter || before.isNumber || before == "_" || before == ".") { return true }
            rest = rest[found.upperBound...]
        }
        return false
    }

    /// Functions by the indentation of their first line and of the brace that closes them.
    private func functions(in file: String) -> [(line: Int, length: Int)] {
        let lines = Repository.lines(file)
        var found: [(line: Int, length: Int)] = []
        for (start, line) in lines.enumerated() {
            let body = line.drop { $0 == " " }
            let indent = line.count - body.count
            let words = body.split(separator: " ").prefix(6)
            guard words.contains("func") || body.contains(" init(") || body.hasPrefix("init(") else {
                continue
            }
            guard !body.hasPrefix("//"),
                let end = lines[(start + 1)...].firstIndex(where: {
                    $0.hasPrefix(String(repeating: " ", count: indent) + "}")
                })
            else { continue }
            found.append((line: start + 1, length: end - start + 1))
        }
        return found
    }
}

extension Substring {
    fileprivate func range(before mark: String) -> Substring {
        guard let found = firstRange(of: mark) else { return self }
        return self[..<found.lowerBound]
    }
}
