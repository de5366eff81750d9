package import TimeSeries

/// A script in Prometheus' promqltest language: loads series, evaluates queries and compares their results.
///
/// As upstream, an instant query is also run with `@` fixed at several evaluation times, and as a range query of
/// which the middle step must agree; all experimental features are on.
package struct PromQLScript: Sendable {
    /// The script's name in messages, such as its path.
    private let name: String
    private let text: String

    package init(_ text: String, name: String) {
        self.text = text
        self.name = name
    }

    /// A case that did not come out as expected.
    package struct Failure: Sendable, CustomStringConvertible {
        package var file: String
        package var line: Int
        package var message: String
        package var description: String { "\(file):\(line): \(message)" }
    }

    package struct Report: Sendable, CustomStringConvertible {
        package var passed = 0
        package var failures: [Failure] = []
        /// The line that closes a run.
        package var description: String { "\(passed) passed, \(failures.count) failed" }
    }

    /// Runs all commands in order. Results do not depend on the workers.
    package func run(workers: Workers = .one) async -> Report {
        var report = Report()
        var parser = ScriptParser(text)
        var storage = ScriptStorage()
        while true {
            do {
                guard let command = try parser.next() else { return report }
                switch command {
                case .clear: storage.clear()
                case .load(let lines, let interval, let withCustomBuckets):
                    storage.load(lines, interval: interval, withCustomBuckets: withCustomBuckets)
                case .evaluate(let test):
                    let runner = ScriptRunner(source: storage.source, workers: workers)
                    if let message = await runner.failure(of: test) {
                        report.failures.append(
                            Failure(file: name, line: test.line, message: "\(test.query): \(message)"))
                    } else {
                        report.passed += 1
                    }
                }
            } catch {
                report.failures.append(Failure(file: name, line: error.line, message: error.message))
            }
        }
    }
}
