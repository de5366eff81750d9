import PromQL
import TimeSeries

extension Rule {
    /// The samples of a recording rule: the result under the rule's name and with its labels.
    func record(
        _ elements: [VectorElement], at moment: Timestamp, limit: Int
    ) throws(RuleFailure) -> [SeriesSamples] {
        let own = labels.map { (name: $0.name, value: $0.template.text) } + [(name: "__name__", value: name)]
        var seen: Set<Labels> = []
        var samples: [SeriesSamples] = []
        for element in elements {
            let labels = Labels(element.labels.pairs.filter { $0.name != "__name__" } + own)
            guard seen.insert(labels).inserted else { throw .duplicateSeries }
            samples.append(SeriesSamples(labels: labels, element.number, at: moment))
        }
        if limit > 0, samples.count > limit { throw .limit(limit, found: samples.count, what: "series") }
        return samples
    }
}

extension SeriesSamples {
    /// One sample of an instant query's result.
    init(labels: Labels, _ number: VectorElement.Number, at moment: Timestamp) {
        switch number {
        case .float(let value): self.init(labels: labels, samples: [Sample(moment, value)])
        case .histogram(let histogram):
            self.init(labels: labels, samples: [], histograms: [(timestamp: moment, histogram: histogram)])
        }
    }
}
