/// Two crontab lines, a start and the end that comes next after it, as hours of days.
struct CronPair {
    /// Keys of a schedule; more than one where it does not last as long on all days.
    private let times: [String]

    init?(_ start: String, _ end: String) {
        let first = start.split(separator: " "), last = end.split(separator: " ")
        guard first.count == 5, last.count == 5, let from = CronExpression(start),
            let to = CronExpression(end)
        else { return nil }
        if let minutes = Self.minutes(first, from, last, to) {
            times = ["cron: '\(start)', for: \(minutes)m"]
            return
        }
        guard first[2] == "*", first[3] == "*", last[2] == "*", last[3] == "*",
            from.minutes.count == 1, from.hours.count == 1, to.minutes.count == 1, to.hours.count == 1
        else { return nil }
        let begin = from.hours[0] * 60 + from.minutes[0]
        let finish = to.hours[0] * 60 + to.minutes[0]
        let isDaily = first[4] == "*" && last[4] == "*"
        if isDaily || first[4] == last[4] && begin < finish {
            let days = isDaily ? "" : "days: '\(first[4])', "
            times = [days + "from: \(Self.time(begin)), to: \(Self.time(finish))"]
            return
        }
        var days: [(minutes: Int, days: [Int])] = []
        for day in from.weekdays {
            let minutes =
                to.weekdays.map { end in
                    let distance = (end - day) * 1440 + finish - begin
                    return distance > 0 ? distance : distance + 10_080
                }.min() ?? 10_080
            if let index = days.firstIndex(where: { $0.minutes == minutes }) {
                days[index].days.append(day)
            } else {
                days.append((minutes, [day]))
            }
        }
        times = days.map { minutes, days in
            let weekdays = days.map { "\($0)" }.joined(separator: ",")
            return "cron: '\(begin % 60) \(begin / 60) * * \(weekdays)', for: \(minutes)m"
        }
    }

    /// How long it lasts each time, within hours, or on days other than of the week; nil for what hours of days say.
    private static func minutes(
        _ first: [Substring], _ from: CronExpression, _ last: [Substring], _ to: CronExpression
    ) -> Int? {
        guard first[2...] == last[2...], from.minutes.count == 1, to.minutes.count == 1 else { return nil }
        if first[1] == last[1] {
            let isEveryHour = from.hours.count == 24
            guard from.hours.count > 1 else { return nil }
            let minutes = to.minutes[0] - from.minutes[0]
            return minutes > 0 ? minutes : isEveryHour && minutes < 0 ? minutes + 60 : nil
        }
        guard first[2] != "*" || first[3] != "*", from.hours.count == 1, to.hours.count == 1 else {
            return nil
        }
        let minutes = (to.hours[0] - from.hours[0]) * 60 + to.minutes[0] - from.minutes[0]
        return minutes > 0 ? minutes : nil
    }

    /// `name: office, days: ...`, one for each schedule.
    func schedules(named name: String) -> [String] {
        times.enumerated().map { index, times in
            "name: \(index == 0 ? name : "\(name.prefix(60))-\(index + 1)"), \(times)"
        }
    }

    private static func time(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "'\(two(minutes / 60)):\(two(minutes % 60))'"
    }
}
