import Documents
import Relabelling
import TimeSeries

/// Sections of Prometheus' configuration that this version checks and does not act on: `remote_write`,
/// `remote_read`, `otlp`, `tracing` and `runtime`. What is wrong in them is told now, not on the day they count.
struct IdleSections {
    /// `global.metric_name_validation_scheme` is `legacy`.
    let namesAreLegacy: Bool

    static let names = ["remote_write", "remote_read", "otlp", "tracing", "runtime"]

    /// Reports every mistake. Returns the names of the sections that are there.
    func check(_ fields: FieldReader) -> [String] {
        endpoints("remote_write", in: fields, remoteWrite)
        endpoints("remote_read", in: fields) { _ in }
        fields.mapping("otlp", otlp)
        fields.mapping("tracing", tracing)
        return Self.names.filter { fields.node($0) != nil }
    }

    /// A list of endpoints with a URL each, whose names differ.
    private func endpoints(_ section: String, in fields: FieldReader, _ body: (FieldReader) -> Void) {
        var names: Set<String> = []
        _ = fields.list(section) { node -> Bool? in
            if node.isNull {
                fields.document.report("empty entry of \(section); it needs a url", at: node.position)
                return nil
            }
            return fields.document.mapping(node, "an entry of \(section)") { entry in
                if entry.requiredString("url")?.isEmpty == true {
                    entry.report("must not be empty", at: "url")
                }
                if let name = entry.string("name"), !name.isEmpty, !names.insert(name).inserted {
                    entry.report("the name \"\(name)\" is given twice in \(section)", at: "name")
                }
                body(entry)
                _ = entry.all
                return true
            }
        }
    }

    private func remoteWrite(_ entry: FieldReader) {
        let messages = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"]
        _ = entry.scalar("protobuf_message", expected: messages.joined(separator: " or ")) { text in
            messages.first { $0 == text }
        }
        _ = RelabelRule.list("write_relabel_configs", of: entry)
        entry.mapping("queue_config") { queue in
            let positive = 1...Int.max
            for key in ["capacity", "max_samples_per_send"] { _ = queue.integer(key, in: positive) }
            let least = queue.integer("min_shards", in: positive) ?? 1
            if least > queue.integer("max_shards", in: positive) ?? 50 {
                queue.report("is more than max_shards", at: "min_shards")
            }
            let shortest = time(queue, "min_backoff") ?? .milliseconds(30)
            if shortest > time(queue, "max_backoff") ?? .seconds(5) {
                queue.report("is shorter than min_backoff", at: "max_backoff")
            }
            _ = queue.all
        }
    }

    private func time(_ fields: FieldReader, _ key: String) -> Duration? {
        fields.scalar(key, expected: "a duration such as 15s or 1h30m") { Duration(prometheus: $0) }
    }

    private func otlp(_ otlp: FieldReader) {
        let escaping = ["UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes"]
        let verbatim = ["NoUTF8EscapingWithSuffixes", "NoTranslation"]
        let known = escaping + verbatim
        let strategy = otlp.scalar(
            "translation_strategy", expected: "one of " + known.joined(separator: ", ")
        ) { text in known.first { $0 == text } }
        if namesAreLegacy, let strategy, verbatim.contains(strategy) {
            otlp.report(
                "\(strategy) needs UTF-8 names; metric_name_validation_scheme is legacy",
                at: "translation_strategy")
        }
        let promotesAll = otlp.bool("promote_all_resource_attributes") ?? false
        let promoted = attributes("promote_resource_attributes", of: otlp)
        let ignored = attributes("ignore_resource_attributes", of: otlp)
        if promotesAll, !promoted.isEmpty {
            otlp.report(
                "names nothing new where promote_all_resource_attributes is true",
                at: "promote_resource_attributes")
        }
        if !promotesAll, !ignored.isEmpty {
            otlp.report("needs promote_all_resource_attributes: true", at: "ignore_resource_attributes")
        }
        _ = otlp.all
    }

    /// Names of attributes, without white space around them; empty and repeated ones are reported.
    private func attributes(_ key: String, of otlp: FieldReader) -> Set<String> {
        var names: Set<String> = []
        for text in otlp.strings(key) ?? [] {
            let name = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            if name.isEmpty {
                otlp.report("holds an empty name", at: key)
            } else if !names.insert(name).inserted {
                otlp.report("holds \"\(name)\" twice", at: key)
            }
        }
        return names
    }

    private func tracing(_ tracing: FieldReader) {
        if tracing.requiredString("endpoint")?.isEmpty == true {
            tracing.report("must not be empty", at: "endpoint")
        }
        _ = tracing.scalar("client_type", expected: "http or grpc") {
            ["http", "grpc"].contains($0) ? $0 : nil
        }
        _ = tracing.scalar("sampling_fraction", expected: "a share from 0 to 1") { text in
            Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
        }
        _ = tracing.all
    }
}
