import Documents
import Testing
import TimeSeries

@testable import Scaling

struct PolicyUnitTestTests {
    private let policies = """
        policies:
        - name: web
          workload: web
          replicas: { min: 2, max: 20 }
          signals:
          - { name: load, query: 'sum(rate(http_requests_total[1m]))', per_replica: 50 }
        """

    private func run(_ cases: String) async throws -> TestReport {
        let text = """
            policy_files: [ p.yml ]
            tests:
            - name: busy
              start_up: 30s
              replicas: { web: 2 }
              input_series:
              - { series: http_requests_total, values: '0+1500x20 34500+4500x20 stale' }
              decision_test:

            """
        return try await PolicyUnitTest(text + cases, file: "t.yml") { [.init(path: $0, text: policies)] }
            .run()
    }

    @Test
    func `series in, decisions out`() async throws {
        let report = try await run(
            """
              - { eval_time: 4m, replicas: 2, without: [ held ] }
              - { eval_time: 10m, policy: web, replicas: 5-6, reasons: [ signal ] }
              - { eval_time: 13m, replicas: 6, reasons: [ untrusted, held ] }
            """)

        #expect(report.failures.map(\.description) == [])
        #expect(report.passed == ["busy"])
    }

    @Test(arguments: [
        ("policy_files: [ p.yml ]\ntests: []\n", "there is no test"),
        ("policy_files: [ p.yml ]\n", "needs \"tests\""), ("tests: []\n", "needs \"policy_files\""),
    ])
    func `a file without tests is refused`(text: String, message: String) {
        do {
            _ = try PolicyUnitTest(text, file: "t.yml") { [.init(path: $0, text: policies)] }
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
            #expect(!"\(error)".contains("unknown key"))
        }
    }

    @Test
    func `what is otherwise than expected is told with its place and the decision`() async throws {
        let report = try await run(
            "  - { eval_time: 4m, replicas: 7, reasons: [ forecast ], without: [ tolerance ] }\n")

        #expect(report.failed == 1)
        let message = try #require(report.failures.first?.description)
        #expect(
            message.hasPrefix(
                "t.yml:9:5: busy: web at 4m: expected 7 replicas, decided 2; no reason \"forecast\""))
        #expect(message.contains("signal load: 100 at 50 each -> 2"))
    }

    @Test(arguments: [
        ("  - { eval_time: 4m }\n", "nothing is expected"),
        ("  - { eval_time: 4m, policy: other, replicas: 1 }\n", "no policy \"other\"; known are web"),
        ("  - { eval_time: 4m, reasons: [ because ] }\n", "a reason must be one of signal"),
        ("  - { eval_time: 4m, signals: { lod: 3 } }\n", "no signal \"lod\"; known are load"),
        ("  - { eval_time: 4m, signals: { load: much } }\n", "load must be a number such as 200"),
        ("  - { replicas: 3 }\n", "an expected decision needs \"eval_time\""),
    ])
    func `a mistake in the file is named`(cases: String, problem: String) async throws {
        do {
            _ = try await run(cases)
            Issue.record("no error")
        } catch let error as DocumentError {
            #expect(error.problems.contains { $0.message.hasPrefix(problem) }, "\(error)")
        }
    }

    @Test
    func `what signals were measured can be expected`() async throws {
        let right = try await run(
            """
              - { eval_time: 4m, signals: { load: 100 } }
              - { eval_time: 13m, signals: { load: missing } }
            """)
        let wrong = try await run(
            """
              - { eval_time: 4m, replicas: 2, signals: { load: 100.1 } }
              - { eval_time: 4m, signals: { load: stale } }
              - { eval_time: 13m, signals: { load: 100 } }
            """)

        #expect(right.failures.map(\.description) == [])
        #expect(
            wrong.failures.map { $0.message.prefix { $0 != "\n" } } == [
                "busy: web at 4m: expected load 100.1, found 100",
                "busy: web at 4m: expected load stale, found 100",
                "busy: web at 13m: expected load 100, found missing",
            ])
    }

    @Test
    func `a count at the start is of a workload that a policy scales`() {
        let text = """
            policy_files: [ p.yml ]
            tests:
            - { name: one, replicas: { wbe: 2 }, decision_test: [ { eval_time: 1m, replicas: 2 } ] }
            """
        let error = #expect(throws: DocumentError.self) {
            try PolicyUnitTest(text, file: "t.yml") { [.init(path: $0, text: policies)] }
        }

        #expect(error?.description == "t.yml:3:28: no policy scales \"wbe\"; known are web")
    }

    @Test
    func `more values than a series may have are told`() {
        let text = """
            policy_files: [ p.yml ]
            tests:
            - input_series: [ { series: up, values: '0+3x400000000' } ]
            """
        let error = #expect(throws: DocumentError.self) {
            try PolicyUnitTest(text, file: "t.yml") { [.init(path: $0, text: policies)] }
        }

        #expect(error?.description.contains("\"0+3x400000000\" repeats more often than") == true)
    }

    @Test
    func `only the tests that are wanted run`() async throws {
        let text = """
            policy_files: [ p.yml ]
            tests:
            - { name: one, decision_test: [ { eval_time: 1m, replicas: 19 } ] }
            - { name: two, decision_test: [ { eval_time: 1m, replicas: 2 } ] }
            """
        let test = try PolicyUnitTest(text, file: "t.yml") { [.init(path: $0, text: policies)] }

        let report = await test.run { $0 == "two" }

        #expect(report.passed == ["two"])
        #expect(report.failed == 0)
    }

    @Test
    func `the shipped tests of the shipped policies pass`() async throws {
        let text = try Repository.text("rules/tests/demo.policies.test.yml")
        let test = try PolicyUnitTest(text, file: "demo.policies.test.yml") { pattern in
            let name = String(pattern.dropFirst("../".count))
            return [.init(path: pattern, text: try Repository.text("rules/\(name)"))]
        }

        let report = await test.run()

        #expect(report.failures.map(\.description) == [])
        #expect(report.passed.count == 2)
    }
}
