import PromQLReference
import Testing

/// A bounded part of `make fuzz`, which goes on for millions of cases.
@Suite struct FuzzTests {
    @Test(arguments: 0..<UInt64(4))
    func `random queries over random data agree with the reference`(part: UInt64) async {
        var fuzz = EngineFuzz()
        var compared = 0

        for number in part * 1_000_000..<part * 1_000_000 + 256 {
            switch await fuzz.run(number) {
            case .agreed: compared += 1
            case .different(let difference): Issue.record("case \(number): \(difference)")
            case .refused, .skipped: break
            }
        }

        #expect(compared > 80)
    }

    @Test(arguments: 0..<UInt64(4))
    func `what is parsed reads back from its canonical text, and nothing crashes the parser`(part: UInt64) {
        let scripts = Conformance.names.compactMap(Conformance.script)
        let fuzz = ParserFuzz(corpus: scripts.flatMap(ParserFuzz.queries))
        var queries = 0

        for number in part * 1_000_000..<part * 1_000_000 + 2000 {
            let (isQuery, problem) = ParserFuzz.check(fuzz.text(number))
            if isQuery { queries += 1 }
            if let problem { Issue.record("case \(number): \(problem)") }
        }

        #expect(queries > 300)
    }
}
