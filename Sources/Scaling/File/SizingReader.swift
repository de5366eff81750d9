import Documents
import Fleet
import TimeSeries

/// Reads `size`.
enum SizingReader {
    static func sizing(
        _ node: Documents.Node, _ document: DocumentReader, _ source: ScalarSource, workload: WorkloadID
    ) -> Sizing? {
        let selector = "{workload=\"\(workload)\"}"
        return document.mapping(node, "size") { fields -> Sizing? in
            let cpu = resource(
                "cpu", fields, source, unit: .plain, quantile: 0.9, least: 0.01, most: 64,
                query: "max(rate(container_cpu_usage_seconds_total\(selector)[5m]))")
            let memory = resource(
                "memory", fields, source, unit: .bytes, quantile: 0.98, least: 16 * 1_048_576,
                most: 1024 * 1_073_741_824, query: "max(container_memory_working_set_bytes\(selector))")
            let mode = PolicyReader.choice(fields, "apply", of: Sizing.Mode.self) ?? .recommend
            let settle = fields.duration("settle", in: .seconds(10)...PolicyReader.day) ?? .seconds(300)
            guard cpu != nil || memory != nil else {
                fields.report("size needs \"cpu\" or \"memory\"")
                return nil
            }
            return Sizing(cpu: cpu, memory: memory, mode: mode, settle: settle)
        } ?? nil
    }

    private static func resource(
        _ key: String, _ fields: FieldReader, _ source: ScalarSource, unit: SignalPolicy.Unit,
        quantile: Double, least: Double, most: Double, query: String
    ) -> Sizing.Resource? {
        guard fields.has(key) else { return nil }
        return fields.mapping(key) { fields in
            func amount(_ key: String) -> Double? {
                let expected = unit == .bytes ? "an amount such as 512MiB" : "cores such as 2, 0.5 or 250m"
                return fields.scalar(key, expected: expected) { text in
                    if unit == .plain, text.hasSuffix("m"), let milli = Quantity(String(text.dropLast())) {
                        return milli.unit == .plain && milli.value > 0 ? milli.value / 1000 : nil
                    }
                    return Quantity(text).flatMap { $0.unit == unit && $0.value > 0 ? $0.value : nil }
                }
            }
            let lowest = amount("min") ?? least
            let highest = amount("max") ?? most
            if lowest > highest { fields.report("min is above max", at: "min") }
            let own = fields.node("usage").flatMap { SignalReader.query($0, fields.document, source) }
            return Sizing.Resource(
                query: own ?? query, quantile: fields.share("quantile", in: 0.1...1) ?? quantile,
                margin: fields.share("margin", in: 0...2) ?? 0.15, least: lowest, most: max(lowest, highest),
                halfLife: fields.duration("half_life", in: .seconds(60)...(.seconds(30 * 86_400)))
                    ?? .seconds(86_400))
        }
    }
}
