import Documents
import PromQL
import Synchronization
import Testing
import TimeSeries
import Web

@testable import HTTPAPI

struct QueryRoutesTests {
    private let clock = ManualClock(now: Timestamp(milliseconds: 1_435_781_430_781))

    private func routes(
        _ answer:
            @escaping @Sendable (Expression, EvaluationRange, QueryLimits) throws(QueryError) -> QueryResult
    ) -> QueryRoutes {
        QueryRoutes(engine: StubEngine(answer: answer), limits: QueryLimits(), features: [], clock: clock)
    }

    private func get(_ uri: String, _ value: QueryValue) async throws -> (status: Int, body: String) {
        try await HTTPAPITests.answer(
            routes { (_, _, _) throws(QueryError) in QueryResult(value: value) }.routes, .get, uri)
    }

    @Test func `a vector is shown with its labels and the moment of the query`() async throws {
        let up = VectorElement(labels: Labels(["__name__": "up", "job": "a\"<b>"]), number: .float(0.5))

        let (status, body) = try await get("/api/v1/query?query=up", .vector([up]))

        #expect(status == 200)
        #expect(
            body == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":"#
                + #"{"__name__":"up","job":"a\"<b>"},"value":[1435781430.781,"0.5"]}]}}"#)
    }

    @Test func `explain adds what was read and the plan with its costs`() async throws {
        let (_, body) = try await get("/api/v1/query?query=sum(up)&time=1&explain=true", .vector([]))

        #expect(
            body == #"{"status":"success","data":{"resultType":"vector","result":[],"explain":{"#
                + #""planningSeconds":0.001,"readingSeconds":2,"evaluatingSeconds":3,"#
                + #""readings":[{"matchers":"__name__=\"up\"","start":1,"end":1,"series":4,"samples":5}],"#
                + #""plan":{"operation":"sum","source":[0,7],"steps":0,"series":0,"input":0,"output":0,"#
                + #""seconds":3,"ownSeconds":2,"children":[{"operation":"selector","expression":"up","#
                + #""steps":0,"series":0,"input":0,"output":0,"seconds":1,"ownSeconds":1}]}}}}"#)
    }

    @Test(arguments: [0, 1, 2, 7])
    func `an answer is the same whoever writes it`(count: Int) async throws {
        let eager = Workers(count: 3, isEager: true) { pieces, body in
            for piece in (0..<pieces).reversed() { body(piece) }
        }
        let labels = (0..<count).map { Labels(["series": "\($0)"]) }
        let vector = labels.map { VectorElement(labels: $0, number: .float(0.25)) }
        let matrix = labels.enumerated().map { number, labels in
            MatrixSeries(
                labels: labels,
                samples: (0..<number).map {
                    Sample(Timestamp(milliseconds: Int64($0) * 1500), 1.5)
                }, histograms: [])
        }
        for value in [QueryValue.vector(vector), .matrix(matrix)] {
            var bodies: [String] = []
            for workers in [Workers.one, eager] {
                let engine = StubEngine { (_, _, _) throws(QueryError) in QueryResult(value: value) }
                let routes = QueryRoutes(
                    engine: engine, limits: QueryLimits(), features: [], clock: clock, workers: workers)
                bodies.append(
                    try await HTTPAPITests.answer(routes.routes, .get, "/api/v1/query?query=up").body)
            }

            #expect(bodies[0] == bodies[1])
            #expect(bodies[0].ranges(of: "\"metric\"").count == count)
        }
    }

    @Test func `an empty vector is an empty list`() async throws {
        let (_, body) = try await get("/api/v1/query?query=up", .vector([]))

        #expect(body == #"{"status":"success","data":{"resultType":"vector","result":[]}}"#)
    }

    @Test(arguments: [
        ("1435781430", "1435781430"), ("1435781430.5", "1435781430.5"),
        ("2015-07-01T20:10:30.781Z", "1435781430.781"),
        ("2015-07-01T22:10:30.781%2B02:00", "1435781430.781"), ("-1.5", "-1.5"),
    ])
    func `the moment is read in seconds and in RFC 3339`(_ given: String, _ shown: String) async throws {
        let (_, body) = try await get("/api/v1/query?query=1&time=\(given)", .scalar(1))

        #expect(body == #"{"status":"success","data":{"resultType":"scalar","result":[\#(shown),"1"]}}"#)
    }

    @Test func `a matrix keeps three decimals of a timestamp`() async throws {
        let series = MatrixSeries(
            labels: .empty,
            samples: [
                Sample(Timestamp(milliseconds: 1500), .infinity), Sample(Timestamp(milliseconds: 2005), .nan),
                Sample(Timestamp(milliseconds: -1), -0.0),
            ])

        let (_, body) = try await get("/api/v1/query_range?query=a&start=1&end=2&step=1", .matrix([series]))

        #expect(
            body == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"#
                + #""values":[[1.500,"+Inf"],[2.005,"NaN"],[-0.001,"-0"]]}]}}"#)
    }

    @Test func `a native histogram is shown by its buckets`() async throws {
        let histogram = FloatHistogram(
            schema: 0, zeroThreshold: 0.25, zeroCount: 12, count: 42, sum: 34593.34,
            positiveRuns: [.init(offset: 0, length: 1), .init(offset: 1, length: 1)],
            negativeRuns: [.init(offset: 0, length: 1)], positiveBuckets: [21, 6], negativeBuckets: [3])
        let element = VectorElement(labels: .empty, number: .histogram(histogram))

        let (_, body) = try await get("/api/v1/query?query=a&time=1", .vector([element]))

        #expect(
            body.contains(
                #""histogram":[1,{"count":"42","sum":"34593.34","buckets":[[1,"-1","-0.5","3"],"#
                    + #"[3,"-0.25","0.25","12"],[0,"0.5","1","21"],[0,"2","4","6"]]}]"#))
    }

    @Test(arguments: [
        (0.0, "0"), (1, "1"), (-3.25, "-3.25"), (1e15, "1000000000000000"), (1e20, "100000000000000000000"),
        (1e21, "1e+21"), (1.5e22, "1.5e+22"), (1e-6, "0.000001"), (1.25e-7, "1.25e-07"),
        (123456.789, "123456.789"),
        (0.1 + 0.2, "0.30000000000000004"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (-Double.infinity, "-Inf"), (Double.leastNonzeroMagnitude, "5e-324"), (0x1p63, "9223372036854776000"),
    ])
    func `values are written as Go writes them`(_ value: Double, _ text: String) {
        #expect(SampleText.text(value) == text)
        var json = JSONWriter()
        json.sampleValue(value)
        #expect(String(decoding: json.bytes, as: UTF8.self) == "\"\(text)\"")
    }

    @Test func `the short ways to write values give what the long one gives`() {
        var bits: UInt64 = 1
        for round in 0..<20_000 {
            bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let decimals =
                Double(Int64(bitPattern: bits) >> (round % 60)) / [10, 100, 1000, 10_000][round % 4]
            for value in [Double(bitPattern: bits), decimals, decimals.nextUp] where value.isFinite {
                var json = JSONWriter()
                json.sampleValue(value)
                #expect(String(decoding: json.bytes, as: UTF8.self) == "\"\(SampleText.text(value))\"")
            }
        }
    }

    @Test func `points are parted by commas however many there are`() async throws {
        let samples = (0..<200).map { Sample(Timestamp(milliseconds: $0 * 500), Double($0) / 8) }
        let matrix = [MatrixSeries(labels: Labels(["a": "b"]), samples: samples)]

        let (_, body) = try await get("/api/v1/query_range?query=a&start=1&end=3&step=1", .matrix(matrix))

        let texts = samples.map { sample in
            let moment = sample.timestamp.milliseconds
            let rest = moment % 1000 == 0 ? "" : ".\(moment % 1000)"
            return "[\(moment / 1000)\(rest),\"\(SampleText.text(sample.value))\"]"
        }
        #expect(body.contains("\"values\":[" + texts.joined(separator: ",") + "]"))
    }

    @Test func `series of a matrix have their own moments`() async throws {
        func series(_ name: String, _ moments: [Int64]) -> MatrixSeries {
            MatrixSeries(
                labels: Labels(["a": name]),
                samples: moments.map { Sample(Timestamp(milliseconds: $0), Double($0) / 4) })
        }
        let matrix: [MatrixSeries] = [
            series("1", [1000, 2000, 3000]), series("2", [2000, 3500]), series("3", [1000, 2000, 3000]),
        ]

        let (_, body) = try await get("/api/v1/query_range?query=a&start=1&end=3&step=1", .matrix(matrix))

        let points = [
            #"[[1,"250"],[2,"500"],[3,"750"]]"#, #"[[2,"500"],[3.500,"875"]]"#,
            #"[[1,"250"],[2,"500"],[3,"750"]]"#,
        ]
        for (name, points) in zip(["1", "2", "3"], points) {
            #expect(body.contains(#"{"metric":{"a":"\#(name)"},"values":\#(points)}"#))
        }
    }

    @Test(arguments: [
        (
            "/api/v1/query?query=up&time=soon",
            #"invalid parameter \"time\": cannot parse \"soon\" to a valid timestamp"#
        ),
        (
            "/api/v1/query?query=up&timeout=long",
            #"invalid parameter \"timeout\": cannot parse \"long\" to a valid duration"#
        ),
        ("/api/v1/query", #"invalid parameter \"query\": "#),
        ("/api/v1/query?query=up(", #"invalid parameter \"query\": 1:"#),
        (
            "/api/v1/query_range?query=up&start=2&end=1&step=1",
            #"invalid parameter \"end\": end timestamp must not be before start time"#
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2",
            #"invalid parameter \"step\": cannot parse \"\" to a valid duration"#
        ),
        (
            "/api/v1/query_range?query=up&end=2&step=1",
            #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2&step=0",
            "zero or negative query resolution step widths are not accepted"
        ),
        (
            "/api/v1/query_range?query=up&start=0&end=11001&step=1",
            "exceeded maximum resolution of 11,000 points per timeseries"
        ),
        (
            "/api/v1/query_range?query=up&start=0&end=1&step=1e300",
            #"cannot parse \"1e300\" to a valid duration"#
        ),
    ])
    func `bad parameters are named`(_ uri: String, _ message: String) async throws {
        let (status, body) = try await get(uri, .vector([]))

        #expect(status == 400)
        #expect(body.hasPrefix(#"{"status":"error","errorType":"bad_data","error":""#))
        #expect(body.contains(message))
    }

    @Test(arguments: [
        (QueryError.Kind.execution, 422, "execution"), (.timeout, 503, "timeout"),
        (.canceled, 499, "canceled"),
        (.internalError, 500, "internal"), (.unavailable, 503, "unavailable"), (.badData, 400, "bad_data"),
    ])
    func `each kind of engine error has its status`(
        _ kind: QueryError.Kind, _ status: Int, _ type: String
    ) async throws {
        let failing = routes { (_, _, _) throws(QueryError) in throw QueryError(kind, "broken") }

        let result = try await answer(failing.routes, .get, "/api/v1/query?query=up")

        #expect(result.status == status)
        #expect(result.body == #"{"status":"error","errorType":"\#(type)","error":"broken"}"#)
    }

    @Test func `a form is read as a query string is`() async throws {
        let seen = Mutex<[EvaluationRange]>([])
        let watching = routes { (_, range, _) throws(QueryError) in
            seen.withLock { $0.append(range) }
            return QueryResult(value: .vector([]), warnings: ["w"], infos: ["i"])
        }

        let result = try await answer(
            watching.routes, .post, "/api/v1/query_range", form: "query=up&start=10&end=20.5&step=5s")

        #expect(result.body.hasSuffix(#"},"warnings":["w"],"infos":["i"]}"#))
        #expect(
            seen.withLock { $0 } == [
                EvaluationRange(
                    start: Timestamp(milliseconds: 10_000), end: Timestamp(milliseconds: 20_500),
                    step: .seconds(5))
            ])
    }

    @Test func `a range query over one moment is still one over time`() async throws {
        let seen = Mutex<[EvaluationRange]>([])
        let watching = routes { (_, range, _) throws(QueryError) in
            seen.withLock { $0.append(range) }
            return QueryResult(value: .matrix([]))
        }

        _ = try await answer(watching.routes, .get, "/api/v1/query_range?query=1&start=5&end=5&step=1")

        #expect(seen.withLock { $0.map(\.isInstant) } == [false])
    }

    @Test func `a limit drops series and says so`() async throws {
        let elements = ["a", "b", "c"].map { VectorElement(labels: Labels(["x": $0]), number: .float(1)) }

        let (_, body) = try await get("/api/v1/query?query=up&limit=2&time=1", .vector(elements))

        #expect(body.contains(#"{"x":"b"}"#) && !body.contains(#"{"x":"c"}"#))
        #expect(body.hasSuffix(#""warnings":["results truncated due to limit"]}"#))
    }

    @Test func `a query is formatted`() async throws {
        let (_, body) = try await get("/api/v1/format_query?query=sum(up)by(a)", .vector([]))

        #expect(body == #"{"status":"success","data":"sum by (a) (up)"}"#)
    }

    @Test func `the tree of a query is shown`() async throws {
        let (_, body) = try await get(
            "/api/v1/parse_query?query=sum(rate(a%7Bb%3D~%22c%22%7D%5B5m%5D%20offset%201m))%20%2F%20on%20(d)%20e",
            .vector([]))

        let rate =
            #"{"args":[{"anchored":false,"matchers":[{"name":"b","type":"=~","value":"c"},"#
            + #"{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":60000,"range":300000,"smoothed":false,"#
            + #""startOrEnd":null,"timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"#
            + #""name":"rate","returnType":"vector","variadic":0},"type":"call"}"#
        let e =
            #"{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"e"}],"name":"e","offset":0,"#
            + #""smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}"#
        #expect(
            body == #"{"status":"success","data":{"bool":false,"lhs":{"expr":"# + rate
                + #","grouping":[],"op":"sum","param":null,"type":"aggregation","without":false},"#
                + #""matching":{"card":"one-to-one","include":[],"labels":["d"],"on":true},"op":"/","rhs":"#
                + e
                + #","type":"binaryExpr"}}"#)
    }
}
