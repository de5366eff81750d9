/// What names of metrics and labels may be, and how a target is to write those that are not plain.
package struct NameRules: Hashable, Sendable {
    /// `metric_name_validation_scheme` is `legacy`: only ASCII letters, digits, `_`, and `:` in metric names.
    package var areLegacy = false
    /// `metric_name_escaping_scheme`, as the `Accept` header has it.
    package var escaping = "allow-utf-8"

    package init() {}
}
