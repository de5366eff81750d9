import ArgumentParser
import Foundation
import TimeSeries

/// A moment on the command line: RFC 3339, Unix seconds, `now`, or a distance from now (`-1h`, `now-30m`, `now+5m`).
struct TimeArgument: ExpressibleByArgument, Hashable {
    private enum Meaning: Hashable {
        case seconds(Double)
        case fromNow(Double)
    }

    private let meaning: Meaning

    init?(argument: String) {
        let relative = argument.hasPrefix("now") ? String(argument.dropFirst(3)) : argument
        if relative.isEmpty {
            guard argument == "now" else { return nil }
            meaning = .fromNow(0)
        } else if let seconds = Double(argument), seconds.isFinite {
            meaning = .seconds(seconds)
        } else if let moment = RFC3339.parse(argument) {
            meaning = .seconds(moment.seconds)
        } else if let sign = relative.first, sign == "-" || sign == "+",
            let duration = Duration(prometheus: String(relative.dropFirst()))
        {
            meaning = .fromNow((sign == "-" ? -1 : 1) * duration.inSeconds)
        } else {
            return nil
        }
    }

    /// Unix seconds, as the API takes them.
    func seconds(now: Date) -> String {
        switch meaning {
        case .seconds(let seconds): "\(seconds)"
        case .fromNow(let distance): "\(now.timeIntervalSince1970 + distance)"
        }
    }
}

/// A duration on the command line: `15s`, `1h30m` or seconds.
struct DurationArgument: ExpressibleByArgument, Hashable {
    let text: String
    let duration: Duration

    init?(argument: String) {
        if let seconds = Double(argument), seconds > 0, seconds < 1e12 {
            duration = .milliseconds(Int64(seconds * 1000))
        } else if let duration = Duration(prometheus: argument), duration > .zero {
            self.duration = duration
        } else {
            return nil
        }
        text = argument
    }
}
