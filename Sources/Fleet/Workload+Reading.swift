package import Documents
import TimeSeries

extension Workload {
    /// The most bytes that name, command, environment and labels may have together: they travel in every start command.
    package static let maxTextBytes = 8 << 10

    /// Reads one item of `workloads`; nil where something was reported.
    package static func read(_ node: Documents.Node, _ reader: DocumentReader) -> Workload? {
        let value = reader.mapping(node, "a workload") { fields -> Workload? in
            let id: WorkloadID? = fields.identifier("name")
            let command = readCommand(fields)
            var workload = Workload(id: id ?? WorkloadID("unnamed")!, command: command ?? [])
            readLimits(fields, into: &workload)
            readLife(fields, into: &workload)
            if let placement = fields.mapping("placement", PlacementRules.read) {
                workload.placement = placement
            }
            guard id != nil, command != nil else { return nil }
            if workload.textBytes > maxTextBytes {
                fields.report("a workload's command, environment and labels may hold \(maxTextBytes) bytes")
            }
            return workload
        }
        return value ?? nil
    }

    private var textBytes: Int {
        func size(_ map: [String: String]) -> Int {
            map.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        }
        return command.reduce(0) { $0 + $1.utf8.count } + size(environment) + size(labels)
    }

    private static func readCommand(_ fields: FieldReader) -> [String]? {
        guard let node = fields.require("command") else { return nil }
        let words: [String]?
        if let text = node.text {
            words = CommandLine.words(text)
            if words == nil { fields.report("command has an unclosed quote", at: "command") }
        } else {
            words = fields.strings("command")
        }
        guard let words else { return nil }
        guard let program = words.first, !program.isEmpty else {
            fields.report("command must name a program", at: "command")
            return nil
        }
        return words
    }

    private static func readLimits(_ fields: FieldReader, into workload: inout Workload) {
        workload.environment = fields.labels("environment")
        workload.labels = fields.labels("labels")
        let standard = workload.request
        if let request = fields.mapping("request", { $0.resources(isRequired: false, default: standard) }) {
            workload.request = request ?? standard
        }
        let request = workload.request
        if let limit = fields.mapping("limit", { $0.resources(isRequired: false, default: request) }) {
            workload.limit = limit
            if let limit, !request.fits(in: limit) {
                fields.report("limit (\(limit)) is below request (\(request))", at: "limit")
            }
        }
        workload.priority = fields.integer("priority", in: -1_000_000...1_000_000) ?? 0
        workload.isSingleton = fields.bool("singleton") ?? false
        workload.initialReplicas = fields.integer("replicas", in: 0...10_000) ?? 1
        if workload.isSingleton, workload.initialReplicas > 1 {
            fields.report("a singleton has at most one replica", at: "replicas")
        }
    }

    private static func readLife(_ fields: FieldReader, into workload: inout Workload) {
        if let grace = fields.duration("stop_grace") { workload.stopGrace = grace }
        if let path = fields.string("metrics_path") {
            workload.metricsPath = path.isEmpty || path == "none" ? nil : path
            if let path = workload.metricsPath, !path.hasPrefix("/") {
                fields.report("metrics_path must begin with / or be \"none\"", at: "metrics_path")
            }
        }
        workload.health = fields.mapping("health") { health in
            var check = HealthCheck()
            if let path = health.string("path") { check.path = path }
            if !check.path.hasPrefix("/") { health.report("path must begin with /", at: "path") }
            if let interval = health.duration("interval") { check.interval = interval }
            if let timeout = health.duration("timeout") { check.timeout = timeout }
            if check.interval <= .zero { health.report("interval must be above 0", at: "interval") }
            if check.timeout <= .zero { health.report("timeout must be above 0", at: "timeout") }
            if let count = health.integer("failure_threshold", in: 1...1000) {
                check.failureThreshold = count
            }
            if let period = health.duration("start_period") { check.startPeriod = period }
            return check
        }
    }
}

/// Splits a command line into words at blanks; quotes keep blanks, a backslash keeps the next character. No variables, no
/// globs, no shell.
enum CommandLine {
    /// Nil for a quote that is not closed.
    static func words(_ text: String) -> [String]? {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "\\", quote != "'", let next = rest.popFirst() {
                word.append(next)
                isInWord = true
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isInWord = true
            } else if character.isWhitespace {
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            } else {
                word.append(character)
                isInWord = true
            }
        }
        guard quote == nil else { return nil }
        return isInWord ? words + [word] : words
    }
}
