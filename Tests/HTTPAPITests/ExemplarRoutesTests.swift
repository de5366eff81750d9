import Journal
import PromQL
import Storage
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

/// `/api/v1/query_exemplars` over a store.
struct ExemplarRoutesTests {
    private func routes() throws -> [Route] {
        let store = try Store(disk: SimulatedDisk(), now: Timestamp(milliseconds: 0))
        let series = Labels(["__name__": "latency_bucket", "job": "j", "le": "1"])
        store.append([
            SeriesExemplars(
                labels: series,
                exemplars: [
                    Exemplar(
                        labels: Labels(["trace_id": "EpTxMJ40fUus7aGY"]), value: 6,
                        timestamp: Timestamp(milliseconds: 1_600_096_945_479)),
                    Exemplar(
                        labels: Labels(["trace_id": "Olp9XHlq763ccsfa"]), value: 19.5,
                        timestamp: Timestamp(milliseconds: 1_600_096_955_000)),
                ])
        ])
        return ExemplarRoutes(exemplars: { store.exemplars($0, in: $1) }, features: []).routes
    }

    private let path = "/api/v1/query_exemplars"

    @Test func `exemplars are shown as Prometheus shows them`() async throws {
        let (status, body) = try await answer(
            try routes(), .get,
            path
                + "?query=histogram_quantile(0.9,rate(latency_bucket%5B5m%5D))&start=1600096900&end=1600096960"
        )

        #expect(status == 200)
        #expect(
            body
                == #"{"status":"success","data":[{"seriesLabels":{"__name__":"latency_bucket","job":"j","le":"1"},"#
                + #""exemplars":[{"labels":{"trace_id":"EpTxMJ40fUus7aGY"},"value":"6","timestamp":1600096945.479},"#
                + #"{"labels":{"trace_id":"Olp9XHlq763ccsfa"},"value":"19.5","timestamp":1600096955}]}]}"#)
    }

    @Test func `the range bounds them, and other series have none`() async throws {
        let early = try await answer(
            try routes(), .post, path, form: "query=latency_bucket&start=1600096900&end=1600096950")
        #expect(early.body.contains("EpTx") && !early.body.contains("Olp9"))
        for query in ["other", "1%2B1"] {
            let none = try await answer(try routes(), .get, path + "?query=\(query)&start=0&end=1700000000")
            #expect(none.status == 200 && none.body == #"{"status":"success","data":[]}"#)
        }
    }

    @Test func `what makes no sense is refused`() async throws {
        let order = try await answer(try routes(), .get, path + "?query=a&start=2&end=1")
        #expect(
            order.status == 400 && order.body.contains("end timestamp must not be before start timestamp"))
        let query = try await answer(try routes(), .get, path + "?query=%7B&start=1&end=2")
        #expect(query.status == 400 && query.body.contains(#"invalid parameter \"query\""#))
    }
}
