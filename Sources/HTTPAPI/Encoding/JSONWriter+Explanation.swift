import Documents
import PromQL
import TimeSeries

extension JSONWriter {
    /// The field `explain`: how long each stage took, what was read, and the plan with the cost of every part.
    mutating func explanation(_ explanation: QueryExplanation) {
        key("explain")
        object { json in
            json.field("planningSeconds", explanation.planning / .seconds(1))
            json.field("readingSeconds", explanation.reading / .seconds(1))
            json.field("evaluatingSeconds", explanation.evaluating / .seconds(1))
            json.key("readings")
            json.array { json in for reading in explanation.readings { json.reading(reading) } }
            json.key("plan")
            json.step(explanation.plan)
        }
    }

    private mutating func reading(_ reading: QueryExplanation.Reading) {
        object { json in
            json.field("matchers", reading.matchers.map(\.description).joined(separator: ","))
            json.key("start")
            json.timestamp(reading.range.lowerBound)
            json.key("end")
            json.timestamp(reading.range.upperBound)
            json.field("series", reading.series)
            json.field("samples", reading.samples)
        }
    }

    /// A part of the plan and those below it; a query is nested no deeper than its parser allows.
    private mutating func step(_ step: QueryExplanation.Step) {
        object { json in
            json.field("operation", step.operation)
            if !step.expression.isEmpty { json.field("expression", step.expression) }
            if let source = step.source {
                json.key("source")
                json.array { json in
                    json.integer(source.lowerBound)
                    json.integer(source.upperBound)
                }
            }
            json.field("steps", step.steps)
            json.field("series", step.series)
            json.field("input", step.input)
            json.field("output", step.output)
            json.field("seconds", step.elapsed / .seconds(1))
            json.field("ownSeconds", step.ownTime / .seconds(1))
            guard !step.children.isEmpty else { return }
            json.key("children")
            json.array { json in for child in step.children { json.step(child) } }
        }
    }
}
