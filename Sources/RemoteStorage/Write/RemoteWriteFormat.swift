/// Which requests the receiver understands, by their headers.
enum RemoteWriteFormat {
    /// Why a request of this type and encoding is not read; nil where it is.
    static func refusal(_ contentType: String?, _ contentEncoding: String?) -> String? {
        let parts = (contentType ?? "").split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        if let type = parts.first, !type.isEmpty, type.lowercased() != "application/x-protobuf" {
            return "expected application/x-protobuf as the media type, got \(contentType ?? "")"
        }
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map(trimmed)
            if pair.count == 2, pair[0].lowercased() == "proto", pair[1] != "prometheus.WriteRequest" {
                return
                    "the protobuf message \(pair[1]) is not accepted by this server; send prometheus.WriteRequest"
            }
        }
        let encoding = trimmed(contentEncoding ?? "").lowercased()
        guard encoding.isEmpty || encoding == "snappy" else {
            return "\(encoding) encoding is not accepted by this server; only snappy is"
        }
        return nil
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
