import PromQL
import Testing

@testable import flyball

struct FeatureOptionsTests {
    private func features(_ names: String) throws -> QueryFeatures {
        var options = FeatureOptions()
        options.names = [names]
        options.isStrict = false
        return try options.features()
    }

    @Test func `features are named as Prometheus names them`() throws {
        #expect(
            try features("promql-experimental-functions,promql-duration-expr")
                == [.experimentalFunctions, .durationExpressions])
    }

    @Test func `names of what is always there change nothing, others are refused`() throws {
        #expect(try features("promql-per-step-stats,exemplar-storage") == [])
        #expect(throws: (any Error).self) { try features("promql-experimental-function") }
    }
}
