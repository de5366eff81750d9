package import Foundation
package import Logging

/// How log lines look: `logfmt` as Prometheus writes it, or one JSON object a line.
package enum LogFormat: String, CaseIterable, Sendable { case logfmt, json }

/// Writes log lines to standard error, each in one write so that lines of several threads do not mix. A line that it does not
/// take, on a full disk or as a pipe whose reader is gone, is lost: the service goes on.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let format: LogFormat
    private let label: String
    private let output: FileHandle

    package init(
        label: String, level: Logger.Level, format: LogFormat, output: FileHandle = .standardError
    ) {
        self.label = label
        self.format = format
        self.output = output
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let extra = metadata.merging(event.metadata ?? [:]) { $1 }
        var fields = [
            ("time", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
            ("level", "\(event.level)"), ("component", label), ("msg", event.message.description),
        ]
        fields += extra.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        let line = format == .json ? json(fields) : logfmt(fields)
        try? output.write(contentsOf: Data((line + "\n").utf8))
    }

    private func logfmt(_ fields: [(String, String)]) -> String {
        fields.map { name, value in
            let isPlain = !value.isEmpty && value.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
            return name + "=" + (isPlain ? value : quoted(value))
        }.joined(separator: " ")
    }

    private func json(_ fields: [(String, String)]) -> String {
        "{" + fields.map { quoted($0.0) + ":" + quoted($0.1) }.joined(separator: ",") + "}"
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension LineLogHandler {
    /// Makes this the handler of every logger in the process. Call once, before the first logger.
    package static func bootstrap(level: Logger.Level, format: LogFormat) {
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, level: level, format: format) }
    }
}
