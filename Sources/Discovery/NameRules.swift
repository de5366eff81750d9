/// What names of metrics and labels may be, and how a target is to write those that are not plain.
package struct NameRules: Hashable, Sendable {
    /// `metric_name_validation_scheme` is `legacy`: only ASCII letters, digits, `_`, and `:` in metric names.
    package var areLegacy = false
    /// `metric_name_escaping_scheme`, as the `Accept` header has it.
    package var escaping = "allow-utf-8"

    package init() {}

    /// Whether a label may have this name.
    package static func isLegacy(label name: String) -> Bool { isLegacy(name, colons: false) }

    /// Whether a metric may have this name.
    package static func isLegacy(metric name: String) -> Bool { isLegacy(name, colons: true) }

    private static func isLegacy(_ name: String, colons: Bool) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: ":"): colons
            default: false
            }
        }
    }
}
