import Codecs
import TimeSeries

/// Many samples at a time, row by row: a sender that has several samples of each series ready puts those of one behind each
/// other. Taken as they stand, they would fill one tail again and again while those of its neighbours are empty, and times that
/// the series share would come apart.
extension LooseGroup {
    /// Adds the samples of some of its series.
    mutating func append(
        _ samples: KnownSamples, _ series: Range<Int>, window: Int64, _ encoder: inout LooseEncoder,
        _ tally: inout AppendTally
    ) {
        var first = series.lowerBound
        while first < series.upperBound {
            // A series that is there twice has its later samples in the later place.
            var slots: UInt16 = 0
            var end = first
            while end < series.upperBound {
                let bit: UInt16 = 1 << UInt16(samples.handles[end] & 15)
                if slots & bit != 0 { break }
                slots |= bit
                end += 1
            }
            appendRows(samples, first..<end, window: window, &encoder, &tally)
            first = end
        }
    }

    /// Adds the samples of different series: the first of each, the second of each.
    private mutating func appendRows(
        _ samples: KnownSamples, _ series: Range<Int>, window: Int64, _ encoder: inout LooseEncoder,
        _ tally: inout AppendTally
    ) {
        let start = series.lowerBound == 0 ? 0 : samples.ends[series.lowerBound - 1]
        // Where the next sample of each stands; at its end where there is none, or what is left was put off.
        var places = InlineArray<16, Int>(repeating: 0)
        var place = start
        for (number, index) in series.enumerated() {
            places[number] = place
            place = samples.ends[index]
        }
        var left = place - start
        while left > 0 {
            var number = 0
            while number < series.count {
                let index = series.lowerBound + number
                guard places[number] < samples.ends[index] else {
                    number += 1
                    continue
                }
                let taken = append(
                    samples, index, at: &places[number], window: window, &encoder, &tally)
                left -= taken
                number += 1
                guard taken == 1, number < series.count else { continue }
                let inStep = appendInStep(samples, series, after: number - 1, &places)
                guard inStep > 0 else { continue }
                tally.report.accepted += inStep
                left -= inStep
                number += inStep
                let slot = Int(samples.handles[index] & 15)
                if counts[slot] >= tailLimit, isFull(tracks[slot]) { seal(&encoder) }
            }
        }
    }

    /// Adds the next sample of a series, or leaves it and those behind it for later; says how many are done with.
    private mutating func append(
        _ samples: KnownSamples, _ index: Int, at place: inout Int, window: Int64,
        _ encoder: inout LooseEncoder, _ tally: inout AppendTally
    ) -> Int {
        let sample = samples.samples[place]
        let time = sample.timestamp.milliseconds
        let outcome =
            Head.times.contains(time)
            ? append(Int(samples.handles[index] & 15), time, sample.value, window: window, &encoder)
            : .tooOld
        if case .late = outcome {
            let rest = place..<samples.ends[index]
            tally.putOff(samples.handles[index], rest)
            place = rest.upperBound
            return rest.count
        }
        tally.count(outcome, time, at: place)
        place += 1
        return 1
    }

    /// Adds the next samples of the series behind one, up to the first that is not in step with it: whose tail has not its times, or
    /// whose sample has not the time that the last one had. Says how many these are.
    @inline(__always)
    private mutating func appendInStep(
        _ samples: KnownSamples, _ series: Range<Int>, after leader: Int,
        _ places: inout InlineArray<16, Int>
    ) -> Int {
        let slot = Int(samples.handles[series.lowerBound + leader] & 15)
        // None where it has just been sealed.
        guard counts[slot] > 0 else { return 0 }
        let (row, track, time) = (counts[slot] - 1, tracks[slot], newest[slot])
        guard samples.samples[places[leader] - 1].timestamp.milliseconds == time else { return 0 }
        let base = LooseGroup.width &* Int(row)
        var cells = take(&cells)
        var target = cells.mutableSpan
        var number = leader + 1
        while number < series.count {
            let place = places[number]
            let slot = Int(samples.handles[series.lowerBound &+ number] & 15)
            guard counts[slot] == row, tracks[slot] == track, newest[slot] < time,
                place < samples.ends[series.lowerBound &+ number],
                samples.samples[place].timestamp.milliseconds == time
            else { break }
            target[base &+ slot] = samples.samples[place].value
            counts[slot] = row &+ 1
            newest[slot] = time
            places[number] = place &+ 1
            number += 1
        }
        self.cells = cells
        return number - leader - 1
    }
}
