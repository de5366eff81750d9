import Codecs
import Curl
import Exposition
import TimeSeries

/// Why a scrape failed as a whole; nothing of its body is kept.
enum ScrapeFailure: Error, Hashable, Sendable {
    case transport(TransportError, timeout: Duration)
    case status(Int)
    case text(ExpositionError)
    case protobuf(CodecError)
    case missingName(line: String)
    case sampleLimit(count: Int, limit: Int)
    case labelLimit(String)
    case invalidName(line: String)
    case bucketLimit(line: String, limit: Int)
    case targetLimit(String)
    case credentials(String)
    case sink(SinkError)

    /// For the list of targets: at most 512 characters.
    var description: String { String(reason.prefix(512)) }

    private var reason: String {
        switch self {
        case .transport(.timedOut, let timeout): "no complete answer within \(timeout.prometheusText)"
        case .transport(.bodyTooLarge(let limit), _):
            "body exceeds body_size_limit of \(limit) bytes after decompression"
        case .transport(let error, _): "\(error)"
        case .status(let status): "server returned HTTP status \(status)"
        case .text(let error): "\(error)"
        case .protobuf(let error): "not the protobuf exposition: \(error)"
        case .missingName(let line): "metric_relabel_configs left no name to \(line)"
        case .sampleLimit(let count, let limit): "sample_limit exceeded (\(count) samples, limit \(limit))"
        case .invalidName(let line):
            "invalid metric name or labels: \(line); metric_name_validation_scheme is legacy"
        case .bucketLimit(let line, let limit):
            "histogram bucket limit exceeded: \(line), native_histogram_bucket_limit \(limit)"
        case .labelLimit(let reason), .targetLimit(let reason), .credentials(let reason): reason
        case .sink(let error): error.description
        }
    }
}
