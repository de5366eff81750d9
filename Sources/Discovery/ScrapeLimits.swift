package import Documents

/// What a scrape may cost. Nil is no limit.
package struct ScrapeLimits: Hashable, Sendable {
    /// Bytes of body after decompression.
    package var bodyBytes: Int?
    /// Samples after metric relabelling. In Prometheus there is no limit by default.
    package var samples: Int?
    /// Targets of one scrape configuration.
    package var targets: Int?
    /// Labels of a sample, its name and the target's included.
    package var labels: Int?
    package var labelNameLength: Int?
    package var labelValueLength: Int?

    /// Where the configuration says nothing; Prometheus has no limit here, and an endless body would fill memory.
    package static let defaultBodyBytes = 16 << 20
    /// Twice the series that a target may have in the store by default.
    package static let defaultSamples = 200_000

    package init(
        bodyBytes: Int? = defaultBodyBytes, samples: Int? = defaultSamples, targets: Int? = nil,
        labels: Int? = nil,
        labelNameLength: Int? = nil, labelValueLength: Int? = nil
    ) {
        self.bodyBytes = bodyBytes
        self.samples = samples
        self.targets = targets
        self.labels = labels
        self.labelNameLength = labelNameLength
        self.labelValueLength = labelValueLength
    }

    /// Reads the limits of `global` or of a scrape configuration; what is absent is taken from `defaults`, 0 is none.
    package static func read(_ fields: FieldReader, defaults: ScrapeLimits) -> ScrapeLimits {
        func limit(_ key: String, _ inherited: Int?) -> Int? {
            guard let value = fields.integer(key) else { return inherited }
            return value == 0 ? nil : value
        }
        let bytes = fields.scalar("body_size_limit", expected: "a size such as 15MB", byteSize)
        return ScrapeLimits(
            bodyBytes: bytes.map { $0 == 0 ? nil : $0 } ?? defaults.bodyBytes,
            samples: limit("sample_limit", defaults.samples),
            targets: limit("target_limit", defaults.targets),
            labels: limit("label_limit", defaults.labels),
            labelNameLength: limit("label_name_length_limit", defaults.labelNameLength),
            labelValueLength: limit("label_value_length_limit", defaults.labelValueLength))
    }

    /// `15MB`, `1GiB`, `512B`; units are powers of 1024 as in Prometheus, a number without one is refused but for 0.
    static func byteSize(_ text: String) -> Int? {
        if text == "0" { return 0 }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = ["B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4, "KIB": 1, "MIB": 2, "GIB": 3, "TIB": 4]
        guard let number = Int(digits), let power = units[text.dropFirst(digits.count).uppercased()] else {
            return nil
        }
        let (size, overflow) = number.multipliedReportingOverflow(by: 1 << (10 * power))
        return overflow ? nil : size
    }
}
