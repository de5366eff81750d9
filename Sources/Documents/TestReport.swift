/// A file that another one names.
package struct NamedFile: Hashable, Sendable {
    package var path: String
    package var text: String

    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// How the tests of a file went.
package struct TestReport: Sendable {
    /// Names of the tests that passed, in the order of the file.
    package private(set) var passed: [String] = []
    /// How many tests failed.
    package private(set) var failed = 0
    /// What went otherwise than expected, with the place of the expectation; a test may have several.
    package private(set) var failures: [Problem] = []

    package init() {}

    /// Takes in one test: it passed where nothing went otherwise.
    package mutating func add(_ test: String, _ failures: [Problem]) {
        if failures.isEmpty { passed.append(test) } else { failed += 1 }
        self.failures += failures
    }
}
