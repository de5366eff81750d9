import PromQL
package import TimeSeries
package import Web

extension WebRequest {
    /// A moment in seconds since 1970 or in RFC 3339; nil where the parameter is absent or empty.
    /// - Throws: `WebError` 400 in Prometheus' words.
    package func moment(_ name: String) throws(WebError) -> Timestamp? {
        guard let text = self[name], !text.isEmpty else { return nil }
        if let seconds = Double(text) {
            if let moment = Timestamp(seconds: seconds) { return moment }
        } else if let moment = RFC3339.parse(text) {
            return moment
        } else if let limit = Self.limits[text] {
            return limit
        }
        throw .invalid(name, "cannot parse \(Labels.quoted(text)) to a valid timestamp")
    }

    /// How Go's clients write "from the beginning" and "to the end", which is no RFC 3339.
    private static let limits: [String: Timestamp] = [
        "-292273086-05-16T16:47:06Z": .distantPast, "292277025-08-18T07:12:54.999999999Z": .distantFuture,
    ]

    /// As `moment`, for a parameter that must be there.
    package func requiredMoment(_ name: String) throws(WebError) -> Timestamp {
        guard let moment = try moment(name) else {
            throw .invalid(name, "cannot parse \"\" to a valid timestamp")
        }
        return moment
    }

    /// A duration in seconds or in Prometheus' notation; nil where the parameter is absent or empty.
    package func duration(_ name: String) throws(WebError) -> Duration? {
        guard let text = self[name], !text.isEmpty else { return nil }
        if let seconds = Double(text) {
            // Milliseconds are the resolution of the data model; what does not fit is no duration.
            if seconds.isFinite, seconds.magnitude < 9e15, let milliseconds = Int64(clamping: seconds * 1000)
            {
                return .milliseconds(milliseconds)
            }
        } else if let duration = Duration(prometheus: text) {
            return duration
        }
        throw .invalid(name, "cannot parse \(Labels.quoted(text)) to a valid duration")
    }

    /// A whole number of at least 0; nil where the parameter is absent or empty.
    package func count(_ name: String) throws(WebError) -> Int? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw .invalid(name, "must be a whole number of at least 0, got \(Labels.quoted(text))")
        }
        return number
    }

    /// `start` and `end`, by default all of time.
    package func range() throws(WebError) -> ClosedRange<Timestamp> {
        let start = try moment("start") ?? .distantPast
        let end = try moment("end") ?? .distantFuture
        guard start <= end else { throw .invalid("end", "end timestamp must not be before start time") }
        return start...end
    }

    /// The matchers of each `match[]`; none where there is no such parameter.
    func selectors() throws(WebError) -> [[Matcher]] {
        var sets: [[Matcher]] = []
        for text in all("match[]") {
            do throws(QueryError) {
                sets.append(try Expression.parseSelector(text))
            } catch {
                throw .invalid("match[]", error.description)
            }
            guard sets[sets.count - 1].contains(where: { !$0.matches("") }) else {
                throw .invalid("match[]", "match[] must contain at least one non-empty matcher")
            }
        }
        return sets
    }
}
