import PromQL
import TimeSeries

extension SeriesPresence {
    /// Of the series that ended those that are missed; the others are forgotten, but for how they lived.
    mutating func stillMissed(_ ended: [Labels], at now: Timestamp, _ targets: TargetStates) -> [SeriesTrack]
    {
        habits.forget(before: now - SeriesHabits.reach)
        guard !ended.isEmpty else { return [] }
        for labels in ended {
            guard let track = tracks[labels], track.endedAt.map({ $0 <= track.last }) ?? true else {
                continue
            }
            tracks[labels]?.endedAt = now
        }
        let lives = ended.compactMap { labels in tracks[labels].map { life(of: labels, $0) } }
        var (over, replaced) = habits.judge(lives, among: present(targets))
        for pair in replaced {
            guard pair.ended.isTelling, pair.ended.weight != nil, pair.successor.weight != nil,
                tracks[pair.ended.labels]?.since == pair.ended.since
            else { continue }
            over.insert(pair.ended.labels)
            guard tracks[pair.successor.labels]?.since == pair.successor.since else { continue }
            tracks[pair.successor.labels]?.succeededAt = pair.successor.since
        }
        var missed: [SeriesTrack] = []
        for labels in ended {
            guard let track = tracks[labels] else { continue }
            if now - track.last < track.missedFor, !over.contains(labels) {
                missed.append(track)
            } else {
                habits.remember(life(of: labels, track))
                tracks[labels] = nil
            }
        }
        return missed
    }

    /// The lives of all series that are known now. What came with its target is not known to have begun then.
    private func present(_ targets: TargetStates) -> [SeriesHabits.Life] {
        tracks.map { labels, track in
            var life = life(of: labels, track)
            if let came = targets.since(of: track.target), track.since <= came + Self.arrival {
                life.isWhole = false
            }
            return life
        }
    }

    /// How a series has lived so far.
    func life(of labels: Labels, _ track: SeriesTrack) -> SeriesHabits.Life {
        SeriesHabits.Life(
            labels: labels, target: track.isScraped ? track.target : nil, kind: track.kind,
            since: track.since, last: track.last, endedAt: max(track.endedAt ?? track.last, track.last),
            weight: track.weight,
            isWhole: watchedSince.map { track.since > $0 + Self.resolution } ?? false,
            isOwn: !track.isLostWithTarget)
    }

    /// Takes in what the store says of how series lived before.
    mutating func recallHabits(
        _ series: [MatrixSeries], over range: EvaluationRange, at now: Timestamp, targets: TargetStates
    ) {
        knowsHabits = true
        let moments = Set(series.lazy.flatMap(\.moments))
        var lives: [SeriesHabits.Life] = []
        for one in series {
            let target = one.labels.keeping(Self.targetLabels)
            let known = targets.state(of: target) == .unknown ? nil : target
            for run in one.runs(step: range.step) where run.since > range.start + range.step {
                if let track = tracks[one.labels], run.last + range.step >= track.since {
                    tracks[one.labels]?.since = min(track.since, run.since)
                    continue
                }
                let life = SeriesHabits.Life(
                    labels: one.labels, target: known, kind: SeriesTrack.kind(of: one.labels),
                    since: run.since, last: run.last, endedAt: run.last + range.step,
                    weight: one.weight(from: run.since, to: run.last, isCounter: isCounter), isWhole: true)
                // Where all ended at once nobody was looking.
                if moments.contains(run.last + range.step), !habits.knows(life) { lives.append(life) }
            }
        }
        watchedSince = min(watchedSince ?? now, range.start + range.step)
        for life in lives.sorted(by: { $0.last < $1.last }) { habits.remember(life) }
        standing = settle(at: now, targets)
    }
}

extension MatrixSeries {
    fileprivate var moments: [Timestamp] {
        histograms.isEmpty
            ? samples.map(\.timestamp) : (samples.map(\.timestamp) + histograms.map(\.timestamp)).sorted()
    }

    /// What it told: its last value, or how much a counter rose in a second.
    fileprivate func weight(from since: Timestamp, to last: Timestamp, isCounter: Bool) -> Double? {
        let told = samples.filter { $0.timestamp >= since && $0.timestamp <= last }
        guard let first = told.first, let end = told.last else { return nil }
        guard isCounter else { return end.value.magnitude }
        guard end.timestamp > first.timestamp, end.value >= first.value else { return nil }
        return (end.value - first.value) / (end.timestamp - first.timestamp).inSeconds
    }

    /// When it was there: what returns sooner than it had lived goes on.
    fileprivate func runs(step: Duration) -> [(since: Timestamp, last: Timestamp)] {
        var runs: [(since: Timestamp, last: Timestamp)] = []
        for moment in moments {
            if let run = runs.last, moment - run.last <= max(step, run.last - run.since) {
                runs[runs.count - 1].last = moment
            } else {
                runs.append((moment, moment))
            }
        }
        return runs
    }
}
