import Documents
import PromQL
import TimeSeries

extension JSONWriter {
    /// The fields `resultType` and `result`.
    mutating func queryValue(_ value: QueryValue, at moment: Timestamp, _ workers: Workers) {
        switch value {
        case .scalar(let number):
            field("resultType", "scalar")
            key("result")
            array { json in
                json.number(moment.seconds)
                json.literal("\"\(NumberSyntax.plainText(number))\"")
            }
        case .string(let text):
            field("resultType", "string")
            key("result")
            array { json in
                json.number(moment.seconds)
                json.string(text)
            }
        case .vector(let elements):
            field("resultType", "vector")
            key("result")
            self.elements(of: elements, weight: 64 * elements.count, workers) { json, elements in
                for element in elements { json.element(element, at: moment) }
            }
        case .matrix(let series):
            field("resultType", "matrix")
            key("result")
            let points = series.reduce(0) { $0 + $1.samples.count + 16 * $1.histograms.count }
            elements(of: series, weight: 16 * points, workers) { json, series in
                var texts = MomentTexts()
                for row in series { json.row(row, &texts) }
            }
        }
    }

    /// An array of items, written by all workers.
    /// - Parameter weight: what writing takes, in samples that could be decoded meanwhile.
    private mutating func elements<Item: Sendable>(
        of items: [Item], weight: Int, _ workers: Workers,
        _ write: @Sendable (inout JSONWriter, ArraySlice<Item>) -> Void
    ) {
        let pieces = workers.pieces(of: items.count, work: weight)
        guard pieces.count > 1 else { return array { write(&$0, items[...]) } }
        let parts = workers.map(pieces.count) { piece in
            var json = JSONWriter()
            write(&json, items[pieces[piece]])
            return json
        }
        array { json in for part in parts { json.elements(of: part) } }
    }

    /// About how many bytes a value takes as JSON.
    static func estimatedSize(_ value: QueryValue) -> Int {
        switch value {
        case .scalar, .string: 256
        case .vector(let elements): 256 + 192 * elements.count
        case .matrix(let series): series.reduce(256) { $0 + 160 + 32 * $1.samples.count }
        }
    }

    private mutating func element(_ element: VectorElement, at moment: Timestamp) {
        object { json in
            json.labels("metric", element.labels)
            switch element.number {
            case .float(let value):
                json.key("value")
                json.point(moment, value)
            case .histogram(let histogram):
                json.key("histogram")
                json.point(moment, histogram)
            }
        }
    }

    private mutating func row(_ row: MatrixSeries, _ texts: inout MomentTexts) {
        object { json in
            json.labels("metric", row.labels)
            if !row.samples.isEmpty {
                json.key("values")
                json.points(row.samples, &texts)
            }
            if !row.histograms.isEmpty {
                json.key("histograms")
                json.array { json in
                    for (timestamp, histogram) in row.histograms { json.point(timestamp, histogram) }
                }
            }
        }
    }

    /// `stats`, with a count for each step where `all` of it is asked for; without samples where nobody counted them.
    mutating func statistics(_ timings: QueryTimings, _ samples: QueryResult.SampleStatistics?, all: Bool) {
        key("stats")
        object { json in
            json.key("timings")
            json.object { json in
                json.field("evalTotalTime", timings.took.inSeconds)
                json.field("execQueueTime", timings.waited.inSeconds)
                json.field("execTotalTime", (timings.waited + timings.took).inSeconds)
            }
            guard let samples else { return }
            json.key("samples")
            json.object { json in
                if all {
                    json.key("totalQueryableSamplesPerStep")
                    json.array { json in
                        for step in samples.perStep {
                            json.array { json in
                                json.thousandths(step.at.milliseconds)
                                json.integer(step.count)
                            }
                        }
                    }
                }
                json.field("totalQueryableSamples", samples.total)
                json.field("peakSamples", samples.peak)
            }
        }
    }
}
