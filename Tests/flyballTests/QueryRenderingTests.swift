import Foundation
import Testing

@testable import flyball

/// What `flyball query` prints, by snapshot.
struct QueryRenderingTests {
    private func answer(_ data: String, extra: String = "") throws -> QueryAnswer {
        QueryAnswer(try JSON(bytes: Array("{\"status\":\"success\",\"data\":\(data)\(extra)}".utf8)))
    }

    private func vector() throws -> QueryAnswer {
        try answer(
            """
            {"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"node","instance":"a,b:9100"},"value":[1435781430.781,"1"]},
            {"metric":{"__name__":"up","job":"pro\\"metheus"},"value":[1435781430.781,"0.5"]},
            {"metric":{},"histogram":[1435781430,{"count":"6","sum":"3.5","buckets":[[3,"-0.5","0.5","2"],[0,"1","2","4"]]}]}]}
            """)
    }

    private func matrix() throws -> QueryAnswer {
        let rising = (0..<16).map { "[\(1000 + 60 * $0),\"\($0)\"]" }.joined(separator: ",")
        return try answer(
            """
            {"resultType":"matrix","result":[{"metric":{"__name__":"load","node":"n1"},"values":[\(rising)]},
            {"metric":{"node":"n10"},"values":[[1000,"5"],[1900,"NaN"]]}]}
            """)
    }

    @Test func `a vector is a table of series and values`() throws {
        #expect(
            QueryRendering.table(try vector()) == [
                #"SERIES                               VALUE"#,
                #"up{instance="a,b:9100", job="node"}  1"#,
                #"up{job="pro\"metheus"}               0.5"#,
                #"{}                                   {count:6, sum:3.5, [-0.5,0.5]:2, (1,2]:4}"#,
            ])
    }

    @Test func `a matrix is a block for each series with the times in words`() throws {
        let lines = QueryRendering.table(try matrix())

        #expect(lines.count == 20)
        #expect(lines[0] == #"load{node="n1"}"#)
        #expect(lines[1] == "  1970-01-01T00:16:40Z  0")
        #expect(lines[17] == #"{node="n10"}"#)
    }

    @Test func `results print as promtool prints them`() throws {
        #expect(
            QueryRendering.promql(try vector())[1] == #"up{job="pro\"metheus"} => 0.5 @[1435781430.781]"#)
        #expect(QueryRendering.promql(try matrix()).prefix(2) == [#"load{node="n1"} =>"#, "0 @[1000]"])
    }

    @Test func `CSV has a column for each label and quotes what must be`() throws {
        #expect(
            QueryRendering.csv(try vector()).prefix(3) == [
                "__name__,instance,job,timestamp,value",
                #"up,"a,b:9100",node,1435781430.781,1"#,
                #"up,,"pro""metheus",1435781430.781,0.5"#,
            ])
    }

    @Test func `a series is drawn between its least and greatest value`() throws {
        #expect(
            QueryRendering.sparklines(try matrix()) == [
                #"load{node="n1"}  ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██  0 to 15, now 15"#,
                #"{node="n10"}     ▅   5 to 5, now NaN"#,
            ])
    }

    @Test func `scalars and strings are printed bare`() throws {
        let scalar = try answer(#"{"resultType":"scalar","result":[1,"0.25"]}"#)
        let string = try answer(#"{"resultType":"string","result":[1,"a b"]}"#)

        for render in [QueryRendering.table, QueryRendering.promql] {
            #expect(render(scalar) == ["0.25"])
            #expect(render(string) == ["a b"])
        }
        #expect(QueryRendering.csv(scalar) == ["value", "0.25"])
    }

    @Test func `warnings and infos are kept apart from the result`() throws {
        let answer = try answer(
            #"{"resultType":"vector","result":[]}"#, extra: #","warnings":["w"],"infos":["i","j"]"#)

        #expect(answer.warnings == ["w"])
        #expect(answer.infos == ["i", "j"])
        #expect(QueryRendering.table(answer) == ["SERIES  VALUE"])
    }

    @Test func `an explanation is a tree with the cost of each part`() throws {
        let explanation = try JSON(
            bytes: Array(
                #"""
                {"planningSeconds":0.0001,"readingSeconds":0.002,"evaluatingSeconds":0.0105,
                "readings":[{"matchers":"__name__=\"x\"","start":1,"end":2,"series":12,"samples":3456}],
                "plan":{"operation":"sum by (mode)","steps":241,"series":8,"input":2892,"output":1928,
                "seconds":0.0105,"ownSeconds":0.003,"children":[{"operation":"rate","expression":"x[1m]","steps":241,
                "series":12,"input":3456,"output":2892,"seconds":0.0075,"ownSeconds":0.0075}]}}
                """#.utf8))

        #expect(
            ExplanationRendering.lines(explanation) == [
                "PART           OWN MS      MS  STEPS  SERIES  SAMPLES IN   OUT",
                "sum by (mode)   3.000  10.500    241       8        2892  1928",
                "  rate x[1m]    7.500   7.500    241      12        3456  2892",
                #"read {__name__="x"}: 12 series, 3456 samples"#,
                "planning 0.100 ms, reading 2.000 ms, evaluating 10.500 ms",
            ])
    }

    @Test(arguments: [
        ("now", "1000.0"), ("-1h", "-2600.0"), ("now-30m", "-800.0"), ("+5m", "1300.0"), ("12.5", "12.5"),
        ("-12.5", "-12.5"), ("1970-01-01T00:01:00Z", "60.0"),
    ])
    func `times are moments or distances from now`(text: String, seconds: String) {
        #expect(TimeArgument(argument: text)?.seconds(now: Date(timeIntervalSince1970: 1000)) == seconds)
    }

    @Test(arguments: ["", "soon", "1h", "now1h", "-", "now-", "--1h", "nan"])
    func `what is no time is refused`(text: String) {
        #expect(TimeArgument(argument: text) == nil)
    }

    @Test func `a range has 250 steps unless it is told otherwise`() {
        #expect(QuerySource.step(from: 0, to: 3600) == "15.0")
        #expect(QuerySource.step(from: 0, to: 10) == "1.0")
        #expect(QuerySource.step(from: 10, to: 0) == "1")
    }
}
