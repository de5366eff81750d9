import Testing

@testable import Audit

/// Epoch and generation are read off a leaf without decoding it.
struct LeafNumbersTests {
    private func numbers(_ text: String) -> [UInt64]? {
        LeafNumbers(Array(text.utf8)).map { [$0.epoch, $0.generation] }
    }

    @Test func `texts and lists before them do not mislead`() {
        let text =
            #"{"entry":{"at":5,"commands":[{"epoch":9,"x":"}]\"epoch\":7"}],"epoch":18446744073709551615,"#
            + #""generation":3,"id":"epoch","reasons":["generation"]},"evidence":"ab","sequence":4}"#

        #expect(numbers(text) == [.max, 3])
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"entry":{}}"#, #"{"entry":{"epoch":1}}"#, #"{"entry":{"epoch":1,"generation":2}"#,
        #"{"entry":{"epoch":-1,"generation":2}}"#, #"{"entry":{"epoch":1,"generation":"2"}}"#,
        #"{"entry":{"epoch":18446744073709551616,"generation":2}}"#,
        #"{"entry":{"epoch":1,"generation":2}}x"#,
        #"{"entry":{"epoch":1,"generation":2,"id":"\"#, #"{"other":{"epoch":1,"generation":2}}"#,
        #"{"entry":{"a":{"epoch":1,"generation":2}}}"#,
    ])
    func `what is no entry has none`(text: String) {
        #expect(numbers(text) == nil)
    }
}
